"""The rubric: what is asked, how it is recognised, and what each criterion is worth. Read from YAML, fully validated.

A rubric is refused before anything runs. Every refusal reads ``file:line: rule. Received: value``.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import re
import reprlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError

from grader.errors import RubricError

LARGEST_FILE = 500_000
"""Bytes of a rubric file."""
DEEPEST = 50
"""Brackets in one another."""
MOST_VALUES = 200_000
"""Values in a rubric, those behind an alias counted each time they are used."""
MOST_SEQUENCES = 20_000
"""Sequences of words that one alternative of a way may stand for, its names in capitals replaced."""

Language = Literal["es", "en"]
Text = dict[Language, str]
"""The same text in each language."""

Points = Annotated[float, Field(gt=0)]
Width = Annotated[int, Field(gt=0)]


class Strict(BaseModel):
    """Base of all rubric parts: unknown keys are errors, values cannot change."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Limits(Strict):
    """What one submission may use. Reaching one gives a `partial` result that still grades what ran."""

    seconds_per_cell: float = Field(900, gt=0, description="Wall time of one cell, in seconds.")
    seconds_per_submission: float = Field(3600, gt=0, description="Wall time of one notebook, in seconds.")
    memory_mb: int = Field(6000, gt=0, description="Resident memory of the kernel and all its children, in MB.")
    output_mb: float = Field(20, gt=0, description="What all cells together may print or show, in MB.")
    files_mb: int = Field(1000, gt=0, description="What may be written to disk, in MB.")
    processes: int = Field(256, gt=0, description="Processes at one time.")


class Selector(Strict):
    """How a question's training is recognised, wherever it stands and whatever it is called."""

    hidden: list[Width] | None = Field(None, description="Widths of the hidden dense layers.")
    epochs: int | None = Field(None, gt=0, description="Epochs that the network was trained.")
    vectorised: bool | None = Field(None, description="False: the images reach the dense layers unflattened.")
    outputs_other_than: Width | None = Field(None, description="The output layer has another width than this.")
    own_callback: bool | None = Field(None, description="A callback class of the student's own is passed.")


class Criterion(Strict):
    """What all criteria have in common."""

    id: str = Field("", description="Unique in its question; the check's name where left out.")
    points: Points
    title: Text = Field(default_factory=dict, description="What is looked at, in a few words.")
    expected: Text = Field(default_factory=dict, description="What would have earned the points.")
    hint: Text = Field(default_factory=dict, description="Shown when points are lost; helps without giving the answer.")
    public: bool = Field(True, description="Shown by a student's own `grader check`.")


class OfNetwork(Criterion):
    """Looks at the network that its question trains, and that the question's `training` describes."""


class HiddenLayers(OfNetwork):
    """The hidden dense layers have exactly these widths."""

    check: Literal["hidden_layers"]
    units: list[Width]


class HiddenActivation(OfNetwork):
    """Every hidden dense layer has this activation."""

    check: Literal["hidden_activation"]
    activation: str


class OutputLayer(OfNetwork):
    """The last dense layer has this width and activation."""

    check: Literal["output_layer"]
    units: Width
    activation: str


class Optimizer(OfNetwork):
    """The network was compiled with this optimizer."""

    check: Literal["optimizer"]
    name: str


class Epochs(OfNetwork):
    """The question's training ran for exactly this number of epochs."""

    check: Literal["epochs"]
    epochs: int = Field(gt=0)


class BatchSize(OfNetwork):
    """The question's training used batches of this size."""

    check: Literal["batch_size"]
    batch_size: int = Field(gt=0)


class EpochLog(OfNetwork):
    """The outputs saved in the file show loss and accuracy of every epoch."""

    check: Literal["epoch_log"]


class TestAccuracy(OfNetwork):
    """Accuracy on the real test set, recomputed by the grader, is above this share."""

    check: Literal["test_accuracy"]
    above: float = Field(gt=0, lt=1)


class Evaluated(Criterion):
    """The model of another question was evaluated on the real test set."""

    check: Literal["evaluated"]
    model_of: str


class PredictedClass(Criterion):
    """The class named for the first test image is what these questions' models predict."""

    check: Literal["predicted_class"]
    models_of: list[str] = Field(min_length=1)


class NetworkTrained(OfNetwork):
    """The network of another question, with other hidden widths or another number of epochs, was trained."""

    check: Literal["network_trained"]
    like: str
    units: list[Width] | None = None
    epochs: int | None = Field(None, gt=0)


