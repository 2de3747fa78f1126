"""A wrong rubric is refused before anything runs, with file, line, rule and what was received."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from conftest import ROOT

from grader.errors import RubricError
from grader.rubric.loading import load_rubric

SHIPPED = ROOT / "rubrics" / "fashion_mnist.yaml"

BROKEN: Mapping[str, tuple[str, str, str]] = {
    "negative points": ("points: 0.75", "points: -1", "'points' must be > 0. Received: -1"),
    "points that do not add up in a question": (
        "points: 0.75",
        "points: 0.5",
        "sum of its criteria's points. Received: 3.5, sum 3.25",
    ),
    "points that do not add up in all": (
        "points: 10\n",
        "points: 11\n",
        "sum of the questions' points. Received: 11, sum 10",
    ),
    "text for a number": ("units: [128]", "units: [many]", "Received: 'many'"),
    "an unknown check": ("check: optimizer", "check: optimiser", "'check' must be one of"),
    "an unknown key": ("above: 0.8", "abbove: 0.8", "Received: 'abbove' (did you mean 'above'?)"),
    "a question that is not there": (
        'model_of: "1"',
        'model_of: "77"',
        "'model_of' must name a question. Received: '77'",
    ),
    "a share above one": ("above: 0.8", "above: 8", "'above' must be < 1. Received: 8"),
    "a language nobody speaks": ("language: es", "language: xx", "Received: 'xx'"),
    "two questions of one id": ('id: "3.2"', 'id: "3.1"', "'id' must be unique. Received: '3.1'"),
    "a network that nothing describes": (
        "    training:\n      hidden: [512]\n",
        "",
        "question 4.1 must have 'training', which says of which network 'network_trained' is. Received: nothing",
    ),
    "a reference to a question without a network": (
        'model_of: "1"',
        'model_of: "4.3"',
        "'model_of' must name a question that has 'training', which says what network it is. Received: '4.3'",
    ),
    "broken YAML": ("title:", "title: [", "a rubric must be valid YAML"),
}


def beside_its_files(folder: Path) -> Path:
    """Where a changed copy of the shipped rubric finds what it names."""
    (folder / "reference").symlink_to(SHIPPED.parents[1] / "reference")
    (folder / "rubrics").mkdir()
    (folder / "rubrics" / "answers").symlink_to(SHIPPED.parent / "answers")
    return folder / "rubrics" / "x.yaml"


@pytest.mark.parametrize("fault", BROKEN)
def test_wrong_rubric_is_refused(fault: str, tmp_path: Path) -> None:
    before, after, rule = BROKEN[fault]
    text = SHIPPED.read_text(encoding="utf-8")
    assert before in text
    path = beside_its_files(tmp_path)
    path.write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(RubricError) as caught:
        load_rubric(path)
    assert rule in str(caught.value)
    file, line, _ = str(caught.value).split(":", 2)
    assert file == str(path)
    changed = text[: text.index(before)].count("\n") + 1
    assert abs(int(line) - changed) <= 40
    assert int(line) >= 1


def test_the_line_is_that_of_the_fault(tmp_path: Path) -> None:
    text = SHIPPED.read_text(encoding="utf-8").replace("points: 0.75", "points: -1", 1)
    path = beside_its_files(tmp_path)
    path.write_text(text, encoding="utf-8")
    with pytest.raises(RubricError, match=f"x.yaml:{text[: text.index('points: -1')].count(chr(10)) + 1}: "):
        load_rubric(path)


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff\xfe", b"{", b"a: &a [*a]"])
def test_what_is_no_rubric_at_all_is_one_clear_error(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_bytes(content)
    with pytest.raises(RubricError, match=r"x\.yaml:\d+: "):
        load_rubric(path)


@pytest.mark.parametrize(
    ("kinds", "losses"),
    [
        ([("callback_stops", 0.4), ("callback_waits", 0.4)], (0.4,)),
        ([("callback_waits", 0.3)], (0.3,)),
        ([("callback_stops", 0.4), ("callback_waits", 0.3), ("callback_stops", 0.2)], (0.4, 0.3, 0.2)),
        ([], ()),
    ],
)
def test_every_loss_at_which_a_callback_is_to_stop_or_wait_is_known(
    kinds: list[tuple[str, float]], losses: tuple[float, ...]
) -> None:
    rubric = load_rubric(SHIPPED)
    known = {item.id: item for item in rubric.question("9").criteria}
    questions = [
        rubric.question("9").model_copy(update={"criteria": [known[kind].model_copy(update={"loss": loss})]})
        for kind, loss in kinds
    ]
    assert rubric.model_copy(update={"questions": questions}).stopping_losses == losses


def test_the_shipped_rubric_is_worth_ten_points() -> None:
    rubric = load_rubric(SHIPPED)
    assert rubric.points == 10
    assert [question.id for question in rubric.questions] == (
        ["1", "2", "3.1", "3.2", "4.1", "4.2", "4.3", "5.1", "5.2", "6", "7.1", "7.2", "8.1", "8.2", "8.3", "9"]
    )
    assert all(
        criterion.hint.get("es") and criterion.title.get("en") for q in rubric.questions for criterion in q.criteria
    )


MARKED = 'question: "3.1"\nanswers:\n  - marks: {probabilities: 1}\n    answer: Son probabilidades.\n'
WRONG_MARKED_ANSWERS = {
    "no such concept": (MARKED.replace("probabilities:", "probs:"), r"3\.1\.yaml:3: 'marks' must name concepts"),
    "no such question": (MARKED.replace("3.1", "33"), r"3\.1\.yaml:1: 'question' must be one of the rubric's"),
    "more than all points": (MARKED.replace("s: 1", "s: 2"), r"3\.1\.yaml:3: 'probabilities'"),
    "no YAML": ("a: [", r"3\.1\.yaml:\d: marked answers must be valid YAML"),
}


def rubric_with_marked_answers(folder: Path, content: str | None) -> Path:
    path = folder / "rubric.yaml"
    text = SHIPPED.read_text(encoding="utf-8").replace(
        "marked_answers: answers/fashion_mnist", "marked_answers: marked"
    )
    text = text.replace("../reference", "reference")
    if not (folder / "reference").exists():
        (folder / "reference").symlink_to(SHIPPED.parents[1] / "reference")
    path.write_text(text, encoding="utf-8")
    (folder / "marked").mkdir(exist_ok=True)
    if content is not None:
        (folder / "marked" / "3.1.yaml").write_text(content, encoding="utf-8")
    return path


@pytest.mark.parametrize(("content", "rule"), WRONG_MARKED_ANSWERS.values(), ids=WRONG_MARKED_ANSWERS.keys())
def test_wrong_marked_answers_are_refused_with_their_line(content: str, rule: str, tmp_path: Path) -> None:
    with pytest.raises(RubricError, match=rule):
        load_rubric(rubric_with_marked_answers(tmp_path, content))


def test_a_folder_without_marked_answers_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RubricError, match=r"rubric\.yaml:\d+: 'marked_answers' must name a folder"):
        load_rubric(rubric_with_marked_answers(tmp_path, None))


def test_answers_kept_for_measuring_are_not_learned_from(tmp_path: Path) -> None:
    other = '  - {split: measure, marks: {probabilities: 0}, answer: "Son los pesos."}\n'
    rubric = load_rubric(rubric_with_marked_answers(tmp_path, MARKED + other))
    assert rubric.examples("3.1", "probabilities") == (("Son probabilidades.", 1.0),)
    assert rubric.examples("3.1", "one_per_class") == ()


def test_another_marked_answer_is_another_rubric(tmp_path: Path) -> None:
    digests = {
        load_rubric(rubric_with_marked_answers(tmp_path, content)).sha256
        for content in (MARKED, MARKED.replace("Son", "Eran"))
    }
    assert len(digests) == 2
