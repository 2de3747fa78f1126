"""The mark does not depend on the way: every sample, with replay, without, and on a cluster, on a slice of the data."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT, plainness
from dask_cluster import Cluster
from executor_fixtures import cluster  # noqa: F401
from pool import Pool
from shipped import submitted

from grader.cli import main
from grader.records import Array
from grader.training.data import DEFAULT_FOLDER, load_data, write_idx

SAMPLES = [name for name, _ in submitted()]
WAYS = REPLAYED, KERNEL, CLUSTER = ("replayed", "in the kernel", "on a cluster")
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
        words = ["grade", str(ROOT / "submissions"), "--rubric", str(slice_rubric_file), "--data", str(few_images)]
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
        for training in result(graded(way), submission)["trainings"]
        if training["epochs"]
    }
    if way == REPLAYED:
        assert sources >= {"trained", "replayed"}
    elif way == KERNEL:
        assert sources == {"kernel"}
    else:
        assert "trained" not in sources


@pytest.mark.parametrize("submission", SAMPLES)
def test_marks_are_the_same_in_every_way(submission: str, graded: Graded) -> None:
    replayed, kernel, cluster = (
        {
            (question["id"], finding["check"]): (finding["status"], finding["points"], finding["basis"])
            for question in result(graded(way), submission)["questions"]
            for finding in question["findings"]
        }
        for way in WAYS
    )
    assert replayed == cluster
    assert {name: found[:2] for name, found in replayed.items()} == {name: found[:2] for name, found in kernel.items()}


def test_an_audit_finds_nothing_that_differs(graded: Graded) -> None:
    shown = (graded(REPLAYED) / SHOWN).read_text()
    assert "Corregidos otra vez sin reproducción: 1; criterios que difieren: 0." in shown
    with (graded(REPLAYED) / "grades.csv").open(newline="", encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == len(SAMPLES)