class ExpectedError(Criterion):
    """Training without making the images vectors was tried, and its error is in the saved outputs."""

    check: Literal["expected_error"]
    mistake: Literal["not_vectorised"]


def _check_way(way: str, info: ValidationInfo) -> str:
    """Refuse a way that cannot be read, with the rule it breaks."""
    words = info.data.get("words", {})
    problem = next(_problems_of_way(way, words if isinstance(words, dict) else {}), None)
    if problem is not None:
        raise PydanticCustomError("way", "{rule}", {"rule": problem})
    return way


def _check_words(words: dict[str, list[str]]) -> dict[str, list[str]]:
    for name, alternatives in words.items():
        if not re.fullmatch(r"[A-Z][A-Z_]+", name):
            raise PydanticCustomError("word_name", "a name in 'words' must be two or more capital letters")
        if not alternatives or any(not word.strip() or re.search(r"[|&+*]|[A-Z]{2}", word) for word in alternatives):
            raise PydanticCustomError("word_list", "each name in 'words' must list plain words in small letters")
    return words


Way = Annotated[str, AfterValidator(_check_way)]


class Concept(Criterion):
    """An idea that the student's prose has to express.

    A way is a phrase such as ``LOSS & TEST & sube|aumenta``: ``|`` parts words that mean the same, ``&`` joins words
    that stand in one clause in any order, ``+`` joins clauses of one sentence. Words of one alternative stand in that
    order with at most three others between (``no generaliza``). A name in capitals stands for its list in `words`.
    Accents, endings and small typos do not matter; a word after a negation counts only where the way itself says
    ``no``.
    """

    check: Literal["concept"]
    words: Annotated[dict[str, list[str]], AfterValidator(_check_words)] = Field(
        default_factory=dict, description="Names in capitals for lists of words, for use in ways."
    )
    given: list[Way] = Field(
        default_factory=list,
        description="Turns of phrase that everyone takes from the question; they count for nothing.",
    )
    ways: list[Way] = Field(min_length=1, description="Each of these phrases expresses the idea.")
    partly: list[Way] = Field(default_factory=list, description="These say half of it; a person looks at the answer.")
    against: list[Way] = Field(default_factory=list, description="These say the contrary.")
    related: list[Way] = Field(
        default_factory=list, description="An answer with these, but none of the above, is looked at by a person."
    )


def parse_way(way: str, words: Mapping[str, list[str]]) -> tuple[tuple[tuple[tuple[str, ...], ...], ...], ...]:
    """A way as clauses of parts of alternatives of words, with the names in capitals replaced by their words."""
    return tuple(tuple(_alternatives(part, words) for part in clause.split("&")) for clause in way.split("+"))


def _alternatives(part: str, words: Mapping[str, list[str]]) -> tuple[tuple[str, ...], ...]:
    """The word sequences that a part stands for; a name may stand inside one, as in ``no STOP``."""
    found: list[tuple[str, ...]] = []
    for alternative in part.split("|"):
        choices = [[tuple(choice.split()) for choice in words.get(word, [word])] for word in alternative.split()]
        found.extend(tuple(word for piece in pieces for word in piece) for pieces in itertools.product(*choices))
    return tuple(found)


def _problems_of_way(way: str, words: Mapping[str, list[str]]) -> Iterator[str]:
    for alternative in re.split(r"[+&|]", way):
        if math.prod(len(words.get(word, [word])) for word in alternative.split()) > MOST_SEQUENCES:
            yield f"one alternative of a way may stand for at most {MOST_SEQUENCES} sequences of words"
        if not alternative.strip():
            yield "a way must have a word on both sides of '|', '&' and '+'"
        for word in alternative.split():
            if re.fullmatch(r"[A-Z_]{2,}", word) and word not in words:
                yield f"a name in capitals must stand in 'words', {word} does not"
            elif not re.fullmatch(r"[A-Z_]{2,}|[\w%-]+", word):
                yield f"a way must be made of words, '|', '&' and '+', not {word!r}"


class CallbackClass(Criterion):
    """A subclass of Keras's Callback with an epoch-end hook."""

    check: Literal["callback_class"]


class CallbackUsed(Criterion):
    """An instance of the class was passed to ``fit``, and training ran with it."""

    check: Literal["callback_used"]


