"""What is wrong with a rubric is said before a class is graded: all of it, each with its line and a caret."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from grader.errors import RubricError
from grader.rubric.loading import doubtful, load_rubric

VALID = """\
title: {es: Una red pequeña, en: A small network}
language: es
points: 3
classes: [[zero, cero], [a], [b], [c], [d], [e], [f], [g], [h], [nine]]
questions:
  - id: "a"
    title: {es: Entrenar, en: Train}
    prompt: Entrenar una red.
    points: 2
    training: {hidden: [32]}
    criteria:
      - {check: hidden_activation, points: 0.5, activation: tanh}
      - {check: output_layer, points: 0.5, units: 2, activation: softmax}
      - check: optimizer
        points: 1
        name: RMSprop
        title: {es: Optimizador, en: Optimizer}
        hint: {es: Mira compile., en: Look at compile.}
  - id: "b"
    title: {es: Otra, en: Another}
    prompt: La misma con más neuronas.
    points: 1
    training: {hidden: [64]}
    criteria:
      - {check: network_trained, points: 0.5, like: "a", units: [64]}
      - {check: predicted_class, points: 0.5, models_of: ["a", "b"]}
"""

FAULTS = {
    "an activation in another language": ("activation: tanh", "activation: tangente", "tangente", "activation of Keras"),
    "an activation with a capital": ("activation: softmax", "activation: Softmax", "Softmax", "did you mean 'softmax'"),
    "another name of an activation": ("activation: tanh", "activation: swish", "swish", "did you mean 'silu'"),
    "an optimizer mistyped": ("RMSprop", "RMSprob", "RMSprob", "did you mean 'RMSprop'"),
    "an optimizer in small letters": ("RMSprop", "sgd", "sgd", "did you mean 'SGD'"),
    "no optimizer at all": ("RMSprop", "0.01", "0.01", "should be a valid string"),
    "a number as text": ("units: 2", 'units: "2"', '"2"', "should be a valid integer"),
    "a fraction of a unit": ("units: 2", "units: 2.5", "2.5", "should be a valid integer"),
    "an id that YAML takes for a number": ('id: "b"', "id: 3.1", "3.1", 'which needs quotes here: "3.1"'),
    "an id that YAML takes for a truth": ('id: "b"', "id: true", "true", 'which needs quotes here: "true"'),
    "memory with a unit": (
        "language: es", "language: es\nlimits: {memory_mb: 6 GB}", "6 GB", "of MB, without a unit: 6000"
    ),
    "memory with another unit": (
        "language: es", "language: es\nlimits: {files_mb: 1.5 TB}", "1.5 TB", "of MB, without a unit: 1500000"
    ),
    "a time with a unit": (
        "language: es", "language: es\nlimits: {seconds_per_cell: 15 min}", "15 min", "of seconds, without a unit: 900"
    ),
    "an unknown unit": ("units: 2", "units: 2 neurons", "2 neurons", "valid integer, without a unit"),
    "a whole number in quotes": ("units: 2", 'units: "2"', '"2"', "without quotes: 2"),
    "a decimal comma": ("points: 3", "points: 3,0", None, "with a point for decimals"),
    "a date": ("points: 3", "points: 2026-01-01", None, "the date 2026-01-01"),
    "an empty list": ('models_of: ["a", "b"]', "models_of: []", "[]", "at least one item"),
    "a list for a name": ("activation: tanh", "activation: [relu, tanh]", "[relu, tanh]", "should be a valid string"),
    "a mapping for a name": ("activation: tanh", 'activation: {es: "a}"}', '{es: "a}"}', "should be a valid string"),
    "a list of lists over lines": ("name: RMSprop", "name: [[a],\n          b]", "[[a],", "should be a valid string"),
    "one item of a list": ('models_of: ["a", "b"]', 'models_of: ["a", [b, "]"]]', '[b, "]"]', "should be a valid string"),
    "a list below its key": ("name: RMSprop", "name:\n          - RMSprop", "name", "should be a valid string"),
    "no points": ("points: 3", "points: 0", "0", "'points' must be > 0"),
    "endless points": ("points: 3", "points: .inf", ".inf", "finite number"),
    "points of a question that are not those of its criteria": ("points: 2", "points: 2.5", "2.5", "Received: 2.5, sum 2"),
    "an unknown key of the rubric": ("language:", "langauge:", "langauge", "did you mean 'language'"),
    "an unknown key of a question": ("    prompt: Entrenar", "    promt: Entrenar", "promt", "did you mean 'prompt'"),
    "an unknown key of a criterion": ("units: [64]", "unit: [64]", "unit", "did you mean 'units'"),
    "an unknown key of a training": ("{hidden: [32]}", "{hiden: [32]}", "hiden", "did you mean 'hidden'"),
    "a key that means nothing": ("language: es", "language: es\ncolour: red", "colour", "is not a known key"),
    "an unknown check": ("check: output_layer", "check: outputlayer", "outputlayer", "did you mean 'output_layer'"),
    "a text that is not in the rubric's language": (", en: Optimizer}", "}", "title", "must be given in 'en'"),
    "a text in the other language only": ("hint: {es: Mira compile., en", "hint: {en", "hint", "the rubric's language"),
    "an empty translation": ("en: Look at compile.", "en: ' '", "hint", "must be given in 'en'"),
    "a translation into an unknown language": ("en: Look at", "eng: Look at", "eng", "did you mean 'en'"),
    "a reference to a question that is not there": ('like: "a"', 'like: "A"', '"A"', "did you mean 'a'"),
    "one of several references": ('models_of: ["a", "b"]', 'models_of: ["a", "c"]', '"c"', "must name a question"),
    "an id twice": ('id: "b"', 'id: "a"', '"a"', "'id' must be unique"),
    "classes left out": ("classes: [[zero, cero], [a], [b], [c], [d], [e], [f], [g], [h], [nine]]\n", "", "predicted_class", "'classes' must be given"),
    "a key twice": ("        points: 1\n", "        points: 1\n        points: 1\n", "points", "each key of a mapping once"),
    "nine classes": (", [nine]]", "]", "classes", "must list the 10 classes"),
    "a class without a name": ("[nine]", "[]", "[]", "class 9 must have a name"),
    "a name of two classes": ("[nine]", "[nine, ZERO]", "ZERO", "of class 0 too"),
    "a network like itself": ('like: "a"', 'like: "b"', '"b"', "another question than its own"),
    "a question named twice": ('models_of: ["a", "b"]', 'models_of: ["a", "b", "a"]', '"a"', "each question once"),
    "widths that are not those of the training": ("units: [64]", "units: [32, 64]", "[32, 64]", "training' has as 'hidden', [64]"),
    "epochs that are not those of the training": ('{hidden: [64]}\n    criteria:\n      - {check: network_trained, points: 0.5, like: "a", units: [64]}', '{hidden: [64], epochs: 12}\n    criteria:\n      - {check: network_trained, points: 0.5, like: "a", epochs: 10}', "10", "'epochs', 12"),
    "a loss as a percentage": ("{check: output_layer, points: 0.5, units: 2, activation: softmax}", "{check: callback_stops, points: 0.5, loss: 55}", "55", "40 % are 0.4"),
    "two thresholds of one callback": ("{check: output_layer, points: 0.5, units: 2, activation: softmax}", "{check: callback_stops, points: 0.25, loss: 0.3}\n      - {check: callback_waits, points: 0.25, loss: 0.5}", "0.5", "'callback_stops', 0.3"),
    "a width beyond anything": ("hidden: [32]", "hidden: [32, 70000000]", "70000000", "at most 100000"),
    "too little memory": ("language: es", "language: es\nlimits: {memory_mb: 3}", "3", "at least 500"),
    "an open bracket": ("[[zero, cero]", "[[zero, cero", None, "must be valid YAML"),
    "a tab for blanks": ("    prompt: La", "\tprompt: La", None, "must be valid YAML"),
    "an assignment that is not there": ("language: es", "language: es\nassignment: gone.ipynb", "gone.ipynb", "path of a notebook"),
    "one of several assignments that is not there": ("language: es", "language: es\nassignment: [task.ipynb, gone.ipynb]", "gone.ipynb", "path of a notebook"),
    "an assignment that is a number": ("language: es", "language: es\nassignment: 5", "5", "'assignment'"),
    "a number among assignments": ("language: es", "language: es\nassignment: [task.ipynb, 5]", "5", "'assignment'"),
    "an assignment mistyped": ("language: es", "language: es\nassignment: taks.ipynb", "taks.ipynb", "did you mean 'task.ipynb'"),
    "an assignment that is no notebook": ("language: es", "language: es\nassignment: words.ipynb", "words.ipynb", "path of a notebook"),
    "an assignment that is a folder": ("language: es", "language: es\nassignment: folder", "folder", "path of a notebook"),
    "an assignment that is a device": ("language: es", "language: es\nassignment: /dev/null", "/dev/null", "no regular file"),
    "a file that is there is not meant instead": ("language: es", "language: es\nassignment: words.ipynb", "words.ipynb", "'words.ipynb', which is there and is no notebook"),
    "an assignment without a cell": ("language: es", "language: es\nassignment: empty.ipynb", "empty.ipynb", "without a cell"),
    "marked answers that are not there": ("language: es", "language: es\nmarked_answers: folder", "folder", "must name a folder with YAML"),
}  # fmt: skip
"""Before, after, what the caret stands under (None: wherever), and what is said."""


def rubric_file(folder: Path, text: str) -> Path:
    (folder / "task.ipynb").write_text(json.dumps({"cells": [{}]}))
    (folder / "empty.ipynb").write_text(json.dumps({"cells": []}))
    (folder / "words.ipynb").write_text("# words")
    (folder / "folder").mkdir(exist_ok=True)
    path = folder / "rubric.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(RubricError) as caught:
        load_rubric(rubric_file(folder, text))
    return str(caught.value)


def test_without_a_fault_it_is_taken(tmp_path: Path) -> None:
    text = VALID.replace("language: es", "language: es\nassignment: task.ipynb")
    assert load_rubric(rubric_file(tmp_path, text)).points == 3


@pytest.mark.parametrize(
    ("named", "paths"),
    [("task.ipynb", ["task.ipynb"]), ("[task.ipynb, ./task.ipynb]", ["task.ipynb"] * 2), ("[]", []), ("null", [])],
)
def test_an_assignment_may_have_several_editions(named: str, paths: list[str], tmp_path: Path) -> None:
    text = VALID.replace("language: es", f"language: es\nassignment: {named}")
    assert [path.name for path in load_rubric(rubric_file(tmp_path, text)).assignment_paths] == paths


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_named_with_its_line_and_a_caret(fault: str, tmp_path: Path) -> None:
    before, after, marked, rule = FAULTS[fault]
    assert VALID.count(before) >= 1
    told = refusal(tmp_path, VALID.replace(before, after, 1)).splitlines()
    heads = [number for number, line in enumerate(told) if line.startswith(f"{tmp_path}/rubric.yaml:")]
    at = next(number for number in heads if rule in told[number])
    line = int(told[at].split(":")[1])
    source = (tmp_path / "rubric.yaml").read_text(encoding="utf-8").splitlines()[line - 1]
    assert told[at + 1] == f"{line:>6} | {source}".rstrip()
    assert set(told[at + 2]) <= set(" |^\t")
    if marked is not None:
        start, width = told[at + 2].index("^"), told[at + 2].count("^")
        assert told[at + 1][start : start + width] == marked


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param("check: output_layer", "check: [output_layer]", id="a list for a check"),
        pytest.param('id: "b"', "id: [b]", id="a list for an id"),
        pytest.param("{hidden: [64]}", "5", id="a number for a training"),
        pytest.param("title: {es: Otra, en: Another}", "title: Otra", id="a text without a language"),
        pytest.param("title: {es: Otra, en: Another}", "title: {}", id="no text at all"),
        pytest.param("language: es", "language: [es]", id="a list for a language"),
        pytest.param("language: es", 'language: es\nassignment: "\\0"', id="a path that cannot be"),
        pytest.param("language: es", 'language: es\nmarked_answers: "\\0"', id="a folder that cannot be"),
        pytest.param("language: es", f"language: es\nassignment: {'x' * 5_000}", id="an endless path"),
        pytest.param('like: "a"', "like: {a: b}", id="a mapping for a reference"),
        pytest.param("points: 3", "points: true", id="a truth value for points"),
        pytest.param("points: 3", "points: 3\n? [a, b]\n: c", id="a list for a key"),
        pytest.param("points: 3", "points: 3\n1: c", id="a number for a key"),
        pytest.param("points: 3", "points: 2026-01-01", id="a date for points"),
    ],
)
def test_whatever_stands_there_is_a_clear_error(before: str, after: str, tmp_path: Path) -> None:
    assert before in VALID
    told = refusal(tmp_path, VALID.replace(before, after, 1))
    assert told.startswith(f"{tmp_path}/rubric.yaml:")
    assert "Received: " in told


def test_all_faults_are_told_at_once_in_the_order_of_the_file(tmp_path: Path) -> None:
    names = ["a number as text", "an optimizer mistyped", "an empty translation", "one of several references"]
    text = VALID
    for name in names:
        text = text.replace(*FAULTS[name][:2], 1)
    told = refusal(tmp_path, text)
    places = [told.index(FAULTS[name][3]) for name in names]
    assert places == sorted(places)
    assert told.count("Received: ") == 4


def test_an_assignment_that_is_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.ipynb")
    told = refusal(tmp_path, VALID.replace("language: es", "language: es\nassignment: pipe.ipynb"))
    assert "which is no regular file" in told


def test_a_file_in_another_encoding_is_shown_where_it_is(tmp_path: Path) -> None:
    path = rubric_file(tmp_path, "")
    path.write_bytes(VALID.encode("latin-1"))
    with pytest.raises(
        RubricError, match=r":1: a rubric must be text in UTF-8: save it as UTF-8\. Received: the byte 0xf1"
    ):
        load_rubric(path)


def test_a_control_character_is_shown_where_it_is(tmp_path: Path) -> None:
    told = refusal(tmp_path, VALID.replace("language: es", "language: es # \a"))
    assert ":2: a rubric must not have control characters: save it as UTF-8 text. Received: '\\x07'" in told


def test_points_beside_an_unknown_check_are_told_too(tmp_path: Path) -> None:
    told = refusal(tmp_path, VALID.replace("{check: output_layer, points: 0.5,", "{check: outputlayer, points: '0,5',"))
    assert "did you mean 'output_layer'" in told
    assert "'points' must be a number, with a point for decimals. Received: '0,5'" in told


def test_a_mistyped_key_that_is_called_as_its_check_is_told_once(tmp_path: Path) -> None:
    told = refusal(
        tmp_path,
        VALID.replace(
            "{check: output_layer, points: 0.5, units: 2, activation: softmax}",
            "{check: batch_size, points: 0.5, batch_sice: 8}",
        ),
    )
    assert told.count("Received: ") == 1
    assert "did you mean 'batch_size'" in told


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param('id: "b"', "id: 4.1", id="a name that others have"),
        pytest.param("units: [64]", "units: 64", id="a list of one"),
        pytest.param("hidden: [64]", "hidden: 64", id="what another is compared with"),
        pytest.param("    points: 2\n", '    points: "2"\n', id="a sum"),
    ],
)
def test_a_value_of_a_wrong_kind_breaks_no_second_rule(before: str, after: str, tmp_path: Path) -> None:
    text = VALID.replace(before, after).replace('["a", "b"]', '["a", "4.1"]' if "4.1" in after else '["a", "b"]')
    told = refusal(tmp_path, text)
    assert told.count("Received: ") == 1, told
    assert "input should be a valid" in told or "must be a number" in told


def test_an_empty_file_is_nothing(tmp_path: Path) -> None:
    assert refusal(tmp_path, "").endswith("a rubric must be a mapping of keys. Received: nothing")


def test_a_mistyped_key_is_told_once(tmp_path: Path) -> None:
    told = refusal(tmp_path, VALID.replace("    prompt: Entrenar", "    promt: Entrenar"))
    assert told.count("Received: ") == 1


def test_of_very_many_faults_some_are_shown_and_the_rest_counted(tmp_path: Path) -> None:
    told = refusal(tmp_path, VALID + "".join(f"key{number}: {number}\n" for number in range(500)))
    assert told.count("is not a known key") == 20
    assert told.endswith("… and 480 more errors.")


@pytest.mark.parametrize(
    "texts", [VALID + f"x: {'y' * 10_000}\n", VALID + "x: \x85\u202e" + "z" * 400], ids=["long", "invisible"]
)
def test_a_line_is_shown_short_and_harmless(texts: str, tmp_path: Path) -> None:
    told = refusal(tmp_path, texts)
    assert max(map(len, told.splitlines())) < 500
    assert "\u202e" not in told


def test_a_rubric_that_was_read_before_is_refused_once_its_assignment_is_gone(tmp_path: Path) -> None:
    text = VALID.replace("language: es", "language: es\nassignment: task.ipynb")
    path = rubric_file(tmp_path, text)
    load_rubric(path)
    (tmp_path / "task.ipynb").unlink()
    with pytest.raises(RubricError, match=r":3: 'assignment' must be the path of a notebook"):
        load_rubric(path)


def test_faults_of_all_marked_answers_are_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "marked").mkdir()
    (tmp_path / "marked" / "1.yaml").write_text('question: "z"\nanswers: []\n')
    (tmp_path / "marked" / "2.yaml").write_text('question: "a"\nanswers: [{answer: words, marks: {idea: 1}}]\n')
    told = refusal(tmp_path, VALID.replace("language: es", "language: es\nmarked_answers: marked"))
    assert "1.yaml:1: 'question' must be one of the rubric's" in told
    assert "2.yaml:2: 'marks' must name concepts of question a" in told


def test_what_is_probably_not_meant_is_a_warning(tmp_path: Path) -> None:
    path = rubric_file(tmp_path, VALID)
    assert load_rubric(path).points == 3
    (told,) = doubtful(path)
    assert told.startswith(f"{path}:13: an output layer mostly has a unit for each of the 10 classes. Received: 2")
    assert doubtful(rubric_file(tmp_path, VALID.replace("units: 2", "units: 10"))) == []


def test_marked_answers_that_leave_something_out_are_a_warning(tmp_path: Path) -> None:
    concepts = "".join(
        f"\n      - {{check: concept, id: {name}, points: 0.25, ways: [word]}}" for name in ("one", "two")
    )
    text = VALID.replace("\n      - {check: output_layer, points: 0.5, units: 2, activation: softmax}", concepts)
    path = rubric_file(tmp_path, text.replace("language: es", "language: es\nmarked_answers: marked"))
    (tmp_path / "marked").mkdir()
    (tmp_path / "marked" / "1.yaml").write_text('question: "a"\nanswers:\n  - {answer: x, marks: {one: 1}}\n')
    (tmp_path / "marked" / "2.yaml").write_text('question: "a"\nanswers:\n  - {answer: x, marks: {one: 1, two: 0}}\n')
    left_out, twice = doubtful(path)
    assert "1.yaml:3: 'marks' mostly have each concept of the question, and here two is left out" in left_out
    assert "2.yaml:1: a question's answers mostly stand in one file, and those of this one in 1.yaml too" in twice


def test_looking_at_a_rubric_imports_no_tensorflow(tmp_path: Path) -> None:
    path = rubric_file(tmp_path, VALID.replace("RMSprop", "RMSprob"))
    code = f"""
import sys
from grader.cli import main
code = main(["rubric", "check", {str(path)!r}])
sys.exit(code if not {{"tensorflow", "keras"}} & set(sys.modules) else 99)
"""
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert ran.returncode == 2
    assert "did you mean 'RMSprop'?" in ran.stderr
