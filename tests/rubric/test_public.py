"""What of a rubric students may have: every key decides, and what the prompt does not state stays behind."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, ClassVar, Literal

import pytest
from secretive import told, write_secretive
from shipped import RUBRIC

from grader.rubric.base import Disclosure
from grader.rubric.criteria import Criterion
from grader.rubric.loading import load_rubric
from grader.rubric.public import disclosed, without_answers
from grader.rubric.rubric import Rubric
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


CLASS = """\
title: {es: Prueba}
language: es
points: 4
classes: [[a], [b], [c], [d], [e], [f], [g], [h], [i], [j]]
questions:
  - id: "1"
    title: {es: QTITLE}
    prompt: PROMPT
    points: 3
    training: {hidden: [512], epochs: 100}
    criteria:
      - {check: hidden_layers, points: 1, units: [512], title: {es: CTITLE}}
      - {check: epochs, points: 1, epochs: 100}
      - {check: optimizer, points: 1, name: Nadam, hint: {es: HINT}}
  - id: "2"
    title: {es: OTHER}
    prompt: Entrenar de nuevo.
    points: 1
    training: {vectorised: false}
    criteria:
      - {check: expected_error, points: 1, mistake: not_vectorised, hint: {es: OTHERHINT}}
"""


def kit_of(folder: Path, **texts: str) -> tuple[str, Rubric]:
    """The public rubric of a class with these texts, as JSON too."""
    filled = {
        "QTITLE": "Red",
        "PROMPT": "Entrenar la red de clase.",
        "CTITLE": "",
        "HINT": "",
        "OTHER": "Otra",
        "OTHERHINT": "",
    }
    text = CLASS
    for name, words in sorted({**filled, **texts}.items(), key=lambda item: -len(item[0])):
        text = text.replace(f"{{es: {name}}}", f"{{es: {words!r}}}" if words else "{}").replace(
            f": {name}\n", f": {words!r}\n"
        )
    (folder / "rubric.yaml").write_text(text, encoding="utf-8")
    public = without_answers(load_rubric(folder / "rubric.yaml"))
    return public.model_dump_json(), public


@pytest.mark.parametrize("place", ["QTITLE", "CTITLE", "HINT", "OTHER", "OTHERHINT"])
@pytest.mark.parametrize(
    "words",
    ["512 neuronas", "Capa de quinientas doce", "Five hundred and twelve", "Red512", "Con cien épocas", "Hasta 100", "a hundred epochs",
     "Usa nadam", "Sin vectores", "No son vector"],
)  # fmt: skip
def test_no_text_gives_away_a_value_of_any_question(words: str, place: str, tmp_path: Path) -> None:
    assert words not in kit_of(tmp_path, **{place: words})[0]


@pytest.mark.parametrize(
    "words", ["Una red con 256 neuronas", "100 imágenes", "Otra pregunta más", "Mil gracias", "Adam no"]
)
@pytest.mark.parametrize("place", ["QTITLE", "CTITLE", "HINT", "OTHER", "OTHERHINT"])
def test_texts_that_give_nothing_away_stay(words: str, place: str, tmp_path: Path) -> None:
    assert words in kit_of(tmp_path, **{place: words})[0]


def test_what_the_prompt_states_may_be_a_title(tmp_path: Path) -> None:
    _, public = kit_of(tmp_path, PROMPT="Con quinientas doce neuronas ocultas.", QTITLE="512 neuronas")
    assert public.questions[0].title == {"es": "512 neuronas"}
    assert public.questions[0].criteria[0].check == "hidden_layers"


def test_a_hidden_title_is_replaced_by_the_questions_number(tmp_path: Path) -> None:
    assert kit_of(tmp_path, QTITLE="512 neuronas")[1].questions[0].title == {"es": "Pregunta 1"}


def test_a_width_that_is_the_number_of_classes_is_told_of_an_output_layer_only(tmp_path: Path) -> None:
    text = CLASS.replace("512", "10").replace(
        "{check: optimizer, points: 1, name: Nadam,", "{check: output_layer, points: 1, units: 10, activation: selu,"
    )
    (tmp_path / "rubric.yaml").write_text(
        text.replace("PROMPT", "Usa selu.").replace("HINT", "Diez neuronas"), encoding="utf-8"
    )
    criteria = without_answers(load_rubric(tmp_path / "rubric.yaml")).questions[0].criteria
    assert [(criterion.check, criterion.hint) for criterion in criteria] == [
        ("withheld", {}),
        ("withheld", {}),
        ("output_layer", {}),
    ]


def test_what_is_told_is_listed_with_the_words_that_tell_it(tmp_path: Path) -> None:
    kit_of(tmp_path, PROMPT="Con quinientas doce neuronas y Nadam.")
    told_of = disclosed(load_rubric(tmp_path / "rubric.yaml"))
    assert [(one.question, one.key, one.because) for one in told_of] == [
        ("1", "units", "quinientas doce neuronas"),
        ("1", "name", "Nadam"),
        ("1", "hidden", "quinientas doce neuronas"),
    ]


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


def test_the_shipped_rubric_withholds_its_prose_and_the_mistake_that_explains_an_error() -> None:
    rubric = RUBRIC
    pairs = [
        (before, after)
        for question, left in zip(rubric.questions, without_answers(rubric).questions, strict=True)
        for before, after in zip(question.criteria, left.criteria, strict=True)
    ]
    for before, after in pairs:
        assert after.check == ("withheld" if before.check in ("concept", "expected_error") else before.check)
        assert after.points == before.points
