"""Where the grader may be installed: kernels find their packages, and nothing of the grader's, wherever it is put."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest
from conftest import ROOT, TRAINING_IMAGES
from student import cells

SECONDS = 240
ORDINARY_USER = 12345
"""Of nobody on this machine, without an entry in /etc/passwd."""


LOOK = cells(
    "import gzip, json, os, sys\n"
    "from importlib.util import find_spec\n"
    "import pandas\n"
    "warm = 'tensorflow' in sys.modules\n"
    "if warm:\n"
    "    import keras\n"
    "    images = len(keras.datasets.fashion_mnist.load_data()[0][0])\n"
    "else:\n"  # from the same mounts; to import all of Keras takes six seconds
    "    assert find_spec('keras') and find_spec('tensorflow')\n"
    "    with gzip.open(os.path.expanduser('~/.keras/datasets/fashion-mnist/train-images-idx3-ubyte.gz')) as file:\n"
    "        images = int.from_bytes(file.read(8)[4:], 'big')\n"
    "try:\n    import grader.cli\nexcept ImportError:\n    there = False\nelse:\n    there = True\n"
    "print(json.dumps({'warm': warm, 'images': images, 'prefix': sys.prefix, 'home': os.getcwd(), 'grader': there}))"
)


@dataclass(frozen=True)
class Place:
    """A folder to put the clone into, with its virtual environment."""

    folder: str
    user: int = 0
    mode: str = "0755"
    """Of the folder that the clone stands in."""
    read_only: bool = False


PLACES = {
    "below /tmp, with blanks and accents, read-only, as an ordinary user": Place(
        "/tmp/x y/grädér", ORDINARY_USER, read_only=True
    ),
    "in memory, as an ordinary user": Place("/dev/shm/grader", ORDINARY_USER),
    "in a notebook's own home, which others may not enter": Place("/home/student/course", mode="0700"),
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_kernels_find_their_packages_and_nothing_of_the_graders(place: Place, data_slice: Path, tmp_path: Path) -> None:
    (ROOT / ".venv").mkdir(exist_ok=True)  # to mount on, where the clone is read-only
    data_slice.chmod(0o755)  # for an ordinary user
    nbformat.write(LOOK, tmp_path / "notebook.ipynb")
    command = _put(place, data_slice, tmp_path / "notebook.ipynb")
    shown = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert shown.returncode == 0, shown.stderr[-3000:]
    seen = [json.loads(text.splitlines()[-1]) for text in json.loads(shown.stdout.splitlines()[-1])]
    prefix = f"{place.folder}/.venv"
    assert seen == [
        {"warm": warm, "images": TRAINING_IMAGES, "prefix": prefix, "home": "/home/student", "grader": False}
        for warm in (True, False)
    ]


def _put(place: Place, data: Path, notebook: Path) -> list[str]:
    """The command that puts clone, environment and data into a place, in mounts of its own, and grades there."""
    inner = "--ro-bind" if place.read_only else "--bind"
    command = ["bwrap", "--dev-bind", "/", "/"]
    for folder, mode in (("/tmp", "1777"), ("/dev/shm", "1777"), ("/home", "0755")):
        command += ["--perms", mode, "--tmpfs", folder]
    if Path(sys.base_prefix).is_relative_to("/root"):
        command += ["--perms", "0755", "--tmpfs", "/root", *_folders(Path(sys.base_prefix), "0755")]
        command += ["--ro-bind", sys.base_prefix, sys.base_prefix]
    command += _folders(Path(place.folder), place.mode)
    command += [inner, str(ROOT), place.folder, inner, sys.prefix, f"{place.folder}/.venv"]
    command += ["--ro-bind", str(data), "/tmp/data", "--ro-bind", str(notebook), "/tmp/notebook.ipynb"]
    command += ["--chdir", "/tmp", "--setenv", "PYTHONPATH", place.folder, "--setenv", "HOME", "/tmp/home"]
    if os.getuid() == 0 and place.user:
        command += ["setpriv", f"--reuid={place.user}", f"--regid={place.user}", "--clear-groups"]
    command += [f"{place.folder}/.venv/bin/python", f"{place.folder}/tests/execution/grade_here.py"]
    return [*command, "/tmp/data", "/tmp/notebook.ipynb"]


def _folders(path: Path, mode: str) -> list[str]:
    """Make the folders that a path lies in, where they are not there."""
    made = [str(folder) for folder in reversed(path.parents) if len(folder.parts) > 1]
    return [word for folder in made for word in ("--perms", mode, "--dir", folder)]
