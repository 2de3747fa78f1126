"""Whatever the desk refuses, it says why in the class's language."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
import requests
from desks import RUBRIC, Browser, Served, served
from written_class import make_class, make_results

from grader.review.classroom import Classroom

HX = {"HX-Request": "true"}


@pytest.fixture(scope="module")
def spanish(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    out = tmp_path_factory.mktemp("spanish")
    make_class(out, list(make_results(RUBRIC, {}, 1)), RUBRIC, language="es").close()
    with served(out) as desk:
        yield desk


@pytest.fixture(scope="module")
def browser(spanish: Served) -> Browser:
    return spanish.browser()


def one_criterion(desk: Served) -> dict[str, object]:
    (name,) = desk.room.results
    check = next(key[2] for key in desk.room.keys_of(name) if key[1] == "2")
    return {"s": desk.room.code(name), "q": "2", "c": check, "seen": 0}


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        pytest.param("/question?q=99", 404, "No existe esa pregunta.", id="question"),
        pytest.param("/open?q=", 404, "No existe esa pregunta.", id="what is left of a question"),
        pytest.param("/group?q=2&g=none", 404, "Ese grupo ya no existe: la clase se ha vuelto a corregir.", id="group"),
        pytest.param("/submission?s=nobody", 404, "No existe esa entrega.", id="submission"),
        pytest.param("/report?s=nobody", 404, "No existe esa entrega.", id="nobody's report"),
        pytest.param("/comments?s=nobody", 404, "No existe esa entrega.", id="comments"),
        pytest.param("/nowhere", 404, "No existe esa página.", id="no page"),
        pytest.param("/static/other.js", 404, "No existe esa página.", id="no file"),
        pytest.param("/mark", 405, "No existe esa página.", id="a deed's address"),
    ],
)
def test_an_error_page_is_a_page_of_the_desk_in_its_language(
    path: str, status: int, told: str, browser: Browser
) -> None:
    answer = browser.get(path)
    page = unescape(answer.text)
    assert answer.status_code == status
    assert f"<h1>{told}</h1>" in page
    assert '<html lang="es">' in page
    assert 'href="/"' in page
    assert browser.session.get(browser.root + path, headers=HX, timeout=30).text == told


@pytest.mark.parametrize(
    ("path", "form", "told"),
    [
        pytest.param("/decide", {"give": "more"}, "Se ha recibido: more.", id="decide"),
        pytest.param("/who", {"who": " "}, "Quien corrige debe tener un nombre.", id="who"),
        pytest.param("/who", {"who": "x" * 200_000}, "Un formulario debe ser UTF-8 y corto.", id="a form without end"),
        pytest.param("/shared", {"as": "<b>"}, "given, own. Se ha recibido: <b>.", id="shared"),
        pytest.param("/opinion", {"q": "2"}, "No se ha indicado ningún modelo de lenguaje.", id="opinion"),
        pytest.param("/mark", {"c": "none"}, "No existe ese criterio.", id="criterion"),
        pytest.param(
            "/mark",
            {},
            "Un comentario se guarda con los puntos; hasta entonces sigue en su casilla.",
            id="without points",
        ),
    ],
)
def test_what_cannot_be_done_is_told_in_its_language(
    path: str, form: dict[str, object], told: str, spanish: Served, browser: Browser
) -> None:
    answer = browser.post(path, one_criterion(spanish) | form, **HX)
    assert answer.status_code in (400, 404)
    assert told in answer.text


@pytest.mark.parametrize("points", ["abc", "-1", "0,6", "nan", "1e999", "½"])
def test_points_that_cannot_be_given_are_told_with_what_is_allowed(
    points: str, spanish: Served, browser: Browser
) -> None:
    answer = browser.post("/mark", one_criterion(spanish) | {"exact": points}, **HX)
    assert answer.status_code == 400
    assert answer.text == f"Los puntos deben ser un número de 0 a 0,5. Se ha escrito: {points}."
    assert spanish.room.marks == {}


def test_who_has_no_token_is_told_in_its_language(spanish: Served) -> None:
    told = "Abre la dirección completa que ha mostrado grader review."
    assert requests.get(spanish.root + "/", timeout=10).text == told
    assert requests.get(spanish.address + "x", timeout=10).text == told
    other = requests.get(spanish.root + "/", headers={"Host": "evil.example"}, timeout=10)
    assert other.text == "La mesa solo responde a 127.0.0.1 y a localhost."


def test_what_fails_at_the_desk_is_told_in_its_language(
    spanish: Served, browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: Classroom) -> None:
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(Classroom, "refresh", fail)
    answer = browser.get("/")
    assert answer.status_code == 500
    assert answer.text.startswith("La mesa ha fallado al hacer esto.")
    assert "disk" not in answer.text


def test_an_english_desk_speaks_english(tmp_path: Path) -> None:
    make_class(tmp_path, list(make_results(RUBRIC, {}, 1)), RUBRIC, language="en").close()
    with served(tmp_path) as desk:
        assert "<h1>There is no such page.</h1>" in desk.browser().get("/nowhere").text
        told = desk.browser().post("/mark", one_criterion(desk) | {"exact": "0.6"}, **HX).text
    assert told == "Points must be a number from 0 to 0.5. Received: 0.6."
