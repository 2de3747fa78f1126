"""An installed wheel: it brings rubrics, assignment and marked answers along, and kernels see none of them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat
import pytest
from conftest import ROOT
from student import cells

SECONDS = 240
SITE = Path(nbformat.__file__).parents[1]
"""Where the packages are that the grader needs."""

WALK = cells("""
import json, os, re
found = []
for folder, folders, names in os.walk("/"):
    if folder.startswith(("/proc", "/sys")):
        folders.clear()
        continue
    for name in names:
        path = os.path.join(folder, name)
        if re.fullmatch(r".*[.](ya?ml|ipynb|po|db|csv)|trajectories[.]py|conftest[.]py|a_module.*", name) and os.path.isfile(path):
            with open(path, errors="replace") as file:
                text = file.read()
            if re.search(r"criteria:|marked_answers|callback_stops|Tu respuesta a la pregunta|reproducido", text):
                found.append(path)
    found += [os.path.join(folder, name) for name in folders if name in ("grader", "a_plugin") and os.listdir(os.path.join(folder, name))]
print(json.dumps(found))
""")
PLUGIN = {
    "a_plugin/__init__.py": "SECRET = 'callback_stops'",
    "a_plugin-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: a-plugin\nVersion: 1.0\n",
    "a_plugin-1.0.dist-info/entry_points.txt": "[grader.checks]\nsecret = a_plugin:SECRET\n",
    "a_plugin-1.0.dist-info/RECORD": "a_plugin/__init__.py,,\na_module.py,,\n../../../share/elsewhere/secret.yaml,,\n",
    "a_module.py": "SECRET = 'callback_stops'",
    "__pycache__/a_module.cpython-311.pyc": "callback_stops",
    "../../../share/elsewhere/secret.yaml": "criteria: [callback_stops]",
    "~rader/rubrics/secret.yaml": "criteria: [callback_stops]",
}
"""A package that extends the grader, as pip leaves it behind, and what an interrupted pip leaves of the grader."""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment with the wheel and a plugin, which finds all other packages elsewhere."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    _run([*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)])
    _run([sys.executable, "-m", "venv", "--without-pip", str(folder / "venv")])
    python = folder / "venv" / "bin" / "python"
    (wheel,) = folder.glob("*.whl")
    _run([*pip, "--python", str(python), "install", "--no-deps", "--no-index", str(wheel)])
    (site,) = (folder / "venv").glob("lib/python*/site-packages")
    (site / "packages.pth").write_text(f"{SITE}\n")
    for name, content in PLUGIN.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(content)
    return python


def _run(command: Sequence[str], folder: Path | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, cwd=folder, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def test_its_rubrics_are_found_by_name_anywhere(installed: Path, tmp_path: Path) -> None:
    grader = str(installed.parent / "grader")
    assert _run([grader, "rubric", "list"], tmp_path).startswith("fashion_mnist ")
    assert "10" in _run([grader, "rubric", "check", "fashion_mnist"], tmp_path)


def test_kernels_see_no_rubric_answer_plugin_or_source(installed: Path, data_slice: Path, tmp_path: Path) -> None:
    nbformat.write(WALK, tmp_path / "notebook.ipynb")
    script = ROOT / "tests" / "execution" / "grade_here.py"
    shown = _run([str(installed), str(script), str(data_slice), str(tmp_path / "notebook.ipynb")], tmp_path)
    assert [json.loads(text) for text in json.loads(shown.splitlines()[-1])] == [[], []]
