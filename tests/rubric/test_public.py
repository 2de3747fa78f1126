"""What of a rubric students may have: every key decides, and what the prompt does not state stays behind."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pytest
from secretive import told, write_secretive
from shipped import RUBRIC

from grader.rubric.base import Disclosure
from grader.rubric.criteria import Criterion
from grader.rubric.loading import load_rubric
from grader.rubric.public import states, without_answers
from grader.rubric.rules import broken_rules


def test_a_key_that_does_not_say_what_it_tells_is_no_key() -> None:
    with pytest.raises(TypeError, match=r"Leaky\.width must be annotated with a Disclosure"):

        class Leaky(Criterion):
            messages: ClassVar[Disclosure] = Disclosure.STATED
            check: Annotated[Literal["leaky"], Disclosure.PUBLIC]
            width: int


def test_a_check_that_does_not_say_what_its_messages_tell_is_no_check() -> None:
    with pytest.raises(TypeError, match=r"Talkative\.messages must be a Disclosure"):

        class Talkative(Criterion):
            check: Annotated[Literal["talkative"], Disclosure.PUBLIC]


@pytest.mark.parametrize(
    ("prompt", "value", "stated"),
    [
        pytest.param("una capa de 128 neuronas", [128], True, id="a width"),
        pytest.param("128 y 64 neuronas", [64, 128], True, id="two widths"),
        pytest.param("una capa de 128 neuronas", [128, 64], False, id="one width of two"),
        pytest.param("1280 neuronas", 128, False, id="part of a longer number"),
        pytest.param("100 épocas", 10, False, id="the beginning of a number"),
        pytest.param("tasa 0.10", 10, False, id="decimals"),
        pytest.param("lotes de 64.", 64, True, id="before a full stop"),
        pytest.param("son diez neuronas", 10, True, id="in Spanish words"),
        pytest.param("ten units", 10, True, id="in English words"),
        pytest.param("activación Sigmoide", "sigmoid", True, id="another language's ending"),
        pytest.param("optimizador ADAM", "Adam", True, id="capitals"),
        pytest.param("el optimizador", "Adam", False, id="not named"),
        pytest.param("llegue al 40 %", 0.4, True, id="a percentage"),
        pytest.param("llegue a 0,40", 0.4, True, id="a decimal comma"),
        pytest.param("llegue a 0.45", 0.4, False, id="another share"),
        pytest.param("140 %", 0.4, False, id="another percentage"),
    ],
)  # fmt: skip
def test_what_a_prompt_states(prompt: str, value: Any, stated: bool) -> None:
    assert states(prompt, value) is stated


def test_nothing_unstated_is_left(tmp_path: Path) -> None:
    rubric = load_rubric(write_secretive(tmp_path))
    public = without_answers(rubric)
    assert told(rubric.model_dump_json())
    assert told(public.model_dump_json()) == []
    assert list(broken_rules(public.model_dump())) == []
    assert [question.points for question in public.questions] == [5, 3]


def test_what_the_prompt_states_is_left(tmp_path: Path) -> None:
    first = without_answers(load_rubric(write_secretive(tmp_path))).questions[0]
    kinds = [getattr(criterion, "check") for criterion in first.criteria]  # noqa: B009
    assert [kind for kind in kinds if kind != "withheld"] == ["hidden_activation", "predicted_class"]
    assert first.criteria[1].title == {"en": "The selu activation"}


def test_a_rubric_without_answers_stays_as_it_is() -> None:
    public = without_answers(RUBRIC)
    assert without_answers(public) == public


def test_the_shipped_rubric_withholds_its_prose_and_nothing_else() -> None:
    rubric = RUBRIC
    pairs = [
        (before, after)
        for question, left in zip(rubric.questions, without_answers(rubric).questions, strict=True)
        for before, after in zip(question.criteria, left.criteria, strict=True)
    ]
    for before, after in pairs:
        assert after.check == ("withheld" if before.check == "concept" else before.check)
        assert after.points == before.points
