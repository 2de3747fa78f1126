"""The optional language model: what it is told, and that nothing it does can harm."""

from __future__ import annotations

import json
import threading
from pathlib import Path

import pytest
from desks import Served, served
from review_fixtures import desk, graded_out, out  # noqa: F401
from stand_in_model import StandIn
from waiting import wait_until

from grader.reports.translation import Translator
from grader.review import second_opinion
from grader.review.second_opinion import Idea, LanguageModel

IDEAS = [Idea("name", "The name", "It is called overfitting."), Idea("how", "How it works", "It memorises.")]
TEXT = Translator("en").text


def ask(
    model: LanguageModel, answer: str = "Es sobreajuste.", names: tuple[str, ...] = ()
) -> second_opinion.SecondOpinion:
    return model.opinion("¿Cómo se llama?", IDEAS, answer, names)


def test_each_idea_gets_a_view_and_the_same_is_asked_once() -> None:
    with StandIn() as service:
        model = LanguageModel(service.url, "any", key="secret")
        views = ask(model).views
        assert {check: view.share for check, view in views.items()} == {"name": 1.0, "how": 1.0}
        ask(model)
        assert len(service.asked) == 1
        assert service.asked[0]["model"] == "any"
        assert service.headers[0]["Authorization"] == "Bearer secret"


def test_no_name_and_no_id_is_sent(out: Path) -> None:
    with StandIn() as service, served(out, model=LanguageModel(service.url, "any")) as desk:
        browser = desk.browser()
        for name in desk.room.results:
            browser.post("/opinion", {"s": desk.room.code(name), "q": "8.3"})
        sent = json.dumps(service.asked)
        assert service.asked
        assert not [name for name in desk.room.results if name in sent or desk.room.code(name) in sent]


def test_a_name_that_stands_in_the_answer_is_taken_out() -> None:
    with StandIn() as service:
        ask(
            LanguageModel(service.url, "any"), "Soy Alba Roble y creo que la red llama", names=("alba_roble_red_llama",)
        )
        sent = service.asked[0]["messages"][1]["content"]
        assert "alba" not in sent.lower()
        assert "roble" not in sent.lower()
        assert "creo que la" in sent
        assert "llama" in sent, "a word of the question's own stays"


@pytest.mark.parametrize(
    ("service", "problem"),
    [
        pytest.param({"status": 500}, "status 500", id="an error of its own"),
        pytest.param({"reply": "I would say yes."}, "cannot be read", id="no JSON"),
        pytest.param({"reply": '{"ideas": [{"id": "other", "expressed": "yes"}]}'}, "cannot be read", id="other ideas"),
        pytest.param({"reply": '{"ideas": [{"id": "name", "expressed": 7}]}'}, "cannot be read", id="no view"),
        pytest.param({"reply": '{"ideas": "all"}'}, "cannot be read", id="other JSON"),
        pytest.param({"seconds": 1.0}, "did not answer in time", id="too slow"),
    ],
)
def test_what_goes_wrong_is_shown(service: dict[str, object], problem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_opinion, "_SECONDS", (0.5, 0.3))
    with StandIn(**service) as stand_in:  # type: ignore[arg-type]
        found = ask(LanguageModel(stand_in.url, "any"))
    assert found.views == {}
    assert found.problem is not None
    assert problem in TEXT(found.problem)


def test_a_service_that_is_not_there_is_named() -> None:
    found = ask(LanguageModel("http://127.0.0.1:9", "any"))
    assert found.problem is not None
    assert TEXT(found.problem) == "No second opinion: the service cannot be reached"


def test_a_slow_model_keeps_nobody_waiting(out: Path) -> None:
    with StandIn(seconds=2.0) as service, served(out, model=LanguageModel(service.url, "any")) as desk:
        one, two = desk.browser(), desk.browser()
        code = desk.room.code(sorted(desk.room.results)[0])
        asking = threading.Thread(target=one.post, args=("/opinion", {"s": code, "q": "8.3"}))
        asking.start()
        wait_until(lambda: service.asked)
        assert two.get("/").elapsed.total_seconds() < 1.5
        asking.join(30)


def test_without_a_model_nothing_is_asked(desk: Served) -> None:
    code = desk.room.code(sorted(desk.room.results)[0])
    assert desk.browser().post("/opinion", {"s": code, "q": "8.3"}).status_code == 404
    assert "data-model" not in desk.browser().get("/open?q=8.3").text
