"""A whole rubric: its questions, their criteria, the limits of a run, and marked answers to learn from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from grader.rubric.base import Disclosed, Disclosure, Points, Strict, Text, Width
from grader.rubric.criteria import AnyCriterion, CallbackStops, CallbackWaits
from grader.rubric.language import Language

PUBLIC, STATED, REMARK = Disclosure.PUBLIC, Disclosure.STATED, Disclosure.REMARK


class Limits(Strict):
    """What one submission may use. Reaching one gives a `partial` result that still grades what ran."""

    seconds_per_cell: float = Field(900, gt=0, description="Wall time of one cell, in seconds.")
    seconds_per_submission: float = Field(3600, gt=0, description="Wall time of one notebook, in seconds.")
    memory_mb: int = Field(6000, gt=0, description="Resident memory of the kernel and all its children, in MB.")
    output_mb: float = Field(20, gt=0, description="What all cells together may print or show, in MB.")
    files_mb: int = Field(1000, gt=0, description="What may be written to disk, in MB.")
    processes: int = Field(256, gt=0, description="Processes at one time.")


class Selector(Disclosed):
    """How a question's training is recognised, wherever it stands and whatever it is called."""

    hidden: Annotated[list[Width] | None, STATED] = Field(None, description="Widths of the hidden dense layers.")
    epochs: Annotated[int | None, STATED] = Field(None, gt=0, description="Epochs that the network was trained.")
    vectorised: Annotated[bool | None, STATED] = Field(
        None, description="False: the images reach the dense layers unflattened."
    )
    outputs_other_than: Annotated[Width | None, STATED] = Field(
        None, description="The output layer has another width than this."
    )
    own_callback: Annotated[bool | None, PUBLIC] = Field(
        None, description="A callback class of the student's own is passed."
    )
    tries: Annotated[Literal["last", "any"], PUBLIC] = Field(
        "last",
        description="Which of several tries in the question's place counts: the last complete one, or any, the best.",
    )

    @property
    def describes(self) -> frozenset[str]:
        """The settings by which a training is recognised; empty where any may be meant."""
        return frozenset(name for name in self.model_fields_set - {"tries"} if getattr(self, name) is not None)


class Question(Disclosed):
    """One question of the assignment."""

    id: Annotated[str, PUBLIC] = Field(min_length=1)
    title: Annotated[Text, PUBLIC]
    prompt: Annotated[str, PUBLIC] = Field(
        description="The question as students read it; used to find its place and to spot copies."
    )
    points: Annotated[Points, PUBLIC]
    training: Annotated[Selector | None, PUBLIC] = Field(
        None, description="How the question's training is recognised; none if it has none."
    )
    criteria: Annotated[list[AnyCriterion], PUBLIC] = Field(min_length=1)

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


def _as_list(value: Any) -> Any:
    """One path stands for a list of it; nothing for an empty list."""
    return [value] if isinstance(value, str) else [] if value is None else value


class Rubric(Disclosed):
    """A whole rubric, valid in itself: points add up, ids are unique, references exist."""

    title: Annotated[Text, PUBLIC]
    language: Annotated[Language, PUBLIC] = "es"
    data: Annotated[Literal["fashion_mnist"], PUBLIC] = "fashion_mnist"
    assignment: Annotated[list[str], PUBLIC, BeforeValidator(_as_list)] = Field(
        default_factory=list,
        description="The notebook students were given, or its editions, the latest first; from the rubric's folder.",
    )
    marked_answers: Annotated[str | None, REMARK] = Field(
        None, description="Folder of answers that a person has marked, to learn from; a path from the rubric's folder."
    )
    points: Annotated[Points, PUBLIC]
    review_below: Annotated[float, PUBLIC] = Field(
        0.7, ge=0, le=1, description="Prose marked with less confidence goes to a person."
    )
    classes: Annotated[list[list[str]], PUBLIC] = Field(
        default_factory=list, description="Names of each class, in every language."
    )
    limits: Annotated[Limits, PUBLIC] = Limits()
    questions: Annotated[list[Question], PUBLIC] = Field(min_length=1)
    sha256: Annotated[str, REMARK] = Field("", description="Of the rubric file; filled in when it is read.")
    folder: Annotated[str, REMARK] = Field("", description="Where the rubric file stands; filled in when it is read.")
    learned_from: Annotated[tuple[MarkedAnswers, ...], REMARK] = Field(
        (), description="Filled in from `marked_answers` when it is read."
    )

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
    def stopping_losses(self) -> tuple[float, ...]:
        """The losses at which callbacks are to stop, or before which they are to wait, each once."""
        criteria = (criterion for question in self.questions for criterion in question.criteria)
        asked = (item.loss for item in criteria if isinstance(item, CallbackStops | CallbackWaits))
        return tuple(dict.fromkeys(asked))

    @property
    def assignment_paths(self) -> tuple[Path, ...]:
        """Paths of the assignment's editions, the latest first; none where the rubric names none."""
        return tuple(Path(self.folder) / name for name in self.assignment)

    @property
    def files(self) -> tuple[Path, ...]:
        """Where the rubric stands, and what it names."""
        named = (*self.assignment, self.marked_answers)
        return (Path(self.folder), *(Path(self.folder) / name for name in named if name is not None))
