"""Any file named .ipynb is either repaired or refused in one clear line."""

from __future__ import annotations

import codecs
import contextlib
import copy
import json
import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from submission_notebooks import HEADINGS, MARKERS, RUBRIC, answer, h, md, net, notebook, py, write

from grader.errors import SubmissionError
from grader.records import Cell, Submission
from grader.submission import Assignment, read_assignment, read_submission
from grader.submission import notebook as notebook_module


def load(path: Path) -> Submission:
    return read_submission(path, "ana", RUBRIC, Assignment())


def cells_of(folder: Path, content: Any) -> tuple[Cell, ...]:
    submission = load(write(folder, content))
    nbformat.validate(nbformat.from_dict(submission.notebook))
    assert [cell["source"] for cell in submission.notebook["cells"]] == [cell.source for cell in submission.cells]
    return submission.cells


V3 = {
    "nbformat": 3,
    "nbformat_minor": 0,
    "metadata": {"name": ""},
    "worksheets": [
        {
            "cells": [
                {"cell_type": "heading", "level": 2, "source": ["Pregunta 2"]},
                {
                    "cell_type": "code",
                    "input": ["a = 1\n", "a"],
                    "prompt_number": 3,
                    "outputs": [
                        {"output_type": "stream", "stream": "stderr", "text": ["uno\n", "dos"]},
                        {"output_type": "pyout", "text": ["1"], "png": "iVBOR"},
                        {"output_type": "pyerr", "ename": "E", "evalue": "v", "traceback": ["\x1b[31mE\x1b[0m", "v"]},
                    ],
                },
            ]
        }
    ],
}


def test_format_three_is_read(tmp_path: Path) -> None:
    heading, code = cells_of(tmp_path, V3)

    assert (heading.kind, heading.source) == ("markdown", "## Pregunta 2")
    assert (code.source, code.execution_count) == ("a = 1\na", 3)
    assert [(out.kind, out.text, out.name, out.value, out.has_image) for out in code.outputs] == [
        ("stream", "uno\ndos", "stderr", "", False),
        ("data", "1", "", "", True),
        ("error", "E\nv", "E", "v", False),
    ]


@pytest.mark.parametrize(
    ("cell", "source"),
    [
        ({"cell_type": "code", "source": ["a\n", "b"]}, "a\nb"),
        ({"cell_type": "code", "source": ["a", "b"]}, "a\nb"),
        ({"cell_type": "code", "source": "a\r\nb"}, "a\nb"),
        ({"cell_type": "code", "source": None}, ""),
        ({"cell_type": "code"}, ""),
        ({"cell_type": "code", "source": "a\0b\ud800"}, "ab?"),
        ({"source": "a", "outputs": None}, "a"),
        ({"cell_type": "markdown", "source": "a", "attachments": {}, "stray": 1, "id": "a b c"}, "a"),
    ],
    ids=["lines", "lines without ends", "CRLF", "null", "missing", "bytes no file can hold", "no type", "stray keys"],
)
def test_source(cell: dict[str, Any], source: str, tmp_path: Path) -> None:
    assert [found.source for found in cells_of(tmp_path, notebook(cell))] == [source]


@pytest.mark.parametrize(
    ("raw", "kind", "text"),
    [
        ({"output_type": "stream", "text": ["Epoch 1/2\n", "Epo", "ch 2/2"]}, "stream", "Epoch 1/2\nEpoch 2/2"),
        ({"output_type": "stream", "name": "stdout", "text": None}, "stream", ""),
        ({"text": "hola"}, "stream", "hola"),
        ({"data": {"text/plain": ["1"]}}, "data", "1"),
        ({"output_type": "execute_result", "data": {"text/html": "<b>1</b> &lt; 2"}}, "data", " 1  < 2"),
        (
            {
                "output_type": "display_data",
                "data": {
                    "text/plain": "<IPython.core.display.HTML object>",
                    "text/html": "<pre>ValueError: rank</pre><p>1</p>",
                },
            },
            "data",
            " ValueError: rank\n 1\n",
        ),
        ({"output_type": "display_data", "data": None}, "data", ""),
        ({"ename": "ValueError", "evalue": "x", "traceback": None}, "error", ""),
        ({"output_type": "stream", "text": "\x1b[1m10/10\x1b[0m \x1b[32m━━\x1b[0m"}, "stream", "10/10 ━━"),
        (
            {"output_type": "error", "traceback": ["&lt;class &#39;int&#39;&gt;", "<span class='r'>x</span>"]},
            "error",
            "<class 'int'>\nx",
        ),
    ],
    ids=[
        "pieces",
        "null",
        "no type",
        "data without type",
        "html",
        "html behind the name of an object",
        "no data",
        "error without type",
        "colours",
        "escaped",
    ],
)
def test_output(raw: dict[str, Any], kind: str, text: str, tmp_path: Path) -> None:
    (cell,) = cells_of(tmp_path, notebook(py("a", outputs=[raw])))

    assert [(out.kind, out.text) for out in cell.outputs] == [(kind, text)]


def test_error_of_old_colab(tmp_path: Path) -> None:
    raw = {
        "output_type": "error",
        "ename": "InvalidArgumentError",
        "evalue": "ignored",
        "traceback": ["&lt;ipython&gt;"],
    }
    (cell,) = cells_of(tmp_path, notebook(py("a", outputs=[raw])))

    assert (cell.outputs[0].name, cell.outputs[0].value, cell.outputs[0].text) == (
        "InvalidArgumentError",
        "ignored",
        "<ipython>",
    )


