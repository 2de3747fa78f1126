"""The nouns of grading, as frozen records. Data in here is judged by others; nothing in here acts.

A submitted file becomes a `Submission`, running it gives `Evidence`, judging the two against a rubric gives
`Finding`s, and adding those up gives a `Score`; a `Result` is everything that is kept about one submission.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, Literal

from numpy.typing import NDArray

Array = NDArray[Any]


# --- words ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence for people, not yet in anyone's language."""

    text: str
    """English text with ``{name}`` places; the key under which translations are found."""
    values: Mapping[str, Any] = field(default_factory=dict)
    """What goes into the places: strings, numbers, messages, and texts by language."""
    singular: str = ""
    """The English text where `number` is 1; empty where the sentence counts nothing. `text` is then the plural."""
    number: int = 0
    """What is counted."""

    def __str__(self) -> str:
        """In English, for logs and errors; a `Translator` speaks to people."""
        text = self.singular if self.singular and self.number == 1 else self.text
        return text.format_map(self.values)


def say(text: str, **values: Any) -> Message:
    """Make a `Message`. Translators extract the first argument of every call of this function."""
    return Message(text, values)


def say_number(singular: str, plural: str, number: int, /, **values: Any) -> Message:
    """Make a `Message` that counts something, as gettext's ``ngettext`` takes it. Translators extract both texts."""
    return Message(plural, values, singular, number)


def printable(text: str) -> str:
    """The text without line breaks and without what could command a terminal."""
    return "".join(char if char.isprintable() else " " for char in text)


# --- what was handed in -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HandedIn:
    """One submission of a class: whose it is, and which file is graded."""

    submission: str
    """Its id: a safe file name, unique whatever the case."""
    name: str
    """Of the student, as it was written."""
    file: str
    """The notebook that is graded, from the folder of submissions on, with ``/`` between the parts."""
    sha256: str = ""
    """Of that file; empty where it cannot be read."""
    platform_id: str = ""
    """What the learning platform knows the student by; empty where the names say nothing of one."""
    others: tuple[str, ...] = ()
    """The student's other notebooks, which are not graded."""
    beside: tuple[str, ...] = ()
    """Files of the student's that come into the notebook's sandbox, as `file`."""
    beside_sha256: str = ""
    """Of their names and contents; empty where there are none."""
    same_file: tuple[str, ...] = ()
    """Names of others who handed in the same file, byte for byte."""
    perhaps_same: tuple[str, ...] = ()
    """Names of submissions that may be the same student's, by the names of the files."""
    has_namesake: bool = False
    """Somebody else's name is the same."""

    @property
    def is_misnamed(self) -> bool:
        """True for a notebook whose name does not end as one's: ``ana.ipynb.txt``."""
        return not self.file.casefold().endswith(".ipynb")

    @property
    def called(self) -> str:
        """The name, with what tells namesakes apart."""
        return f"{self.name} ({self.platform_id or self.submission})" if self.has_namesake else self.name