class CallbackStops(Criterion):
    """Stops at the first epoch whose loss is at or below the threshold."""

    check: Literal["callback_stops"]
    loss: float = Field(gt=0)


class CallbackWaits(Criterion):
    """Does not stop while the loss is above the threshold."""

    check: Literal["callback_waits"]
    loss: float = Field(gt=0)


AnyCriterion = Annotated[
    HiddenLayers
    | HiddenActivation
    | OutputLayer
    | Optimizer
    | Epochs
    | BatchSize
    | EpochLog
    | TestAccuracy
    | Evaluated
    | PredictedClass
    | NetworkTrained
    | ExpectedError
    | Concept
    | CallbackClass
    | CallbackUsed
    | CallbackStops
    | CallbackWaits,
    Field(discriminator="check"),
]


class Question(Strict):
    """One question of the assignment."""

    id: str = Field(min_length=1)
    title: Text
    prompt: str = Field(description="The question as students read it; used to find its place and to spot copies.")
    points: Points
    training: Selector | None = Field(
        None, description="How the question's training is recognised; none if it has none."
    )
    criteria: list[AnyCriterion] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _name_criteria(cls, data: Any) -> Any:
        if isinstance(data, dict) and isinstance(data.get("criteria"), list):
            for criterion in data["criteria"]:
                if isinstance(criterion, dict) and "check" in criterion:
                    criterion.setdefault("id", criterion["check"])
        return data


class MarkedAnswer(BaseModel):
    """An answer to a question, with the share of each concept's points that a person gave it."""

    model_config = ConfigDict(frozen=True)

    answer: str
    marks: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(description="By the concept's id.")
    split: Literal["build", "measure"] = Field(
        "build", description="Answers of `measure` are kept for measuring the grader; it does not learn from them."
    )


class MarkedAnswers(BaseModel):
    """A file of marked answers to one question."""

    question: str
    answers: list[MarkedAnswer]


class Rubric(Strict):
    """A whole rubric, valid in itself: points add up, ids are unique, references exist."""

    title: Text
    language: Language = "es"
    data: Literal["fashion_mnist"] = "fashion_mnist"
    assignment: str | None = Field(
        None, description="The notebook students were given; a path from the rubric's folder."
    )
    marked_answers: str | None = Field(
        None, description="Folder of answers that a person has marked, to learn from; a path from the rubric's folder."
    )
    points: Points
    review_below: float = Field(0.7, ge=0, le=1, description="Prose marked with less confidence goes to a person.")
    classes: list[list[str]] = Field(default_factory=list, description="Names of each class, in every language.")
    limits: Limits = Limits()
    questions: list[Question] = Field(min_length=1)
    sha256: str = Field("", description="Of the rubric file; filled in when it is read.")
    folder: str = Field("", description="Where the rubric file stands; filled in when it is read.")
    learned_from: tuple[MarkedAnswers, ...] = Field((), description="Filled in from `marked_answers` when it is read.")

    def question(self, question_id: str) -> Question:
        """The question with this id. Raises `KeyError` if there is none."""
        for question in self.questions:
            if question.id == question_id:
                return question
        raise KeyError(question_id)

    def examples(self, question_id: str, concept_id: str) -> tuple[tuple[str, float], ...]:
        """Answers to learn from, each with the share of the concept's points that it earned."""
        return tuple(
            (marked.answer, marked.marks[concept_id])
            for file in self.learned_from
            if file.question == question_id
            for marked in file.answers
            if marked.split == "build" and concept_id in marked.marks
        )

    @property
    def assignment_path(self) -> Path | None:
        """The assignment notebook's path, or None where the rubric names none."""
        return None if self.assignment is None else Path(self.folder) / self.assignment


