"""What is wrong with a command, in the language of whoever typed it."""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from course import RUBRIC, Run

from grader.cli.wording import reader_language, told
from grader.errors import DataError, GraderError, Phrase, SandboxError, UsageError
from grader.records import say

SPANISH = ("--language", "es")


@pytest.fixture(autouse=True)
def english_system(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "C.UTF-8")


@pytest.mark.parametrize(
    ("system", "given", "language"),
    [
        pytest.param("C.UTF-8", ["doctor"], "en", id="nothing is known"),
        pytest.param("es_ES.UTF-8", ["doctor"], "es", id="the system's"),
        pytest.param("de_DE.UTF-8", ["doctor"], "en", id="a system's that the grader does not speak"),
        pytest.param("es_ES.UTF-8", ["grade", "--language=en"], "en", id="the command's before the system's"),
        pytest.param("C.UTF-8", ["grade", "x", "--rubric", "fashion_mnist"], "es", id="the rubric's, by name"),
        pytest.param("C.UTF-8", ["rubric", "check", "fashion_mnist"], "es", id="the rubric's, as an argument"),
        pytest.param("C.UTF-8", ["grade", "--language", "en", "--rubric", "fashion_mnist"], "en", id="the command's"),
        pytest.param("C.UTF-8", ["grade", "--rubric", "/nowhere.yaml", "--language", "xx"], "en", id="nonsense"),
    ],
)
def test_whose_language(system: str, given: list[str], language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANG", system)
    assert reader_language(given) == language


def test_the_language_is_seen_in_a_rubrics_file(tmp_path: Path) -> None:
    file = tmp_path / "rubric.yaml"
    file.write_text("language: 'es'  # as it was written\n" + RUBRIC.replace("language: en", ""), encoding="utf-8")
    assert reader_language(["grade", f"--rubric={file}"]) == "es"
    file.write_bytes(b"\xff\xfe")
    assert reader_language(["grade", f"--rubric={file}"]) == "en"


def test_a_command_speaks_one_language_for_all_its_life(run: Callable[..., Run], tmp_path: Path) -> None:
    """That of the rubric which it was given, also where it was given the folder with it, or copies it."""
    out = str(tmp_path / "mine")
    for said in ("Edítala", "error: "):
        done = run("rubric", "copy", "fashion_mnist", "--out", out)
        assert said in done.out + done.err
        assert "Received" not in done.err
    (tmp_path / "mine" / "fashion_mnist.yaml").rename(tmp_path / "mine" / "rubric.yaml")
    (tmp_path / "a.ipynb").write_text("{}")
    for words in (["--rubric", out], ["--rubric", f"{out}/rubric.yaml", "--html", "/nowhere/x"]):
        assert "Recibido: " in run("check", str(tmp_path / "a.ipynb"), *words).err


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (["grade"], "Falta el argumento 'FOLDER'. Recibido: grade --language es"),
        (["grade", "x"], "Falta la opción '--rubric'. Recibido: "),
        (["grade", "x", "--ou", "y"], "No hay ninguna opción --ou (opciones parecidas: --only, --out). Recibido: "),
        (
            ["grade", "x", "--workers", "0"],
            "Valor no válido de '--workers': debe ser un número entero > 0. Recibido: '0'",
        ),
        (["grade", "x", "--sandbox", "no"], "debe ser uno de estos: bwrap, none. Recibido: 'no'"),
        (["check", "a", "b", "--rubric", "fashion_mnist"], "Sobran argumentos (b). Recibido: check a b"),
        (["grade", "x", "--regrade=3"], "La opción '--regrade' no admite ningún valor. Recibido: "),
        (["grade", "--rubric", "fashon"], "(fashion_mnist). Recibido: 'fashon' (¿quizá fashion_mnist?)"),
        (["check", "/nada.ipynb", "--rubric", "fashion_mnist"], "NOTEBOOK debe ser un archivo. Recibido: /nada.ipynb"),
        (["report", "/nada"], "OUT debe ser la carpeta de una clase ya corregida. Recibido: /nada, sin gradebook.db"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_spanish_reader_is_told_in_spanish(run: Callable[..., Run], words: list[str], wanted: str) -> None:
    done = run(*words, *SPANISH)
    assert done.code == 2
    assert wanted in done.err
    assert done.err.count("\n") == 1
    assert "Received" not in done.err


def test_a_mistyped_command_is_told_in_the_systems_language(
    run: Callable[..., Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANG", "es_MX.UTF-8")
    assert run("grad").err == "error: No hay ninguna orden 'grad' (¿quizá 'grade'?). Recibido: grad\n"


@pytest.mark.parametrize(
    ("error", "english", "spanish"),
    [
        pytest.param(
            UsageError("--out must be a folder that is new or empty. Received: {out}", out=Path("/a {b} {{c}}")),
            "--out must be a folder that is new or empty. Received: /a {b} {{c}}",
            "--out debe ser una carpeta nueva o vacía. Recibido: /a {b} {{c}}",
            id="braces in a path",
        ),
        pytest.param(
            DataError("--data must be {forms}. Received: {given}, without {missing}", forms=Phrase("other labels"), given="x", missing="y"),
            "--data must be other labels. Received: x, without y",
            "--data debe ser otras etiquetas. Recibido: x, sin y",
            id="a phrase in a phrase",
        ),
        pytest.param(
            UsageError("NOTEBOOK must be one that Jupyter can open. {reason}", reason=say("No answer was found.")),
            "NOTEBOOK must be one that Jupyter can open. No answer was found.",
            "NOTEBOOK debe ser un cuaderno que Jupyter pueda abrir. No se encontró ninguna respuesta.",
            id="a message in a phrase",
        ),
        pytest.param(
            SandboxError("{rule}. Received: {reason}", rule=Phrase("--port must be one that is free"), reason=OSError(5)),
            "--port must be one that is free. Received: 5",
            "--port debe ser un puerto libre. Recibido: 5",
            id="an exception",
        ),
        pytest.param(GraderError("{not} known {{"), "{not} known {{", "{not} known {{", id="a text that nobody translated"),
    ],
)  # fmt: skip
def test_errors_speak_both_languages_also_after_a_journey(error: GraderError, english: str, spanish: str) -> None:
    for one in (error, pickle.loads(pickle.dumps(error))):
        assert str(one) == english
        assert told(one, []) == english
        assert told(one, SPANISH) == spanish


def test_what_the_system_says_of_a_file_is_translated(run: Callable[..., Run]) -> None:
    done = run("grade", "/nada", "--rubric", "fashion_mnist", "--out", "/tmp/x", *SPANISH)
    assert re.search(r"Recibido: /nada \(no existe\)$", done.err.strip())
