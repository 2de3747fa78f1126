"""The mark does not depend on the way: every sample with replay, and what differs in form in another way, on a slice.

Samples whose networks, data or trainings differ in form train in the kernel once more. Three go to a cluster, where
nothing differs but who sends what to whom: `test_dask.py` compares a class of its own.
"""

from __future__ import annotations

import csv
import io
import json
import shutil
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import plainness
from dask_cluster import Cluster
from executor_fixtures import cluster  # noqa: F401
from pool import Pool
from shipped import submitted

from grader.cli import main
from grader.records import Array
from grader.training.data import DEFAULT_FOLDER, load_data, write_idx

SAMPLES = [name for name, _ in submitted()]
WAYS = REPLAYED, KERNEL, CLUSTER = ("replayed", "in the kernel", "on a cluster")
BY_FORM = {
    "alumno_02": "functional",
    "alumno_03": "one loop trains all",
    "alumno_04": "a callback that stops otherwise",
    "alumno_07": "other epochs",
    "alumno_10": "no error where one was asked for",
    "alumno_11": "another output",
    "Copia_de_alumno_13": "old code",
    "alumno_16_practica_de_redes": "subclassed, tf.data",
    "alumno_17": "other layers",
    "Alumno_18_version_definitiva": "data prepared beforehand, further fits",
}
ON_A_CLUSTER = ("alumno_01", "alumno_12", "alumno_20")
OTHER_WAY = {**dict.fromkeys(BY_FORM, KERNEL), **dict.fromkeys(ON_A_CLUSTER, CLUSTER)}
SHOWN = "shown.txt"
OF_EACH_CLASS = {"train": 64, "t10k": 40}

pytestmark = pytest.mark.timeout(1200)  # who asks for a way waits for all samples


@pytest.fixture(scope="module")
def few_images(data_slice: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The plainest images of each class in the slice: kernels train on them some fourteen hundred epochs.

    They are few, and still every network that has learned anything knows its classes, whatever it began with.
    """
    folder = tmp_path_factory.mktemp("few")
    real, some = load_data(DEFAULT_FOLDER), load_data(data_slice)
    parts = {"train": (some.train_images, some.train_labels), "t10k": (some.test_images, some.test_labels)}
    for part, (images, labels) in parts.items():
        chosen = plainest_of_each(plainness(real, images, labels), labels, OF_EACH_CLASS[part])
        write_idx(folder / f"{part}-images-idx3-ubyte.gz", images[chosen])
        write_idx(folder / f"{part}-labels-idx1-ubyte.gz", labels[chosen])
    return folder


def plainest_of_each(plain: Array, labels: Array, count: int) -> Array:
    """Rows of the plainest images of each class; the classes take turns, and an ankle boot comes first."""
    best = [np.argsort(np.where(labels == label, -plain, np.inf))[:count] for label in reversed(range(10))]
    return np.stack(best, axis=1).ravel()


Graded = Callable[[str], Path]


@pytest.fixture(scope="module")
def graded(
    few_images: Path,
    slice_rubric_file: Path,
    pool: Pool,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Graded:
    """Where a way has left its results; who asks first has it done."""
    folder = tmp_path_factory.mktemp("ways")
    store = ["--store", str(folder / "store")]

    def options(way: str) -> list[str]:
        if way == KERNEL:
            return ["--no-replay", "--workers", "2"]
        if way == REPLAYED:
            return [*store, "--workers", "2", "--audit", "0.05"]
        graded_in(REPLAYED)  # into the same store, so that networks are the same ones
        cluster: Cluster = request.getfixturevalue("cluster")  # not before: it takes time although it does nothing
        return [*store, "--executor", "dask", "--scheduler", cluster.address]

    @cache
    def graded_in(way: str) -> Path:
        class_folder = folder / f"class {way}"
        class_folder.mkdir()
        for name, path in submitted():
            if way in (REPLAYED, OTHER_WAY.get(name)):
                shutil.copy(path, class_folder)
        words = ["grade", str(class_folder), "--rubric", str(slice_rubric_file), "--data", str(few_images)]
        own, shown = options(way), io.StringIO()
        with pool.lent(), redirect_stdout(shown):
            assert main([*words, "--out", str(folder / way), *own]) == 0
        (folder / way / SHOWN).write_text(shown.getvalue())
        return folder / way

    return graded_in


def result(out: Path, submission: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((out / submission / "result.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("way", WAYS)
def test_the_report_says_how_each_training_was_done(way: str, graded: Graded) -> None:
    sources = {
        training["source"]
        for submission in SAMPLES
        if way in (REPLAYED, OTHER_WAY.get(submission))
        for training in result(graded(way), submission)["trainings"]
        if training["epochs"]
    }
    if way == REPLAYED:
        assert sources >= {"trained", "replayed"}
    elif way == KERNEL:
        assert sources == {"kernel"}
    else:
        assert "trained" not in sources


def test_where_nobody_was_asked_nobody_has_declined_to_train(graded: Graded) -> None:
    found = [training for name in BY_FORM for training in result(graded(KERNEL), name)["trainings"]]
    trained = [training for training in found if training["epochs"]]
    assert trained
    assert not [training for training in trained if "no entrena una de sus partes" in training["why_in_kernel"]]


@pytest.mark.parametrize("submission", OTHER_WAY)
def test_marks_are_the_same_in_another_way(submission: str, graded: Graded) -> None:
    way = OTHER_WAY[submission]
    # What is known without the trainer has another basis.
    compared = ("status", "points") if way == KERNEL else ("status", "points", "basis")
    replayed, other = (
        {
            (question["id"], finding["check"]): tuple(finding[part] for part in compared)
            for question in result(graded(by), submission)["questions"]
            for finding in question["findings"]
        }
        for by in (REPLAYED, way)
    )
    assert replayed == other


def test_an_audit_finds_nothing_that_differs(graded: Graded) -> None:
    shown = (graded(REPLAYED) / SHOWN).read_text()
    assert "Corregidos otra vez sin reproducción: 1; criterios que difieren: 0." in shown
    with (graded(REPLAYED) / "grades.csv").open(newline="", encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == len(SAMPLES)