def load_rubric(path: Path) -> Rubric:
    """Read and validate a rubric.

    Raises:
        RubricError: for the first rule it breaks, as ``file:line: rule. Received: value``.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise RubricError(f"{path}: a rubric must be a readable file. Received: {error.strerror}") from error
    if len(raw) > LARGEST_FILE:
        raise RubricError(f"{path}:1: a rubric must have at most {LARGEST_FILE} bytes. Received: {len(raw)}")
    _refuse_deep_brackets(path, raw)
    try:
        document = YAML(typ="rt").load(raw)
        plain = YAML(typ="safe", pure=True).load(raw)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise RubricError(f"{path}:{line}: a rubric must be valid YAML. Received: {error.problem}") from error
    except Exception as error:  # ruamel raises plain ValueErrors for some undecodable bytes
        raise RubricError(f"{path}:1: a rubric must be valid YAML. Received: {str(error)[:200]}") from error
    if _values(plain) > MOST_VALUES:
        raise RubricError(
            f"{path}:1: a rubric must have at most {MOST_VALUES} values, aliases resolved. Received: more"
        )
    if not isinstance(plain, dict):
        raise RubricError(f"{path}:1: a rubric must be a mapping of keys. Received: {type(plain).__name__}")
    plain = {**plain, "sha256": hashlib.sha256(raw).hexdigest(), "folder": str(path.resolve().parent)}
    try:
        rubric = Rubric.model_validate(plain)
    except ValidationError as error:
        raise RubricError(_first_error(path, document, error)) from error
    for where, rule, received in _broken_rules(rubric):
        raise RubricError(f"{path}:{_line(document, where)}: {rule}. Received: {received}")
    return rubric if rubric.marked_answers is None else _with_marked_answers(rubric, path, document)


def _refuse_deep_brackets(path: Path, raw: bytes) -> None:
    """Reading YAML takes time with the square of how deep brackets stand in one another."""
    depth = 0
    for bracket in re.finditer(rb"[\[\]{}]", raw):
        depth += 1 if bracket[0] in b"[{" else -1
        if depth > DEEPEST:
            line = raw.count(b"\n", 0, bracket.start()) + 1
            raise RubricError(f"{path}:{line}: brackets may stand {DEEPEST} deep in one another. Received: more")


def _values(document: Any) -> float:
    """How many values a document has, each counted as often as it stands there; endless if it contains itself."""
    known: dict[int, float] = {}

    def count(node: Any) -> float:
        if not isinstance(node, dict | list | tuple | set):
            return 1
        if id(node) not in known:
            known[id(node)] = math.inf
            inner = [*node.keys(), *node.values()] if isinstance(node, dict) else node
            known[id(node)] = 1 + sum(count(value) for value in inner)
        return known[id(node)]

    return count(document)


def _with_marked_answers(rubric: Rubric, path: Path, document: Any) -> Rubric:
    """The rubric with the answers to learn from; its digest covers them."""
    files = sorted((Path(rubric.folder) / str(rubric.marked_answers)).glob("*.yaml"))
    if not files:
        rule = "'marked_answers' must name a folder with YAML files"
        raise RubricError(f"{path}:{_line(document, ('marked_answers',))}: {rule}. Received: {rubric.marked_answers!r}")
    digest = hashlib.sha256(rubric.sha256.encode())
    for file in files:
        digest.update(file.read_bytes())
    learned_from = tuple(_marked_answers(rubric, file) for file in files)
    return rubric.model_copy(update={"learned_from": learned_from, "sha256": digest.hexdigest()})


def _marked_answers(rubric: Rubric, file: Path) -> MarkedAnswers:
    try:
        marked = MarkedAnswers.model_validate(YAML(typ="safe").load(file))
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise RubricError(f"{file}:{line}: marked answers must be valid YAML. Received: {error.problem}") from error
    except ValidationError as error:
        raise RubricError(_first_error(file, YAML(typ="rt").load(file), error)) from error
    concepts = {
        question.id: {criterion.id for criterion in question.criteria if isinstance(criterion, Concept)}
        for question in rubric.questions
    }
    if marked.question not in concepts:
        line = _line(YAML(typ="rt").load(file), ("question",))
        raise RubricError(f"{file}:{line}: 'question' must be one of the rubric's. Received: {marked.question!r}")
    for number, answer in enumerate(marked.answers):
        for unknown in sorted(answer.marks.keys() - concepts[marked.question]):
            line = _line(YAML(typ="rt").load(file), ("answers", number, "marks", unknown))
            rule = f"'marks' must name concepts of question {marked.question}"
            raise RubricError(f"{file}:{line}: {rule}. Received: {unknown!r}")
    return marked


def _first_error(path: Path, document: Any, error: ValidationError) -> str:
    first = error.errors()[0]
    where = [part for part in first["loc"] if not _is_union_tag(document, first["loc"], part)]
    name = next((part for part in reversed(where) if isinstance(part, str)), "rubric")
    rule = {
        "extra_forbidden": f"'{name}' is not a known key",
        "missing": f"'{name}' must be given",
        "greater_than": f"'{name}' must be > {first.get('ctx', {}).get('gt', 0):g}",
        "less_than": f"'{name}' must be < {first.get('ctx', {}).get('lt', 0):g}",
        "union_tag_invalid": f"'check' must be one of {first.get('ctx', {}).get('expected_tags')}",
        "union_tag_not_found": "'check' must be given",
    }.get(first["type"], f"'{name}': {first['msg'][0].lower()}{first['msg'][1:]}")
    received = first["input"]
    if first["type"] == "union_tag_invalid" and isinstance(received, dict):
        received = received.get("check")
    shown = "nothing" if first["type"] in ("missing", "union_tag_not_found") else _short(received)
    return f"{path}:{_line(document, where)}: {rule}. Received: {shown}"


def _short(value: Any) -> str:
    """A value as it is shown in a message; one that holds itself many times over is not unfolded."""
    short = reprlib.Repr()
    short.maxstring = short.maxother = short.maxlong = 120
    return short.repr(value)


def _is_union_tag(document: Any, loc: tuple[int | str, ...], part: int | str) -> bool:
    """Pydantic puts the name of a union's member into the location; the file has no such key."""
    node = document
    for step in loc:
        if step == part and isinstance(node, Mapping) and step not in node and node.get("check") == step:
            return True
        try:
            node = node[step]
        except (KeyError, IndexError, TypeError):
            if not (isinstance(node, Mapping) and node.get("check") == step):
                return False
    return False