def test_a_long_output_keeps_its_beginning_and_end(tmp_path: Path) -> None:
    bars = "".join(f"\rbarra {number}" for number in range(300_000))
    text = f"Epoch 1/1{bars}\n" + "x" * 3_000_000 + "fin"
    (cell,) = cells_of(tmp_path, notebook(py("a", outputs=[{"output_type": "stream", "text": text}])))
    kept = cell.outputs[0].text

    assert len(kept) < 2_100_000
    assert kept.endswith("xfin")
    assert "barra 299999" in kept


@pytest.mark.parametrize("count", [None, "7", True, 2.5, 3], ids=str)
def test_execution_count(count: Any, tmp_path: Path) -> None:
    (cell,) = cells_of(tmp_path, notebook(py("a", execution_count=count)))

    assert cell.execution_count == (3 if count == 3 else None)


def test_ids_are_fresh_and_the_kernel_is_python(tmp_path: Path) -> None:
    raw = notebook(py("a", id="x"), py("b", id="x"), metadata={"kernelspec": {"name": "tf-gpu-29"}})
    submission = load(write(tmp_path, raw))

    assert len({cell["id"] for cell in submission.notebook["cells"]}) == 2
    assert submission.notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert all(cell["outputs"] == [] for cell in submission.notebook["cells"])


@pytest.mark.parametrize(
    "encoded",
    [
        codecs.BOM_UTF8 + json.dumps(notebook(md("¿Qué?")), ensure_ascii=False).encode(),
        json.dumps(notebook(md("¿Qué?")), ensure_ascii=False).encode("utf-16"),
        json.dumps(notebook(md("¿Qué?")), ensure_ascii=False).encode("cp1252"),
        json.dumps(notebook(md("¿Qué?")), indent=1).replace("\n", "\r\n").encode(),
    ],
    ids=["BOM", "utf-16", "cp1252", "CRLF"],
)
def test_encoding(encoded: bytes, tmp_path: Path) -> None:
    assert [cell.source for cell in cells_of(tmp_path, encoded)] == ["¿Qué?"]


@pytest.mark.parametrize("empty", [notebook(), notebook(None, 3, "x")], ids=["no cells", "no cell that is one"])
def test_an_empty_notebook_is_one(empty: dict[str, Any], tmp_path: Path) -> None:
    assert cells_of(tmp_path, empty) == ()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "must be JSON. Received: an empty file"),
        (
            b"# Pregunta 1\n\nHola",
            "must be JSON. Received: not valid JSON at line 1, text that starts with “# Pregunta 1 Hola”",
        ),
        (b"import os\n", "text that starts with “import os”"),
        (b'{"cells": [', "must be JSON"),
        (b"PK\x03\x04\x00\x00\xff", "must be JSON"),
        (b"[" * 200_000, "nested"),
        (b"9" * 10_000, "must be JSON"),
        (b"[1]", "must be a JSON object. Received: a list"),
        (b"null", "must be a JSON object. Received: null"),
        (b'{"a": 1}', "must have a list of cells. Received: an object with the keys a"),
        (b'{"cells": {}}', "must have a list of cells. Received: a value of type dict"),
    ],
    ids=[
        "empty",
        "markdown",
        "python",
        "cut short",
        "zip",
        "too deep",
        "huge number",
        "list",
        "null",
        "object",
        "cells",
    ],
)
def test_what_is_no_notebook_is_refused(content: bytes, says: str, tmp_path: Path) -> None:
    with pytest.raises(SubmissionError, match=r"^ana\.ipynb: ") as caught:
        load(write(tmp_path, content))

    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_too_large_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(notebook_module, "LARGEST_FILE", 1_000_000)
    with (tmp_path / "x.ipynb").open("wb") as file:
        file.truncate(2_000_000)

    with pytest.raises(SubmissionError, match=r"at most 1 MB\. Received: 2 MB"):
        load(tmp_path / "x.ipynb")


@pytest.mark.parametrize("kind", ["folder", "pipe", "link", "missing"])
def test_what_is_no_file_is_refused_without_waiting(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "x.ipynb"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        path.symlink_to("/etc/hostname")

    with pytest.raises(SubmissionError, match=r"x\.ipynb"):
        load(path)


def test_no_assignment_is_an_empty_one() -> None:
    assert read_assignment([]).cells == ()


# --- any JSON at all --------------------------------------------------------------------------------------------------

BASE = notebook(
    md(HEADINGS["1"]),
    py(
        MARKERS["1"],
        net(),
        outputs=[{"output_type": "stream", "name": "stdout", "text": ["a"]}, {"output_type": "error"}],
    ),
    h("3.1"),
    answer("3.1", "Probabilidades."),
    py("# 3.2: botín", "print('a' + 'b')"),
)
PROMPTS = list(HEADINGS.values())
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30) | st.sampled_from(PROMPTS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def spots(node: Any) -> list[tuple[Any, Any]]:
    """Every place in a document that something else can stand in."""
    keys = list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []
    return [(node, key) for key in keys] + [spot for key in keys for spot in spots(node[key])]


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_notebook_is_read_or_refused_but_never_crashes(data: st.DataObject, tmp_path: Path) -> None:
    document = copy.deepcopy(BASE)
    for _ in range(data.draw(st.integers(1, 3))):
        parent, key = data.draw(st.sampled_from(spots(document)))
        parent[key] = data.draw(ANYTHING)
    with contextlib.suppress(SubmissionError):
        cells_of(tmp_path, document)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    source=st.text(alphabet="#*_>`$<&()[]{}:.,-'\"\\\n\t 13.preguntaáÑ¿?%!", max_size=120),
    kind=st.sampled_from([md, py]),
)
def test_any_text_can_stand_in_a_cell(source: str, kind: Any, tmp_path: Path) -> None:
    cells_of(tmp_path, notebook(md(HEADINGS["3.1"]), kind(source)))
