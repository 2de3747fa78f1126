"""What tests share: a slice of the real data, the rubric on it, and grading of a notebook in a real kernel."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import psutil
import pytest
from course import Class, Run
from pool import Pool, pool_of_workers
from shared import Shared, shared_by_all
from slow import seconds_of

from grader.checks import judge, prepare
from grader.cli import main
from grader.execution.attempts import run_submission
from grader.execution.beside import digest
from grader.records import Array, Evidence, Finding, Score, Submission
from grader.rubric.loading import load_rubric
from grader.rubric.rubric import Limits, Rubric
from grader.scoring import add_up
from grader.settings import DEFAULT_STORE_BYTES
from grader.submission import read_assignment, read_submission
from grader.training.data import DEFAULT_FOLDER, DataSet, load_data, write_idx
from grader.training.service import Trainings, open_trainings

ROOT = Path(__file__).parents[1]
TRAINING_IMAGES = 4_000
TEST_IMAGES = 1_000
ANKLE_BOOT = 9
BYTES_OF_A_TEST_PROCESS = 3_500_000_000
"""With its workers, kernels and trainer, most of the time."""


@dataclass(frozen=True)
class Graded:
    """One graded notebook."""

    submission: Submission
    evidence: Evidence
    score: Score

    def points(self, question: str) -> float:
        """Points of a question."""
        return next(item.score for item in self.score.questions if item.question == question)

    def finding(self, question: str, check: str) -> Finding:
        """The finding of a criterion."""
        found = [item for entry in self.score.questions if entry.question == question for item in entry.findings]
        return next(item for item in found if item.check == check)

    def lost(self) -> dict[str, str]:
        """Every criterion that is not fully passed, with its status and message."""
        return {
            f"{entry.question} {item.check}": f"{item.status}: {item.message.text.format_map(item.message.values)}"
            for entry in self.score.questions
            for item in entry.findings
            if item.points < item.max_points or item.status != "passed"
        }


def pytest_configure() -> None:
    """Errors are in English where no rubric says otherwise, however this machine is set."""
    os.environ["LANG"] = "C.UTF-8"
    for name in ("LC_ALL", "LC_MESSAGES"):
        os.environ.pop(name, None)


def pytest_xdist_auto_num_workers() -> int:
    """A test process for each core, if memory is enough for it: the slow ones keep several processes busy themselves."""
    return max(1, min(len(os.sched_getaffinity(0)), psutil.virtual_memory().total // BYTES_OF_A_TEST_PROCESS))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the slow tests, and begin with the slowest file."""
    for item in items:
        if seconds_of(item.nodeid):
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: -seconds_of(item.nodeid))


@pytest.fixture(scope="session")
def pool() -> Iterator[Pool]:
    """Workers for all tests of this process."""
    with pool_of_workers() as made:
        yield made


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], pool: Pool) -> Iterator[Callable[..., Run]]:
    """Runs a command as the `grader` script does, but for workers that have graded for other tests before."""

    def command(*words: str) -> Run:
        capsys.readouterr()
        code = main(words)
        shown = capsys.readouterr()
        return Run(code, shown.out, shown.err)

    with pool.lent():
        yield command


@pytest.fixture
def course(tmp_path: Path, run: Callable[..., Run]) -> Class:
    """A class of this test's own, without submissions yet."""
    return Class(tmp_path, run)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Shared:
    """What all processes of this run have in common."""
    return shared_by_all(tmp_path_factory, worker_id)


@pytest.fixture(scope="session")
def data_slice(shared: Shared) -> Path:
    """A folder with the first images of the real data set, in the same four files."""
    return shared.path("data", write_slice)


def write_slice(folder: Path) -> None:
    folder.mkdir()
    real = load_data(DEFAULT_FOLDER)
    order = np.arange(TEST_IMAGES)
    easy = plainest(real, ANKLE_BOOT)
    order[[0, easy]] = order[[easy, 0]]
    for name, array in (
        ("train-images-idx3", real.train_images[:TRAINING_IMAGES]),
        ("train-labels-idx1", real.train_labels[:TRAINING_IMAGES]),
        ("t10k-images-idx3", real.test_images[order]),
        ("t10k-labels-idx1", real.test_labels[order]),
    ):
        write_idx(folder / f"{name}-ubyte.gz", array)