class Reason(StrEnum):
    """Why something that was handed in is not graded, in a word for programs."""

    OTHER_NOTEBOOK = "other_notebook"
    ASSIGNMENT = "assignment"
    ARCHIVE = "archive"
    ONLINE_TEXT = "online_text"
    SCRIPT = "script"
    DOCUMENT = "document"
    WRONG_ENDING = "wrong_ending"
    OTHER_FILE = "other_file"
    NOT_BESIDE = "not_beside"
    EMPTY_FOLDER = "empty_folder"
    LINK = "link"
    NO_FILE = "no_file"
    UNREADABLE = "unreadable"
    TOO_DEEP = "too_deep"
    SYSTEM = "system"
    HIDDEN = "hidden"
    EARLIER_RESULTS = "earlier_results"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file or folder that was handed in and is not graded."""

    path: str
    """From the folder of submissions on, with ``/`` between the parts."""
    reason: Reason
    why: Message
    name: str = ""
    """Of the student, where the place tells whose it is."""
    submission: str = ""
    """What of the same student is graded; empty where nothing is."""


@dataclass(frozen=True, slots=True)
class SharedText:
    """A cell or a line of text that stands alike in most submissions of a class, and in no assignment notebook."""

    kind: Literal["text", "code"]
    key: str
    """What the submissions have in common: words, or a form of code."""
    source: str
    """As the first of the submissions has it."""
    cell: int
    """Where that one has it."""
    count: int
    """Submissions that have it."""
    of: int
    """Submissions that were compared."""


@dataclass(frozen=True, slots=True)
class SettledTexts:
    """What an instructor has said of shared texts: students were given them, or wrote them."""

    given: bool
    texts: tuple[SharedText, ...]


@dataclass(frozen=True, slots=True)
class Collection:
    """What a folder of submissions holds: each of its files is graded, or left out for a reason."""

    submissions: tuple[HandedIn, ...] = ()
    """By id."""
    left_out: tuple[LeftOut, ...] = ()
    """By path."""
    shared: tuple[SharedText, ...] = ()
    """What most submissions have in common, as far as nobody has said whose it is."""


# --- the submitted file -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Output:
    """One saved or fresh output of a cell."""

    kind: Literal["stream", "error", "data"]
    text: str
    """Stream text, ``text/plain`` of a result, or the traceback of an error, without terminal colours."""
    name: str = ""
    """``stdout``/``stderr`` for a stream, the exception's class name (may be empty) for an error."""
    value: str = ""
    """The exception's message for an error."""
    has_image: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell as submitted."""

    index: int
    """Position in the submitted notebook, counted from 0. People are shown ``index + 1``."""
    kind: Literal["code", "markdown", "raw"]
    source: str
    outputs: tuple[Output, ...] = ()
    """The outputs that the student saved."""
    execution_count: int | None = None
    given: bool = False
    """True where the cell is the assignment's own, unchanged (white space aside)."""
    left_out: int = 0
    """Characters of a source that is too long to be looked at, and that `source` has none of."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A piece of the student's prose."""

    cell: int
    text: str
    source: Literal["markdown", "comment", "print"]
    perhaps_given: bool = False
    """It may be the question's statement, in words that no assignment notebook has: no mark rests on it alone."""


LONGEST_ANSWER = 8_000
"""Characters of prose that are read at one question: a third of a second for each thousand. Less than the
longest passage, of which the rest is not there any more.
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a question is answered in one submission."""

    question: str
    """The rubric's question id."""
    cells: tuple[int, ...]
    """Indices of all cells that belong to the question, in order."""
    passages: tuple[Passage, ...] = ()
    """What the student wrote there, the assignment's own words taken out."""
    found_by: Literal["marker", "heading", "alignment", "none"] = "none"
    pictures: tuple[int, ...] = ()
    """Cells in which the student shows a picture, which only a person can read."""
    unread: int = 0
    """Characters of prose beyond what is read."""
    unsure: bool = False
    """The answer may stand elsewhere: the notebook has no questions' headings, or some number is not the rubric's."""

    @property
    def own(self) -> tuple[Passage, ...]:
        """The passages that are plainly the student's."""
        return tuple(passage for passage in self.passages if not passage.perhaps_given)


@dataclass(frozen=True, slots=True)
class Submission:
    """One student's notebook, normalised."""

    id: str
    """The file's name without ``.ipynb``, made safe for paths and unique in its class."""
    path: str
    sha256: str
    """Of the submitted file's bytes."""
    cells: tuple[Cell, ...]
    places: Mapping[str, Place]
    """One for every question of the rubric, empty where nothing was found."""
    notebook: Mapping[str, Any]
    """The normalised notebook (nbformat 4.5 JSON) that is run."""

    def place(self, question: str) -> Place:
        """The place of a question; an empty one where the rubric's question is unknown here."""
        return self.places.get(question, Place(question, ()))


# --- what happened when it ran ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Raised:
    """An exception in the kernel."""

    name: str
    """The class's name, for example ``ValueError``."""
    message: str
    names: tuple[str, ...] = ()
    """The class's and its bases' names, nearest first."""

    @property
    def missing_name(self) -> str:
        """The name that a ``NameError`` lacks; empty for all else."""
        found = re.search(r"'(\w+)'", self.message) if self.name == "NameError" else None
        return "" if found is None else found[1]


