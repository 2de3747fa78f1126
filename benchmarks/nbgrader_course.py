"""`nbgrader autograde` over a class, as a course would run it.

nbgrader has a virtual environment of its own, made at first need in `build/benchmarks` with the versions that
`constraints.txt` pins. A `.pth` file lets it see the packages of the environment that runs the benchmark, so that both
sides use the same TensorFlow, Keras, nbclient and ipykernel, and TensorFlow is not installed twice.

The course is an ordinary one: the assignment with test cells of a few asserts is released with `nbgrader
generate_assignment`, the students' notebooks are handed in with those cells, and `nbgrader autograde` runs them one
after the other, as it always does. The tests look for models among all variables, since the class's students rename
theirs.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
from measure import BUILD, ROOT, Measure, home_with_data, measured_command

VERSION = "0.9.6"
FOLDER = BUILD / f"nbgrader-{VERSION}"
ASSIGNMENT = "redes"
NOTEBOOK = "conceptos"
CELL_SECONDS = 3600
CONFIGURATION = f"""
c = get_config()
c.CourseDirectory.course_id = "curso"
c.ExecutePreprocessor.timeout = {CELL_SECONDS}
c.ExecutePreprocessor.startup_timeout = 300
c.ExecutePreprocessor.iopub_timeout = 60
c.ClearSolutions.enforce_metadata = False
"""
FIND_MODELS = "[value for value in list(globals().values()) if isinstance(value, tf.keras.Model) and value.built]"
TESTS = {
    "pregunta-1": (
        "Pregunta 2",
        3.5,
        f"redes = {FIND_MODELS}\n"
        "assert any(red.count_params() == 784 * 128 + 128 + 128 * 10 + 10 for red in redes)\n"
        "assert any(red.output_shape == (None, 10) for red in redes)",
    ),
    "pregunta-3": (
        "pregunta 3.1",
        1.0,
        "assert classifications.shape == (10000, 10)\n"
        "assert np.allclose(classifications.sum(axis=1), 1, atol=1e-3)\n"
        "assert np.argmax(classifications[0]) == 9",
    ),
    "pregunta-9": (
        "",
        2.0,
        "clases = [value for value in list(globals().values()) if isinstance(value, type)]\n"
        "assert any(issubclass(value, tf.keras.callbacks.Callback) for value in clases)",
    ),
}
"""Test cells by name: the heading that they stand before (the end where it is empty), their points and their code."""


@dataclass(frozen=True)
class Graded:
    """What autograding a sample took and gave."""

    measure: Measure
    scores: dict[str, float]
    """By student."""


def environment() -> Path:
    """The folder with nbgrader's commands; the environment is made where it is missing.

    Raises:
        SystemExit: it cannot be made.
    """
    folder, ready = FOLDER, FOLDER / ".ready"
    if not ready.exists():
        shutil.rmtree(folder, ignore_errors=True)
        print(f"making nbgrader's environment in {folder}", file=sys.stderr)
        packages = folder / "lib" / f"python{sys.version_info.major}.{sys.version_info.minor}" / "site-packages"
        commands = [
            [sys.executable, "-m", "venv", str(folder)],
            [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"],
        ]
        commands[1] += ["-c", str(ROOT / "constraints.txt"), f"nbgrader=={VERSION}"]
        _run(commands[0])
        (packages / "shared.pth").write_text(sysconfig.get_path("purelib") + "\n")
        _run(commands[1])
        ready.touch()
    return folder / "bin"


def _run(command: Sequence[str], folder: Path = ROOT) -> None:
    variables = {**os.environ, **_path()}
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} must succeed. Received: {done.stderr[-2000:]}")


def _path() -> dict[str, str]:
    """nbgrader calls other commands of its environment by name."""
    return {"PATH": f"{FOLDER / 'bin'}{os.pathsep}{os.environ['PATH']}"}


def with_tests(notebook: Any) -> Any:
    """A notebook with nbgrader's test cells in their places."""
    result = nbformat.from_dict(notebook)
    for name, (before, points, source) in TESTS.items():
        cell = nbformat.v4.new_code_cell(source, id=name)
        cell.metadata["nbgrader"] = {
            "grade": True,
            "grade_id": name,
            "locked": True,
            "points": points,
            "schema_version": 3,
            "cell_type": "code",
            "solution": False,
            "task": False,
        }
        headings = (
            position
            for position, other in enumerate(result.cells)
            if before and other.cell_type == "markdown" and before.casefold() in other.source[:60].casefold()
        )
        result.cells.insert(next(headings, len(result.cells)), cell)
    return result


def make_course(folder: Path, students: Sequence[Path]) -> None:
    """A course with one assignment, released, and handed in by some students."""
    shutil.rmtree(folder, ignore_errors=True)
    source = folder / "source" / ASSIGNMENT
    source.mkdir(parents=True)
    (folder / "nbgrader_config.py").write_text(CONFIGURATION)
    assignment = nbformat.read(ROOT / "reference" / "assignment.ipynb", as_version=4)
    nbformat.write(with_tests(assignment), source / f"{NOTEBOOK}.ipynb")
    _run([str(environment() / "nbgrader"), "generate_assignment", ASSIGNMENT, "--create", "--force"], folder)
    for student in students:
        submitted = folder / "submitted" / student.stem / ASSIGNMENT
        submitted.mkdir(parents=True)
        nbformat.write(with_tests(nbformat.read(student, as_version=4)), submitted / f"{NOTEBOOK}.ipynb")


def autograde(students: Sequence[Path]) -> Graded:
    """Autograde some students' notebooks, one after the other.

    Raises:
        SystemExit: nbgrader failed on one.
    """
    course = BUILD / "course"
    make_course(course, students)
    nbgrader = str(environment() / "nbgrader")
    with home_with_data() as home:
        measure = measured_command(
            [nbgrader, "autograde", ASSIGNMENT, "--create", "--force"],
            BUILD / "logs" / "nbgrader.log",
            environment={"KERAS_HOME": str(home), **_path()},
            folder=course,
        )
    _run([nbgrader, "export"], course)
    with (course / "grades.csv").open(newline="") as file:
        scores = {line["student_id"]: float(line["score"]) for line in csv.DictReader(file)}
    for student in students:
        if not _ran_to_its_end(course / "autograded" / student.stem / ASSIGNMENT / f"{NOTEBOOK}.ipynb"):
            raise SystemExit(f"nbgrader must run {student.name} to its end. Received: its log in {BUILD / 'logs'}")
    return Graded(measure, scores)


def _ran_to_its_end(path: Path) -> bool:
    """True if all its code cells were run."""
    if not path.exists():
        return False
    cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    return all(cell.execution_count is not None for cell in cells if cell.source.strip())
