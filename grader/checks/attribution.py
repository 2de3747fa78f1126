"""Which training answers which question.

No check names a student's variable. A question's own place comes first: there, the last complete try counts, unless
another question describes it better (three networks trained in one loop answer three questions). Where a place holds
no try, or none that is anything like what was asked, the whole notebook is searched for one that no other question
claims. A network that was only built is no answer in the stead of a cell that cannot run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from grader.checks.today import failing_cell, ran_when_saved
from grader.checks.wording import ended_by
from grader.records import Evidence, Message, Network, Submission, Training, say
from grader.rubric.rubric import Question, Rubric, Selector

VECTORISING = ("Flatten", "Reshape", "GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling2D")
"""Layers that make one vector of an image."""
LIKE = 0.5
"""From this match on, a try in the question's own place is taken for an answer to it."""


@dataclass(frozen=True, slots=True)
class Attribution:
    """The training that answers a question."""

    training: Training
    in_place: bool
    """False where it was found outside the question's place."""
    match: float
    """How far it is what the question describes, 0 to 1."""
    others: tuple[Training, ...] = ()
    """Tries of other settings in the question's place that are not another question's, in order."""
    provisional: Message | None = None
    """Why a person has to confirm what this training decides."""


def attribute(submission: Submission, evidence: Evidence, rubric: Rubric) -> dict[str, Attribution]:
    """The training of each question that has one."""
    questions = [question for question in rubric.questions if question.training is not None]
    tries = [training for training in evidence.trainings if not is_given(training, submission)]
    chosen: dict[str, Attribution] = {}
    doubtful: set[str] = set()
    for question in questions:
        found = _in_place(question, questions, tries, submission)
        if found is None:
            found = _best_of_place(question, tries, submission)
            doubtful.add(question.id)
        elif found.training.built_only:
            doubtful.add(question.id)
        if found is not None:
            chosen[question.id] = found
    for question in _shortest_first(questions, chosen, doubtful):
        failing = failing_cell(question.id, submission, evidence)
        found = _elsewhere(question, questions, tries, submission, chosen, trained_only=failing is not None)
        if found is not None and failing is not None and ran_when_saved(submission.cells[failing]):
            found = replace(found, provisional=_instead_of(failing, found))
        if found is not None:
            chosen[question.id] = found
    return chosen


def _instead_of(failing: int, found: Attribution) -> Message:
    return say(
        "Cell {failing}, where this question is answered, cannot be run today; this is what cell {cell} trains. "
        "A person decides.",
        failing=failing + 1,
        cell=found.training.cell + 1,
    )


def is_given(training: Training, submission: Submission) -> bool:
    """True for what the assignment's own cells do, unless the student's callback takes part in it."""
    if not submission.cells[training.cell].given:
        return False
    return not any(
        callback.own and callback.cell is not None and not submission.cells[callback.cell].given
        for callback in training.callbacks
    )


def _in_place(
    question: Question, questions: Sequence[Question], tries: Sequence[Training], submission: Submission
) -> Attribution | None:
    cells = submission.place(question.id).cells
    own = [training for training in tries if training.cell in cells]
    for pool in _from_complete_to_built(question, own):
        mine = [
            training for training in pool if not _described_better(training, question, questions, tries, submission)
        ]
        if mine:
            best = _last_of_the_kind(question, mine)
            others = _other_tries(best, question, questions, own, tries, submission)
            return Attribution(
                best, in_place=True, match=match(question.training, best), others=others, provisional=_of_any(question)
            )
    return None


def _other_tries(
    best: Training,
    question: Question,
    questions: Sequence[Question],
    own: Sequence[Training],
    tries: Sequence[Training],
    submission: Submission,
) -> tuple[Training, ...]:
    """Those in the place whose settings differ, from each other too; the last of each."""
    by_settings = {
        settings(training): training
        for training in own
        if not training.built_only and not _described_better(training, question, questions, tries, submission)
    }
    by_settings.pop(settings(best), None)
    return tuple(sorted(by_settings.values(), key=lambda training: training.id))


def settings(training: Training) -> tuple[object, ...]:
    """What makes two tries the same one, run twice."""
    layers = tuple((layer.class_name, layer.units, layer.activation) for layer in training.network.layers)
    return layers, training.optimizer[:1], training.loss, training.epochs_asked, training.batch_size


def _of_any(question: Question) -> Message | None:
    """Where the rubric describes no training, whatever was trained in the place may be the answer, or not."""
    if question.training is None or question.training.describes:
        return None
    return say("The rubric does not say which training answers this question; a person confirms that it is this one.")


def _best_of_place(question: Question, tries: Sequence[Training], submission: Submission) -> Attribution | None:
    """The last complete try in the question's place, though another question describes it better: a student's network
    of 15 epochs under question 1 is the answer to question 1, unless a better one is found elsewhere.
    """
    cells = submission.place(question.id).cells
    own = [training for training in tries if training.cell in cells and _complete(training)]
    fitting = [training for training in own if match(question.training, training) >= LIKE]
    if not fitting:
        return None
    best = max(fitting, key=lambda training: (match(question.training, training), training.id))
    return Attribution(best, in_place=True, match=match(question.training, best))


def _last_of_the_kind(question: Question, pool: Sequence[Training]) -> Training:
    """The last try; a try that misses the kind of thing asked for gives way to one that does not."""
    if question.training is not None and question.training.vectorised is False:
        return max(pool, key=lambda training: (match(question.training, training), training.id))
    return pool[-1]


