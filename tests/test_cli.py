"""The command line as people use it: real kernels in the real sandbox, on notebooks without any training."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from course import ENDS_ITS_KERNEL, KILLS_TWO_WORKERS, QUIET, RUBRIC, Class, Run
from rich.console import Console

from grader.executors import Started
from grader.jobs import Job, read_file, unreadable
from grader.pipeline import Plan
from grader.records import HumanMark, printable
from grader.reports.translation import Translator
from grader.rubric.loading import load_rubric
from grader.submission import Assignment
from grader.terminal import ClassProgress, time_left
from grader.training.data import DEFAULT_FOLDER

# --- grade ---


def test_a_folder_of_notebooks_becomes_marks_and_pages(course: Class) -> None:
    course.hand_in("ana", QUIET)
    course.hand_in("luz", ENDS_ITS_KERNEL)
    (course.folder / "sol.ipynb").write_text("# only words")
    done = course.grade()
    assert done.code == 0
    assert {name: row["status"] for name, row in course.marks().items()} == {
        "ana": "graded",
        "luz": "partial",
        "sol": "failed",
    }
    assert list(course.marks()["ana"]) == ["submission", "status", "score", "max_score", "provisional", "1", "name"]
    assert str(course.out / "index.html") in done.out
    for name in ("index.html", "gradebook.db", "ana/result.json", "ana/report.html", "ana/executed.ipynb"):
        assert (course.out / name).stat().st_size > 0
    assert course.result("luz")["reason"]
    assert course.result("sol")["score"] == 0
    assert course.result("sol")["provisional"] is True
    assert "must be JSON" in course.result("sol")["reason"]


def test_grading_again_does_only_what_is_new_or_changed(course: Class) -> None:
    course.hand_in("ana", QUIET)
    course.hand_in("luz", QUIET)
    assert "2 submissions to grade." in course.grade().out
    assert "0 submissions to grade; 2 unchanged" in course.grade().out
    course.hand_in("ana", ["print('changed')"])
    course.hand_in("sol", QUIET)
    assert "2 submissions to grade; 1 unchanged" in course.grade().out
    assert "3 submissions to grade." in course.grade("--regrade").out
    assert sorted(course.marks()) == ["ana", "luz", "sol"]


@pytest.mark.parametrize(
    "option",
    [
        pytest.param(("--seconds-per-cell", "50"), id="a limit"),
        pytest.param(("--sandbox", "none"), id="the sandbox"),
    ],
)
def test_grading_in_another_way_grades_again(course: Class, option: tuple[str, str]) -> None:
    course.hand_in("ana", QUIET)
    course.grade()
    assert "1 submission to grade." in course.grade(*option).out


def test_grading_by_a_changed_rubric_grades_again(course: Class) -> None:
    course.hand_in("ana", QUIET)
    course.grade()
    (course.root / "rubric.yaml").write_text(RUBRIC.replace("[128]", "[64]"))
    assert "1 submission to grade." in course.grade().out


def test_what_left_the_folder_leaves_the_pages_and_stays_in_the_gradebook(course: Class) -> None:
    course.hand_in("ana", QUIET)
    course.hand_in("luz", QUIET)
    course.grade()
    (course.folder / "luz.ipynb").unlink()
    course.grade()
    assert list(course.marks()) == ["ana"]
    page = (course.out / "index.html").read_text(encoding="utf-8")
    assert "luz/report.html" not in page
    assert "luz. Its marks are kept." in page
    assert course.gradebook().result("luz") is not None


def test_a_persons_mark_outlives_grading_again(course: Class) -> None:
    course.hand_in("ana", QUIET)
    course.grade()
    course.gradebook().add_marks([HumanMark("ana", "1", "hidden_layers", 1.25, "teacher", "drawn on paper")])
    course.grade()
    assert course.marks()["ana"]["score"] == "1.25"
    course.grade("--regrade")
    assert course.marks()["ana"]["score"] == "1.25"
    assert "drawn on paper" in (course.out / "ana" / "report.html").read_text(encoding="utf-8")


def test_files_that_are_missing_or_in_another_language_are_written_again(course: Class) -> None:
    course.hand_in("ana", QUIET)
    course.grade()
    shutil.rmtree(course.out / "ana")
    course.grade()
    assert "A network" in (course.out / "ana" / "report.html").read_text(encoding="utf-8")
    assert "0 entregas por corregir" in course.grade("--language", "es").out
    assert "Una red" in (course.out / "ana" / "report.html").read_text(encoding="utf-8")


def test_a_submission_named_like_a_file_of_the_class_harms_nothing(course: Class) -> None:
    course.hand_in("index.html", QUIET)
    course.hand_in("gradebook.db", QUIET)
    assert course.grade().code == 0
    assert sorted(course.marks()) == ["gradebook.db_", "index.html_"]
    assert (course.out / "index.html").is_file()
    assert "0 submissions to grade" in course.grade().out


def test_a_dying_worker_is_our_fault_and_costs_nobody_else(course: Class) -> None:
    course.hand_in("ana", QUIET)
    (course.root / "deaths").mkdir()
    course.hand_in("luz", [KILLS_TWO_WORKERS.format(folder=str(course.root / "deaths"))])
    done = course.grade("--sandbox", "none")
    assert done.code == 1
    assert "fault: luz:" in done.err
    assert course.marks()["ana"]["status"] == "graded"
    assert course.marks()["luz"]["provisional"] == "true"
    findings = course.result("luz")["questions"][0]["findings"]
    assert {finding["status"] for finding in findings} == {"error"}
    assert "1 submission to grade; 1 unchanged" in course.grade("--sandbox", "none").out
    assert course.marks()["luz"]["status"] == "graded"


def test_it_is_a_module_and_a_command() -> None:
    for command in ([sys.executable, "-m", "grader"], [str(Path(sys.executable).with_name("grader"))]):
        shown = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True, timeout=120)
        assert "Grade deep-learning notebooks" in shown.stdout


# --- check ---


def test_a_self_check_shows_public_criteria_with_hints(course: Class) -> None:
    course.hand_in("ana", QUIET)
    rubric = str(course.root / "rubric.yaml")
    done = course.run("check", str(course.folder / "ana.ipynb"), "--rubric", rubric, "--sandbox", "none")
    assert done.code == 0
    assert "The hidden layer" in done.out
    assert "Count the layers." in done.out
    assert "0 / 1.5" in done.out
    assert "Secret" not in done.out
    assert not course.out.exists()


# --- rubric check ---


def test_a_valid_rubric_is_shown(course: Class) -> None:
    done = course.run("rubric", "check", str(course.root / "rubric.yaml"))
    assert done.code == 0
    assert "1 question, 2 criteria, 2 points: valid." in done.out


def test_a_rubric_that_breaks_a_rule_is_refused_with_its_line(course: Class) -> None:
    path = course.root / "rubric.yaml"
    path.write_text(RUBRIC.replace("points: 0.5", "points: -1"))
    done = course.run("rubric", "check", str(path))
    assert done.code == 2
    rule = "'points' of question 1 must be the sum of its criteria's points. Received: 2, sum 0.5"
    assert done.err == (
        f"error: {path}:9: {rule}\n     9 |     points: 2\n       |             ^\n"
        f"{path}:18: 'points' must be > 0. Received: -1\n    18 |         points: -1\n       |                 ^^\n"
    )


# --- wrong usage ---


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        pytest.param({"folder": "missing"}, "submissions must stand in a readable folder", id="missing folder"),
        pytest.param({"folder": "empty"}, "must hold at least one .ipynb file", id="empty folder"),
        pytest.param({"folder": "text"}, "submissions must stand in a readable folder", id="file for a folder"),
        pytest.param({"--rubric": "missing"}, "a rubric must be a readable file", id="missing rubric"),
        pytest.param({"--rubric": "empty"}, "a rubric must be a readable file", id="folder for a rubric"),
        pytest.param({"--out": "text"}, "--out must be a folder that can be written to", id="file for OUT"),
        pytest.param({"--out": "text/out"}, "--out must be a folder that can be written to", id="OUT below a file"),
        pytest.param({"--out": "class"}, "--out must be another folder", id="OUT is the folder of submissions"),
        pytest.param({"--data": "empty"}, "--data must be a folder with the four", id="no data set"),
        pytest.param({"--language": "=fr"}, "must be one of es, en. Received: 'fr'", id="unknown language"),
        pytest.param({"--sandbox": "=docker"}, "must be one of bwrap, none. Received: 'docker'", id="unknown sandbox"),
        pytest.param({"--workers": "=0"}, "must be a whole number > 0. Received: '0'", id="no workers"),
        pytest.param({"--workers": "=two"}, "must be a whole number > 0. Received: 'two'", id="workers as a word"),
        pytest.param({"--memory-mb": "=1.5"}, "must be a whole number > 0. Received: '1.5'", id="broken megabytes"),
        pytest.param({"--seconds-per-cell": "=-1"}, "must be a number > 0. Received: '-1'", id="negative seconds"),
        pytest.param({"--seconds-per-cell": "=nan"}, "must be a number > 0. Received: 'nan'", id="seconds: no number"),
        pytest.param({"--output-mb": "=inf"}, "must be a number > 0. Received: 'inf'", id="endless output"),
        pytest.param({"--gradebook": "=nonsense"}, "a gradebook must be a database", id="gradebook that is none"),
        pytest.param({"--frobnicate": "=1"}, "No such option: --frobnicate", id="unknown option"),
    ],
)
def test_wrong_usage_is_one_clear_line_and_exit_code_2(course: Class, changed: Mapping[str, str], message: str) -> None:
    course.hand_in("ana", QUIET)
    (course.root / "empty").mkdir()
    (course.root / "text").write_text("words")
    given = {"folder": "class", "--rubric": "rubric.yaml", "--out": "out", **changed}
    words = ["grade", str(course.root / given.pop("folder"))]
    for option, value in given.items():
        words += [option, value[1:] if value.startswith("=") else str(course.root / value)]
    done = course.run(*words)
    assert done.code == 2
    assert message in done.err
    assert done.err.startswith("error: ")
    assert "Received: " in done.err
    assert done.err.count("\n") == 1


@pytest.mark.parametrize("words", [["bogus"], ["grade"], ["rubric"], ["rubric", "bogus"], ["check"], ["--bogus"]])
def test_incomplete_commands_are_refused_in_one_line(run: Callable[..., Run], words: list[str]) -> None:
    done = run(*words)
    assert done.code == 2
    assert done.err.startswith("error: ")
    assert done.err.count("\n") == 1


def test_without_bubblewrap_grading_is_refused(course: Class, monkeypatch: pytest.MonkeyPatch) -> None:
    course.hand_in("ana", QUIET)
    monkeypatch.setenv("PATH", str(course.root))
    done = course.grade()
    assert done.code == 2
    assert "apt-get install bubblewrap" in done.err
    assert "--sandbox none" in done.err
    assert not course.out.exists()


@pytest.mark.parametrize("command", [["grade"], ["check"], ["rubric", "check"]])
def test_help_shows_an_example(run: Callable[..., Run], command: list[str]) -> None:
    done = run(*command, "--help")
    assert done.code == 0
    assert f"Example: grader {' '.join(command)}" in done.out


def test_without_a_command_the_help_is_shown(run: Callable[..., Run]) -> None:
    assert "rubric" in run().out


# --- progress ---


@pytest.mark.parametrize("terminal", [True, False])
def test_progress_shows_what_is_under_way_and_what_is_done(course: Class, terminal: bool) -> None:
    screen = io.StringIO()
    console = Console(file=screen, force_terminal=terminal, width=100)
    progress = ClassProgress(console, Translator("en"))
    rubric = load_rubric(course.root / "rubric.yaml")
    path = course.folder / "ana.ipynb"
    job = Job("ana", path, read_file(path), rubric, Assignment(), "bwrap", rubric.limits, DEFAULT_FOLDER)
    with progress.screen():
        progress(Plan(2, 3, course.out / "index.html", lambda: 240.0))
        progress(Started(job))
        progress(unreadable(job, "words"))
    shown = screen.getvalue()
    assert "2 submissions to grade; 3 unchanged" in shown
    assert "[1/2]  ana  Could not be graded  0 / 2" in shown
    assert "about 4 min left" in shown
    assert ("\x1b[" in shown) is terminal


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (None, ""),
        (0.0, "about 5 s left"),
        (62.4, "about 60 s left"),
        (89.0, "about 90 s left"),
        (185.0, "about 3 min left"),
        (9000.0, "about 2.5 h left"),
    ],
)
def test_the_time_left_is_as_round_as_an_estimate(seconds: float | None, shown: str) -> None:
    assert time_left(seconds, Translator("en")) == shown


def test_students_text_cannot_command_the_terminal() -> None:
    assert printable("a\x1b[2Jb\nc\x9b") == "a [2Jb c "