@dataclass(frozen=True, slots=True)
class Failure:
    """A top-level statement of a cell that raised."""

    raised: Raised
    line: str = ""
    """The statement's first line, as the student wrote it; empty where that is not known."""
    lacking: tuple[str, ...] = ()
    """Names that are not defined for want of it."""
    went_on: bool = False
    """What follows and does not depend on it was run."""


class CellStatus(StrEnum):
    """How a cell's run ended."""

    OK = "ok"
    ERROR = "error"
    TIMEOUT = "timeout"
    NOT_RUN = "not_run"


@dataclass(frozen=True, slots=True)
class CellRun:
    """What running one code cell gave."""

    cell: int
    status: CellStatus
    outputs: tuple[Output, ...] = ()
    raised: Raised | None = None
    """What stopped it first."""
    seconds: float = 0.0
    failures: tuple[Failure, ...] = ()
    """The statements that raised, in order; more than one where it went on after the first."""

    @property
    def cut_short(self) -> bool:
        """True for a cell that a limit stopped, or that ended its kernel."""
        return self.status is CellStatus.TIMEOUT or (self.status is CellStatus.ERROR and self.raised is None)

    @property
    def text(self) -> str:
        """All that the cell wrote, streams and results joined in order."""
        return "".join(output.text for output in self.outputs if output.kind != "error")


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a network, by what it computes."""

    class_name: str
    """The Keras class it is or derives from, for example ``Dense``; the student's own name where it derives
    from none.
    """
    units: int | None = None
    """For dense layers: the width."""
    activation: str | None = None
    """Name of the activation found by computing it; ``None`` where the layer has none, ``unknown`` where none fits."""
    config: Mapping[str, Any] = field(default_factory=dict)
    weights: tuple[Array, ...] = ()
    output_shape: tuple[int | None, ...] | None = None
    """Without the batch axis."""


@dataclass(frozen=True, slots=True)
class Network:
    """A model's layers from input to output, at one moment."""

    layers: tuple[Layer, ...]
    input_shape: tuple[int | None, ...] | None = None
    """Without the batch axis."""
    output_shape: tuple[int | None, ...] | None = None
    """Without the batch axis."""
    state: str = ""
    """sha256 over the weights; the same state has the same digest, whichever variable holds it."""
    chain: bool = False
    """True where the layers alone, one after the other, give the model's output: the trusted side can compute it."""

    @property
    def dense(self) -> tuple[Layer, ...]:
        """The dense layers in order, the output layer last, each with the activation that follows it."""
        return tuple(
            replace(layer, activation=self._activation_after(position))
            for position, layer in enumerate(self.layers)
            if layer.class_name == "Dense"
        )

    def _activation_after(self, position: int) -> str | None:
        """A dense layer's own activation, or that of a later layer with nothing but normalisation in between."""
        own = self.layers[position].activation
        if own not in (None, "linear"):
            return own
        for layer in self.layers[position + 1 :]:
            if layer.activation not in (None, "linear") and layer.class_name != "Dense":
                return layer.activation
            if layer.weights and "Normalization" not in layer.class_name:
                break
        return own

    @property
    def hidden_units(self) -> tuple[int | None, ...]:
        """Widths of the hidden dense layers."""
        return tuple(layer.units for layer in self.dense[:-1])


@dataclass(frozen=True, slots=True)
class Data:
    """An array or pipeline handed to Keras."""

    shape: tuple[int, ...] | None
    dtype: str = ""
    sha256: str = ""
    rows: tuple[int, ...] = ()
    """Which rows `sample` holds."""
    sample: Array | None = None
    """A few rows, as the student's code prepared them."""
    batch_size: int | None = None
    """Of a pipeline that makes its own batches."""


