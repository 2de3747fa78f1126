"""What plain Keras does with every scenario of `replay_student.py`, recorded: ``python tests/execution/plain_traces.py``.

It depends on nothing of the grader, so that it is the same in each run of the tests until the scenarios, Keras,
TensorFlow, NumPy or Python change. Whoever has others than those recorded runs plain Keras beside the replay.
"""

from __future__ import annotations

import gzip
import json
import os
import platform
import subprocess
import sys
import tempfile
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

PROGRAM = Path(__file__).with_name("replay_student.py")
RECORD = Path(__file__).with_name("plain_traces.json.gz")
ROOT = Path(__file__).parents[2]


def identity() -> dict[str, str]:
    """All that decides what plain Keras does."""
    packages = {name: version(name) for name in ("keras", "tensorflow", "numpy")}
    python = ".".join(platform.python_version_tuple()[:2])
    return {"scenarios": sha256(PROGRAM.read_bytes()).hexdigest(), "python": python, **packages}


@cache
def recorded() -> dict[str, Any]:
    """The record: its ``identity`` and its ``traces`` by scenario."""
    record: dict[str, Any] = json.loads(gzip.decompress(RECORD.read_bytes()))
    return record


def traces_of(out: Path, data: Path, *exchange: str) -> dict[str, Any]:
    """Run every scenario in a process of its own; what was seen of each."""
    out.mkdir()
    process = subprocess.run(
        [sys.executable, str(PROGRAM), str(out), str(data), *exchange],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}:{os.environ.get('PYTHONPATH', '')}"},
        capture_output=True,
        text=True,
        timeout=1200,
    )
    assert process.returncode == 0, process.stderr[-3000:]
    return {path.stem: json.loads(path.read_text()) for path in out.glob("*.json")}


def write_data(folder: Path) -> None:
    """The images and labels that the scenarios train on."""
    sys.path.insert(0, str(PROGRAM.parent))
    from replay_student import IMAGES, TESTS

    from grader.training.data import DEFAULT_FOLDER, load_data

    real = load_data(DEFAULT_FOLDER)
    np.save(folder / "images.npy", real.train_images[: IMAGES + TESTS])
    np.save(folder / "labels.npy", real.train_labels[: IMAGES + TESTS])


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_data(Path(folder))
        traces = traces_of(Path(folder) / "plain", Path(folder))
    text = json.dumps({"identity": identity(), "traces": traces}, sort_keys=True, ensure_ascii=False)
    RECORD.write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    main()