def _from_complete_to_built(question: Question, tries: Sequence[Training]) -> list[list[Training]]:
    """Tries in the order in which they count: complete ones, those that raised, models that were only built."""
    if question.training is not None and question.training.vectorised is False:
        return [[training for training in tries if not training.built_only]]
    whole = [training for training in tries if _complete(training)]
    complete = [training for training in whole if not training.loaded] or whole
    raised = [training for training in tries if not training.built_only and not _complete(training)]
    built = [training for training in tries if training.built_only and training.network.layers]
    return [complete, raised, built]


def _complete(training: Training) -> bool:
    return training.completed or (not training.built_only and training.raised is None and training.steps > 0)


def _described_better(
    training: Training,
    question: Question,
    questions: Sequence[Question],
    tries: Sequence[Training],
    submission: Submission,
) -> bool:
    """True if another question, without such a try in a place of its own, describes this training more closely."""
    mine = _closeness(question.training, training)
    here = submission.place(question.id).cells
    for other in questions:
        if other.id == question.id or match(other.training, training) < 1:
            continue
        there = submission.place(other.id).cells
        has_own = any(
            attempt.cell in there and attempt.cell not in here and match(other.training, attempt) == 1
            for attempt in tries
        )
        if not has_own and _closeness(other.training, training) > mine:
            return True
    return False


def _closeness(selector: Selector | None, training: Training) -> tuple[float, int]:
    """How well a description fits, then how unusual what it describes is."""
    if selector is None:
        return (0.0, 0)
    unusual = [selector.vectorised is False, selector.outputs_other_than is not None, selector.own_callback is True]
    return (match(selector, training), sum(unusual))


def _shortest_first(
    questions: Sequence[Question], chosen: Mapping[str, Attribution], doubtful: set[str]
) -> list[Question]:
    """Questions that still look for an answer.

    Those that may give back what they hold choose first, then those with the shortest description.
    """

    def order(question: Question) -> tuple[bool, int]:
        fields = len(question.training.describes) if question.training else 0
        return (question.id not in doubtful or question.id not in chosen, fields)

    return sorted(
        (
            question
            for question in questions
            if question.id not in chosen or question.id in doubtful or chosen[question.id].match < LIKE
        ),
        key=order,
    )


def _elsewhere(
    question: Question,
    questions: Sequence[Question],
    tries: Sequence[Training],
    submission: Submission,
    chosen: Mapping[str, Attribution],
    *,
    trained_only: bool,
) -> Attribution | None:
    """The try outside the question's place that fits best and that no other question claims.

    Of several that fit as well, those come first that no other question describes better: in a notebook of one cell,
    the network of 512 neurons that stops by a callback answers another question than the one without.
    """

    def fitness(training: Training) -> tuple[float, bool, bool, int]:
        others = _described_better(training, question, questions, tries, submission)
        return match(question.training, training), not others, _unplaced(training, submission), training.id

    taken = {found.training.id for other, found in chosen.items() if other != question.id and found.match >= LIKE}
    free = [training for training in tries if training.id not in taken]
    holds = question.id in chosen and chosen[question.id].match >= LIKE
    for pool in _from_complete_to_built(question, free)[: 1 if holds or trained_only else None]:
        fitting = [training for training in pool if match(question.training, training) > LIKE - 0.01]
        if question.id in chosen:
            fitting = [training for training in fitting if match(question.training, training) >= 0.9]
        if fitting:
            best = max(fitting, key=fitness)
            if match(question.training, best) >= 0.9 or question.id not in chosen:
                return Attribution(best, in_place=False, match=match(question.training, best))
    return None


def _unplaced(training: Training, submission: Submission) -> bool:
    return not any(training.cell in place.cells for place in submission.places.values())


# --- how well a training is what a question describes -----------------------------------------------------------------


def match(selector: Selector | None, training: Training) -> float:
    """The share of a description that a training meets, 0 to 1."""
    if selector is None:
        return 0.0
    parts = []
    if selector.hidden is not None:
        parts.append(_hidden_match(training.network, selector.hidden))
    if selector.epochs is not None:
        parts.append(_epoch_match(training, selector.epochs))
    if selector.vectorised is not None:
        parts.append(float(is_vectorised(training) == selector.vectorised))
    if selector.outputs_other_than is not None:
        dense = training.network.dense
        parts.append(float(bool(dense) and dense[-1].units != selector.outputs_other_than))
    if selector.own_callback is not None:
        own = any(callback.own or callback.name == "LambdaCallback" for callback in training.callbacks)
        parts.append(float(own == selector.own_callback))
    return sum(parts) / len(parts) if parts else 0.0


def _hidden_match(network: Network, wanted: Sequence[int]) -> float:
    found = network.hidden_units
    if list(found) == list(wanted):
        return 1.0
    return 0.6 if set(wanted) <= set(found) else 0.0


def _epoch_match(training: Training, wanted: int) -> float:
    reached = training.epochs_before + training.epochs
    goes_on = training.initial_epoch == training.epochs_before  # fit(initial_epoch=15, epochs=30) says 30
    if wanted == (reached if goes_on else training.epochs):
        return 1.0
    stopped = wanted == training.epochs_asked and bool(ended_by(training))
    return 0.9 if stopped or (training.epochs and reached == wanted) else 0.0


def is_vectorised(training: Training) -> bool:
    """False where the images reach the dense layers as matrices: nothing before the first one makes vectors of them."""
    axes = 0 if training.x is None or training.x.shape is None else len(training.x.shape)
    for layer in training.network.layers:
        if layer.class_name in VECTORISING:
            return True
        if layer.class_name == "Dense":
            return axes <= 2
    return training.network.output_shape is None or len(training.network.output_shape) <= 1