@dataclass(frozen=True, slots=True)
class Transcript:
    """What a callback did when it was sent one scenario, an epoch at a time."""

    scenario: str
    losses: tuple[float, ...]
    """The losses sent, one an epoch."""
    stopped_after: int | None
    """Number of epochs (from 1) after which training was told to stop; ``None`` if never."""
    raised: Raised | None = None
    raised_after: int | None = None
    """Epoch (from 1) in which it raised; 0 where it failed before the first."""
    threshold: float = 0.0
    """The loss at which it was to stop."""


@dataclass(frozen=True, slots=True)
class Callback:
    """A callback class of the student's, or an object passed to ``fit``."""

    id: str
    """The recorder's name for the class; the same class has the same id."""
    name: str
    names: tuple[str, ...] = ()
    """The class's and its bases' names, nearest first."""
    is_callback: bool = False
    """Derives from Keras's ``Callback``."""
    is_instance: bool = True
    """False where the class itself, or something else, was passed instead of an instance."""
    hooks: tuple[str, ...] = ()
    """The hooks of Keras that the student's classes define, for example ``on_epoch_end``."""
    own: bool = False
    """Defined by the student, not by Keras."""
    cell: int | None = None
    """Where it was seen first: the cell that defined it or passed it."""
    transcripts: tuple[Transcript, ...] = ()

    @property
    def may_stop(self) -> bool:
        """True for one that may end a training: the student's own, and Keras's that do as they are told."""
        return self.own or self.name in ("LambdaCallback", "EarlyStopping")

    @property
    def stops(self) -> bool:
        """True if it ended a training that it was sent."""
        return any(transcript.stopped_after is not None for transcript in self.transcripts)


@dataclass(frozen=True, slots=True)
class Training:
    """One call of ``fit``, or one loop that trained a model."""

    id: int
    cell: int
    model: str
    """The recorder's name for the model object; two trainings of one object share it."""
    network: Network
    """As it was when the training ended."""
    optimizer: tuple[str, ...] = ()
    """Class names of the optimizer and its bases, nearest first, Keras's and the student's."""
    loss: str = ""
    metrics: tuple[str, ...] = ()
    epochs: int = 0
    """Epochs that ran to their end."""
    epochs_asked: int = 0
    epochs_before: int = 0
    """Epochs that the same model object had been trained before this call."""
    initial_epoch: int = 0
    """From which epoch on this call counts its own."""
    changed: bool | None = None
    """Whether it left other weights than it found; None where that is not known."""
    start: Literal["fresh", "training", "other"] = "fresh"
    """What gave it the weights that it began with: initializers, another training, or anything else."""
    goes_on_from: int | None = None
    """The training that left these weights."""
    set_otherwise: bool = False
    """Something else than training set weights while it ran."""
    batch_size: int | None = None
    steps: int = 0
    """Batches in an epoch."""
    logs: tuple[Mapping[str, float], ...] = ()
    x: Data | None = None
    y: Data | None = None
    rows: int | None = None
    """Different rows of an epoch, without those that are kept for validation; None where that is not known."""
    taught: Array | None = None
    """Some of them, spread over all, as the trusted side has them; None where only the kernel does."""
    callbacks: tuple[Callback, ...] = ()
    raised: Raised | None = None
    source: Literal["kernel", "trained", "replayed"] = "kernel"
    ordered: Mapping[str, Any] | None = None
    """What the trusted trainer was ordered, by which it can train the same from another start (`training.starts`); None
    where it did not train this, or not from the beginning.
    """
    why_in_kernel: str = ""
    """What the kernel says of why it trained this itself."""
    doubt: Message | None = None
    """Why the kernel's report of this training cannot be right as it is."""
    provisional: Message | None = None
    """Why a person has to confirm what this training decides, though nothing speaks against it."""
    cause: int | None = None
    """The cell on account of which it is provisional."""
    loaded: bool = False
    """True for a model that came from a file with weights that no training here gave; its steps were made elsewhere."""
    built_only: bool = False
    """True for a model that was built or compiled but never trained."""
    test_probabilities: Array | None = None
    """Shape (test images, outputs), in the order of the test set: what the kernel answered for test images shuffled by
    the trusted side. Only for models that the trusted side cannot compute itself."""

    @property
    def completed(self) -> bool:
        """At least one epoch ran and the call did not raise."""
        return self.raised is None and self.epochs > 0


