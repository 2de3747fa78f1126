"""The mark does not depend on the way: every sample, with replay, without, and on a cluster, on a slice of the data."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT, plainness
from dask_cluster import Cluster
from executor_fixtures import cluster  # noqa: F401
from shipped import submitted

from grader.records import Array
from grader.training.data import DEFAULT_FOLDER, load_data, write_idx

SAMPLES = [name for name, _ in submitted()]
WAYS = ("replayed", "in the kernel", "on a cluster")
OF_EACH_CLASS = {"train": 64, "t10k": 40}

pytestmark = pytest.mark.timeout(800)  # the first one waits for all ways


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


@pytest.fixture(scope="module")
def outs(
    few_images: Path,
    slice_rubric_file: Path,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> dict[str, Path]:
    """Where each way has left its results. The two with a store share it, so that networks are the same ones."""
    folder = tmp_path_factory.mktemp("ways")
    store = ["--store", str(folder / "store")]

    def grade(way: str, *options: str) -> None:
        words = ["grade", str(ROOT / "submissions"), "--rubric", str(slice_rubric_file), "--data", str(few_images)]
        command = [sys.executable, "-m", "grader", *words, "--out", str(folder / way), *options]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == 0, done.stderr
        (folder / f"{way}.txt").write_text(done.stdout)

    grade("replayed", *store, "--workers", "2", "--audit", "0.05")
    grade("in the kernel", "--no-replay", "--workers", "2")
    cluster: Cluster = request.getfixturevalue("cluster")  # not before: it takes time although it does nothing
    grade("on a cluster", *store, "--executor", "dask", "--scheduler", cluster.address)
    return {way: folder / way for way in WAYS}


def results(outs: dict[str, Path], submission: str) -> list[dict[str, Any]]:
    """A submission's result in each way."""
    return [json.loads((outs[way] / submission / "result.json").read_text(encoding="utf-8")) for way in WAYS]


@pytest.mark.parametrize("submission", SAMPLES)
def test_marks_are_the_same_in_every_way(submission: str, outs: dict[str, Path]) -> None:
    replayed, kernel, cluster = (
        {
            (question["id"], finding["check"]): (finding["status"], finding["points"], finding["basis"])
            for question in result["questions"]
            for finding in question["findings"]
        }
        for result in results(outs, submission)
    )
    assert replayed == cluster
    assert {name: found[:2] for name, found in replayed.items()} == {name: found[:2] for name, found in kernel.items()}


def test_the_report_says_how_each_training_was_done(outs: dict[str, Path]) -> None:
    sources = {
        way: {
            training["source"]
            for submission in SAMPLES
            for training in results(outs, submission)[number]["trainings"]
            if training["epochs"]
        }
        for number, way in enumerate(WAYS)
    }
    assert sources["replayed"] >= {"trained", "replayed"}
    assert sources["in the kernel"] == {"kernel"}
    assert "trained" not in sources["on a cluster"]


def test_an_audit_finds_nothing_that_differs(outs: dict[str, Path]) -> None:
    shown = (outs["replayed"].parent / "replayed.txt").read_text()
    assert "Corregidos otra vez sin reproducción: 1; criterios que difieren: 0." in shown
    with (outs["replayed"] / "grades.csv").open(newline="", encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == len(SAMPLES)
