"""The mark does not depend on the way: every sample, with replay, without, and on a cluster, on a slice of the data."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from dask_cluster import Cluster
from executor_fixtures import cluster  # noqa: F401

from grader.submission import find_notebooks
from grader.training.data import load_data, write_idx

SAMPLES = [name for name, _ in find_notebooks(ROOT / "submissions")]
WAYS = ("replayed", "in the kernel", "on a cluster")
TRAINING_IMAGES = 2_000

pytestmark = pytest.mark.timeout(800)


@pytest.fixture(scope="module")
def few_images(data_slice: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Part of the slice: kernels train on it some fourteen hundred epochs."""
    folder = tmp_path_factory.mktemp("few") / "data"
    shutil.copytree(data_slice, folder)
    images = load_data(data_slice)
    write_idx(folder / "train-images-idx3-ubyte.gz", images.train_images[:TRAINING_IMAGES])
    write_idx(folder / "train-labels-idx1-ubyte.gz", images.train_labels[:TRAINING_IMAGES])
    return folder


@pytest.fixture(scope="module")
def outs(
    cluster: Cluster, few_images: Path, slice_rubric_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Path]:
    """Where each way has left its results. The two with a store share it, so that networks are the same ones."""
    folder = tmp_path_factory.mktemp("ways")
    store = ["--store", str(folder / "store")]
    options = {
        "replayed": [*store, "--workers", "2", "--audit", "0.05"],
        "in the kernel": ["--no-replay", "--workers", "2"],
        "on a cluster": [*store, "--executor", "dask", "--scheduler", cluster.address],
    }
    for way in WAYS:
        words = ["grade", str(ROOT / "submissions"), "--rubric", str(slice_rubric_file), "--data", str(few_images)]
        command = [sys.executable, "-m", "grader", *words, "--out", str(folder / way), *options[way]]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        (folder / f"{way}.txt").write_text(done.stdout)
    return {way: folder / way for way in WAYS}


def results(outs: dict[str, Path], submission: str) -> list[dict[str, Any]]:
    """A submission's result in each way."""
    return [json.loads((outs[way] / submission / "result.json").read_text(encoding="utf-8")) for way in WAYS]


@pytest.mark.slow
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


@pytest.mark.slow
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


@pytest.mark.slow
def test_an_audit_finds_nothing_that_differs(outs: dict[str, Path]) -> None:
    shown = (outs["replayed"].parent / "replayed.txt").read_text()
    assert "Corregidos otra vez sin reproducción: 1; criterios que difieren: 0." in shown
    with (outs["replayed"] / "grades.csv").open(newline="", encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == len(SAMPLES)