@dataclass(frozen=True, slots=True)
class Call:
    """One call of ``evaluate`` or ``predict`` that the student made."""

    kind: Literal["evaluate", "predict"]
    cell: int
    model: str
    network: Network
    x: Data | None = None
    y: Data | None = None
    result: tuple[float, ...] = ()
    """``evaluate``: loss and metrics in Keras's order."""
    output: Array | None = None
    """``predict``: the first rows of what came back."""
    raised: Raised | None = None


@dataclass(frozen=True)
class Evidence:
    """What running one submission showed. Everything in it that came out of the kernel is a claim."""

    runs: Mapping[int, CellRun]
    """By cell index; only code cells."""
    trainings: tuple[Training, ...] = ()
    calls: tuple[Call, ...] = ()
    callbacks: tuple[Callback, ...] = ()
    """Every callback class that the student defined or passed."""
    cut_short: Message | None = None
    """Why the run did not reach its end."""
    seconds: float = 0.0
    peak_memory_mb: float = 0.0
    remarks: tuple[Message, ...] = ()
    """What the reader of the report should know of the run."""
    flags: tuple[Message, ...] = ()
    """What only the instructor should know of it: signs that the kernel's reports were meddled with."""

    def cause_of(self, cell: int) -> int:
        """The cell that is to blame for one that failed: the one that first left undefined what it lacks, or itself."""
        while True:
            run = self.runs[cell]
            first = self._lacking.get("" if run.raised is None else run.raised.missing_name)
            if first is None or self._positions[first] >= self._positions[cell]:
                return cell
            cell = first

    @cached_property
    def _positions(self) -> Mapping[int, int]:
        """By cell, where it comes in the order in which they ran."""
        return {cell: position for position, cell in enumerate(self.runs)}

    @cached_property
    def _lacking(self) -> Mapping[str, int]:
        """By name, the first cell that was to define it, and failed."""
        found: dict[str, int] = {}
        for index, run in self.runs.items():
            for failure in run.failures:
                for name in failure.lacking:
                    found.setdefault(name, index)
        return found

    @cached_property
    def first_cut_short(self) -> int | None:
        """The first cell, as they stand in the notebook, that a limit stopped, or that ended its kernel."""
        return min((run.cell for run in self.runs.values() if run.cut_short), default=None)


# --- judgement --------------------------------------------------------------------------------------------------------


class Status(StrEnum):
    """What became of one criterion."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    """Could not be judged because something it depends on is missing; the message names it."""
    NEEDS_REVIEW = "needs_review"
    """A person decides; the points are provisional."""
    ERROR = "error"
    """The grader's own fault, never the student's."""


Basis = Literal["recomputed", "claimed", "static", "human"]
"""Worked out by the trusted side; taken from the kernel; read in the submitted file; given by a person."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The judgement of one criterion."""

    question: str
    check: str
    """The criterion's id, unique in its question."""
    status: Status
    points: float
    max_points: float
    message: Message
    basis: Basis = "static"
    cells: tuple[int, ...] = ()
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """JSON-able facts behind the judgement."""


@dataclass(frozen=True, slots=True)
class QuestionScore:
    """Points of one question."""

    question: str
    score: float
    max_score: float
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """Points of one submission."""

    score: float
    max_score: float
    provisional: bool
    """True while any finding waits for a person or is the grader's own error."""
    questions: tuple[QuestionScore, ...]

    @property
    def may_be_added(self) -> float:
        """Points that are not in `score`, and that what waits may still bring."""
        findings = (finding for question in self.questions for finding in question.findings)
        waiting = (finding for finding in findings if finding.status in (Status.NEEDS_REVIEW, Status.ERROR))
        return round(sum(max(finding.max_points - finding.points, 0.0) for finding in waiting), 6)


class Outcome(StrEnum):
    """How far a submission got."""

    GRADED = "graded"
    PARTIAL = "partial"
    FAILED = "failed"
    OUTDATED = "outdated"
    """Something else was handed in, or asked, since it was graded: `Result.outdated` says what."""