def _line(document: Any, where: list[int | str] | tuple[int | str, ...]) -> int:
    """The line, from 1, of the deepest part of `where` that stands in the file."""
    node: Any = document
    line = 1
    for step in where:
        try:
            line = int((node.lc.key if hasattr(node, "keys") else node.lc.item)(step)[0]) + 1
            node = node[step]
        except (KeyError, IndexError, TypeError, AttributeError):
            break
    return line


def _broken_rules(rubric: Rubric) -> Iterator[tuple[tuple[int | str, ...], str, str]]:
    """Rules between parts: place, rule, and what was received."""
    total = sum(question.points for question in rubric.questions)
    if abs(total - rubric.points) > 1e-9:
        yield ("points",), "'points' must be the sum of the questions' points", f"{rubric.points:g}, sum {total:g}"
    ids = [question.id for question in rubric.questions]
    for number, question in enumerate(rubric.questions):
        place = ("questions", number)
        if ids.index(question.id) != number:
            yield (*place, "id"), "a question's 'id' must be unique", repr(question.id)
        yield from _broken_rules_in_question(rubric, question, place, set(ids))


def _broken_rules_in_question(
    rubric: Rubric, question: Question, place: tuple[int | str, ...], ids: set[str]
) -> Iterator[tuple[tuple[int | str, ...], str, str]]:
    total = sum(criterion.points for criterion in question.criteria)
    if abs(total - question.points) > 1e-9:
        rule = f"'points' of question {question.id} must be the sum of its criteria's points"
        yield (*place, "points"), rule, f"{question.points:g}, sum {total:g}"
    if rubric.language not in question.title:
        yield (*place, "title"), f"'title' must be given in the rubric's language {rubric.language!r}", "nothing"
    names = [criterion.id for criterion in question.criteria]
    for number, criterion in enumerate(question.criteria):
        here = (*place, "criteria", number)
        if names.index(criterion.id) != number:
            yield (*here, "id"), "a criterion's 'id' must be unique in its question", repr(criterion.id)
        if isinstance(criterion, OfNetwork) and question.training is None:
            rule = f"question {question.id} must have 'training', which says of which network '{criterion.check}' is"
            yield (*here, "check"), rule, "nothing"
        for key, target in _references(criterion):
            if target not in ids:
                yield (*here, key), f"'{key}' must name a question", repr(target)
            elif rubric.question(target).training is None:
                rule = f"'{key}' must name a question that has 'training', which says what network it is"
                yield (*here, key), rule, repr(target)
        if isinstance(criterion, PredictedClass) and not rubric.classes:
            yield here, "'classes' must be given where a criterion asks for a predicted class", "nothing"


def _references(criterion: Criterion) -> Iterator[tuple[str, str]]:
    if isinstance(criterion, Evaluated):
        yield "model_of", criterion.model_of
    if isinstance(criterion, NetworkTrained):
        yield "like", criterion.like
    if isinstance(criterion, PredictedClass):
        for target in criterion.models_of:
            yield "models_of", target