def plainest(real: DataSet, label: int) -> int:
    """The plainest test image of a class.

    It comes first in the slice: a network trained for one epoch on a few thousand images has to know it.
    """
    plain = plainness(real, real.test_images[:TEST_IMAGES], real.test_labels[:TEST_IMAGES])
    return int(np.where(real.test_labels[:TEST_IMAGES] == label, plain, -np.inf).argmax())


def plainness(real: DataSet, images: Array, labels: Array) -> Array:
    """How much nearer each image lies to the mean of its own class than to any other, shape (n,)."""
    means = [real.train_images[real.train_labels == c].reshape(-1, 784).mean(axis=0) for c in range(10)]
    flat = images.reshape(len(images), -1).astype(np.float32)
    distances = np.stack([np.linalg.norm(flat - mean, axis=1) for mean in means], axis=1)
    own = np.arange(10) == labels[:, None]
    return np.where(own, np.inf, distances).min(axis=1) - distances[own]


@pytest.fixture(scope="session")
def slice_rubric_file(shared: Shared) -> Path:
    """The shipped rubric; on the slice, ten epochs reach less than 80 % accuracy, so that 65 % is asked."""
    return shared.path("slice.yaml", write_rubric)


def write_rubric(path: Path) -> None:
    text = (ROOT / "rubrics" / "fashion_mnist.yaml").read_text(encoding="utf-8")
    assert "above: 0.8\n" in text
    text = (
        text.replace("above: 0.8\n", "above: 0.65\n")
        .replace(" ../", f" {ROOT}/")
        .replace(" answers/", f" {ROOT}/rubrics/answers/")
    )
    path.write_text(text, encoding="utf-8")


@pytest.fixture(scope="session")
def slice_rubric(slice_rubric_file: Path) -> Rubric:
    """The rubric for the slice, read."""
    return load_rubric(slice_rubric_file)


@pytest.fixture
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """For cells that take no interrupt: until they are ended they keep a core busy, or everybody waiting."""
    monkeypatch.setattr("grader.execution.session.GRACE_SECONDS", 4.0)


Grade = Callable[..., Graded]


@pytest.fixture(scope="session")
def trainings(shared: Shared) -> Trainings:
    """A store that all tests share, and a real trainer for each process: each distinct training is done once."""
    return open_trainings(str(shared.folder / "store"), DEFAULT_STORE_BYTES)


@pytest.fixture(scope="session")
def grade(
    data_slice: Path,
    slice_rubric: Rubric,
    trainings: Trainings,
    shared: Shared,
    tmp_path_factory: pytest.TempPathFactory,
) -> Grade:
    """Grades a notebook as `grader grade` does, in a real sandboxed kernel; the same notebook is run once a run."""
    assignment = read_assignment(slice_rubric.assignment_paths)
    prepare(slice_rubric, data_slice)  # no test's own time

    def run(notebook: Any, limits: Limits, beside: Mapping[str, bytes]) -> Graded:
        path = tmp_path_factory.mktemp("submission") / "notebook.ipynb"
        nbformat.write(notebook, path)
        submission = read_submission(path, "notebook", slice_rubric, assignment)
        evidence = run_submission(
            submission,
            slice_rubric,
            sandbox="bwrap",
            limits=limits,
            data=data_slice,
            trainings=trainings,
            beside=beside,
        )
        judgement = judge(submission, evidence, slice_rubric, data_slice, trainings)
        return Graded(submission, evidence, add_up(judgement.findings, slice_rubric))

    def graded(notebook: Any, limits: Limits | None = None, beside: Mapping[str, bytes] | None = None) -> Graded:
        given = limits or slice_rubric.limits
        kept = ("cell_type", "source", "outputs", "execution_count")  # an id is new each time
        code = [[cell.get(name) for name in kept] for cell in notebook.cells]
        decides = [code, given.model_dump(), digest(beside or {})]
        key = sha256(json.dumps(decides, sort_keys=True).encode()).hexdigest()
        found: Graded = shared.value(f"graded-{key}", lambda: run(notebook, given, beside or {}))
        return found

    return graded