@dataclass(frozen=True, slots=True)
class TrainingSummary:
    """One training, for reports."""

    question: str
    """Empty where it answers none."""
    cell: int
    epochs: int
    source: str
    layers: tuple[str, ...]
    logs: tuple[Mapping[str, float], ...]
    why_in_kernel: str = ""
    """What the kernel says of why it trained this itself; known reasons have sentences (`reports.kernel_reasons`)."""


@dataclass(frozen=True, slots=True)
class CellError:
    """An exception that ended a code cell when the grader ran the notebook."""

    cell: int
    first_line: str
    """Of the cell's code, comments and blank lines aside."""
    error: str
    """The exception's name and message."""
    ran_when_saved: bool = False
    """The cell's saved outputs show no error: it fails only when the notebook is run from the top."""
    slip: Message | None = None
    """What was probably meant."""
    then: tuple[int, ...] = ()
    """Later cells that failed for want of a name that this one would have defined."""
    stopped_at: str = ""
    """The first line of the statement that raised; empty where that is not known, or is the first of the cell."""
    went_on: bool = False
    """What follows in the cell and does not depend on it was run."""
    questions: tuple[str, ...] = ()
    """Ids of the questions that are answered in this cell, or in those of `then`."""


@dataclass(frozen=True, slots=True)
class LookedAt:
    """A code cell as it was handed in, for whoever decides what waits on its account."""

    source: str
    saved: str
    """The text of its saved outputs."""


@dataclass(frozen=True, slots=True)
class Result:
    """Everything kept about one graded submission."""

    submission: str
    path: str
    sha256: str
    rubric_sha256: str
    status: Outcome
    reason: Message | None
    score: Score
    trainings: tuple[TrainingSummary, ...] = ()
    passages: Mapping[str, tuple[Passage, ...]] = field(default_factory=dict)
    """The student's prose by question."""
    errors: tuple[CellError, ...] = ()
    """What stopped the notebook's cells, in their order; without the errors that a question asks for."""
    looked_at: Mapping[int, LookedAt] = field(default_factory=dict)
    """The cells on which rests what a person has to decide, by their index."""
    not_begun: tuple[str, ...] = ()
    """Ids of the questions at which there is nothing of the student's own."""
    file_doubt: Message | None = None
    """Why this may be another file than the student meant to hand in; no mark depends on it."""
    notes: tuple[Message, ...] = ()
    """Remarks for the reader, for example where an answer was found outside its place."""
    flags: tuple[Message, ...] = ()
    """Facts that do not fit together, for the instructor alone; no mark depends on them."""
    seconds: Mapping[str, float] = field(default_factory=dict)
    """``run``, ``judge`` and ``total``, wall time."""
    peak_memory_mb: float = 0.0
    versions: Mapping[str, str] = field(default_factory=dict)
    audit: tuple[Message, ...] | None = None
    """Criteria that came out otherwise when it was graded once more without replay; None where that was not done."""
    handed_in: HandedIn | None = None
    """Whose it is; None in the gradebook, which keeps that for the whole class."""
    outdated: Message | None = None
    """Why it holds no longer, as `Gradebook.as_handed_in` finds; None in the gradebook."""

    @property
    def name(self) -> str:
        """What people call it: the student's name as it was written, or else the id."""
        return self.submission if self.handed_in is None else self.handed_in.called

    @property
    def reasons(self) -> tuple[Message, ...]:
        """Why the mark holds no longer, and why it did not get to its end."""
        return tuple(reason for reason in (self.outdated, self.reason) if reason is not None)


@dataclass(frozen=True, slots=True)
class HumanMark:
    """What a person decided about one criterion of one submission."""

    submission: str
    question: str
    check: str
    points: float | None
    """None takes the person's earlier mark back: the automatic one counts again."""
    who: str
    comment: str = ""
    sha256: str = ""
    """Of the submitted file that the person looked at."""
    at: datetime | None = None
    """When it was given, in UTC; filled in when it is written."""
    number: int = 0
    """Its place in the gradebook's history; filled in when it is written."""
    undo: bool = False
    """True where it makes count again what stood before: its person took the latest mark back."""
