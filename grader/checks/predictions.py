"""Checks of what the student had the models evaluate and predict, and of the classes that are named."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from grader.checks.context import CAUSE, Context, saved_text
from grader.checks.stated_classes import MOST_NAMED, classes_in, classes_printed, stated_classes
from grader.checks.today import failing_cell
from grader.checks.training import probabilities_on_test, shape, was_trained
from grader.records import Call, Data, Finding, Message, Network, Training, say, say_number
from grader.rubric.criteria import Evaluated, PredictedClass
from grader.training.data import DataSet
from grader.training.networks import classes_of, gives_classes, predict
from grader.training.preparation import Preparation, find_preparation
from grader.training.starts import outputs_of_other_starts
from grader.training.trajectories import array_digest

SAME_ACCURACY = 0.003
"""Largest difference between an accuracy that Keras returned and the one computed here, for the same weights
and data.
"""
_ROUNDED = 0.01
"""Images by which a single-precision accuracy may miss a whole number of them."""
DECIMAL_OR_WHOLE = re.compile(r"\d+\.?\d*(?:e[-+]?\d+)?", re.I)
VECTOR = re.compile(r"\[([\s\d.,e+-]{1,2000})\]", re.I)
MAX_SAVED = 100_000
"""How much of a saved output is searched for a class."""


def check_evaluated(criterion: Evaluated, context: Context) -> Finding:
    """The other question's model, in a state that it was trained to there, was evaluated on the real test set."""
    calls = [call for call in context.evidence.calls if call.kind == "evaluate" and call.raised is None]
    wanted = _states_of(criterion.model_of, context)
    on_test = [call for call in calls if _is_test_set(call, context)]
    for call in reversed(on_test):
        if call.network.state in wanted.states or (call.model in wanted.models and call.cell in context.place.cells):
            return _evaluated(criterion, context, call)
    trained = {training.network.state for training in context.evidence.trainings if not training.built_only}
    for call in reversed(on_test):  # the same network, trained once more elsewhere
        retrained = call.cell in context.place.cells and call.network.state in trained
        if retrained and shape(call.network) in wanted.shapes:
            return _evaluated(criterion, context, call)
    if on_test:
        message = say(
            "Another model than that of question {other} was evaluated on the test set.", other=criterion.model_of
        )
        return context.failed(criterion, message, "claimed", cells=[on_test[-1].cell])
    own = [call for call in calls if call.cell in context.place.cells]
    if own:
        message = say("The model was evaluated on other data than the test images and labels.")
        return context.failed(criterion, message, "claimed", cells=[own[-1].cell])
    predicted = [call for call in context.evidence.calls if call.kind == "predict" and call.raised is None]
    by_hand = [call for call in predicted if call.cell in context.place.cells and call.network.state in wanted.states]
    if any(_is_test_set(call, context) for call in by_hand):
        message = say("The test set was predicted here, not evaluated; a person decides whether it was measured.")
        return context.review(criterion, message, "claimed", cells=[by_hand[-1].cell])
    return context.missing(criterion, say("No evaluation on the test set was found."))


def _evaluated(criterion: Evaluated, context: Context, call: Call) -> Finding:
    evidence = {"result": list(call.result[:3])}
    message = _measured(call.result, len(context.data.test_labels))
    return context.passed(criterion, message, "recomputed", cells=[call.cell], evidence=evidence)


def _measured(result: Sequence[float], images: int) -> Message:
    """Loss and accuracy by name. A dictionary's values come in any order, but an accuracy is a share of the images."""
    right = [round(value * images) if 0 <= value <= 1 else -1 for value in result]
    shares = [n for n, value in enumerate(result) if right[n] >= 0 and abs(value * images - right[n]) < _ROUNDED]
    losses = [value for n, value in enumerate(result) if n not in shares[-1:]]
    if not losses:
        return say("The model was evaluated on the real test set.")
    if not shares:
        return say("The model was evaluated on the real test set: loss {loss:.4f}.", loss=losses[0])
    return say(
        "The model was evaluated on the real test set: loss {loss:.4f}; accuracy {accuracy:.1%}.",
        loss=losses[0],
        accuracy=right[shares[-1]] / images,
    )


class _Wanted:
    """What counts as another question's model: its states, its objects, its form."""

    def __init__(self) -> None:
        self.states: set[str] = set()
        self.models: set[str] = set()
        self.shapes: set[Any] = set()


def _states_of(question: str, context: Context) -> _Wanted:
    wanted = _Wanted()
    chosen = context.training(question)
    cells = context.submission.place(question).cells
    for training in context.evidence.trainings:
        if training == chosen or training.cell in cells:
            wanted.models.add(training.model)
            wanted.shapes.add(shape(training.network))
            if training.network.state:
                wanted.states.add(training.network.state)
    return wanted


def _is_test_set(call: Call, context: Context) -> bool:
    """True if a call's data are the real test images, all of them, and its result is what they give.

    Where the network can be computed here, the returned accuracy has to agree with the one computed on the real images
    and labels; otherwise the images' sampled rows and their number decide.
    """
    if call.x is None:
        return False
    preparation = find_preparation(call.x, context.data)
    count = len(context.data.test_images)
    right_rows = preparation is not None and preparation.source == "test"
    if call.x.rows:
        right_rows = right_rows and call.x.shape is not None and call.x.shape[0] == count
    if not right_rows or preparation is None:
        return False
    if call.kind == "predict" or not call.network.chain:
        return True
    return _result_agrees(call, preparation, context)


def _result_agrees(call: Call, preparation: Preparation, context: Context) -> bool:
    """True if the labels are the real ones, or the call returned what the network gives on the real images and labels.

    Labels are sampled from arrays only; of a pipeline that returned nothing like an accuracy, the images decide.
    """
    if len(call.result) < 2:
        return _labels_are_real(call.y, context)
    try:
        outputs = predict(call.network, preparation.apply(context.data.test_images))
    except ValueError:
        return True
    if outputs.ndim != 2 or not np.isfinite(outputs).all() or not gives_classes(outputs, call.network):
        return True
    accuracy = float(np.mean(classes_of(outputs, call.network) == context.data.test_labels))
    if any(abs(value - accuracy) <= SAME_ACCURACY for value in call.result):  # a dictionary's values come in any order
        return True
    if call.y is None or not call.y.rows:
        return not _measures_accuracy(call.model, context)
    if call.y.sha256 and _measures_accuracy(call.model, context):  # rows of a network's own predictions look real
        return call.y.sha256 in _digests(context.data)
    return _labels_are_real(call.y, context)


@lru_cache(maxsize=2)
def _digests(data: DataSet) -> frozenset[str]:
    """Digests of the real test labels, as numbers or one-hot, in every type that Keras is handed them in."""
    labels = data.test_labels
    types = ("uint8", "int8", "int16", "int32", "int64", "float32")
    forms = (labels, labels.reshape(-1, 1), np.eye(int(labels.max()) + 1)[labels])
    return frozenset(array_digest(form.astype(kind)) for form in forms for kind in (*types, "bool"))


def _measures_accuracy(model: str, context: Context) -> bool:
    """True if a model was compiled with a metric called an accuracy."""
    names = [name for item in context.evidence.trainings if item.model == model for name in item.metrics]
    return not names or any("acc" in name for name in names)


def _labels_are_real(y: Data | None, context: Context) -> bool:
    """True if the sampled labels are the real ones, as numbers or one-hot."""
    if y is None or y.sample is None or not y.rows or max(y.rows) >= len(context.data.test_labels):
        return True
    sample = np.asarray(y.sample)
    found = sample.argmax(axis=-1) if sample.ndim == 2 and sample.shape[1] > 1 else sample.reshape(-1)
    return bool(np.array_equal(found, context.data.test_labels[list(y.rows)]))


# --- named classes ----------------------------------------------------------------------------------------------------


def check_predicted_class(criterion: PredictedClass, context: Context) -> Finding:
    """The class that the student names for the first test image is what the student's own models predict for it."""
    models = [training for question in criterion.models_of if (training := context.training(question)) is not None]
    trained = [training for training in models if was_trained(training)]
    predicted = _predicted_classes(trained, context)
    named, cells = stated_classes(context)
    evidence = {"named": sorted(named), "predicted": sorted(predicted)}
    where: dict[str, Any] = {"cells": cells, "evidence": evidence}
    if not named:
        return _unnamed(criterion, context)
    if not predicted:
        return _unpredicted(criterion, context, models, trained, where)
    if named <= predicted:
        message = say("Class {named} is named, and the model predicts it.", named=_names(named, context))
        return context.passed(criterion, message, "recomputed", **where)
    values = {"named": _names(named, context), "predicted": _names(predicted, context)}
    if named & predicted:
        points = criterion.points if len(named) <= MOST_NAMED else 0.0
        message = say("Several classes are named: {named}; the model predicts {predicted}. A person decides.", **values)
        return context.review(criterion, message, "recomputed", points=points, **where)
    if len(named) == 1 and not _is_from_evaluate(context):
        found = _right_otherwise(criterion, context, trained, named, predicted, where)
        if found is not None:
            return found
    message = say("Class {named} is named, but the model predicts {predicted}.", **values)
    return context.failed(criterion, message, "recomputed", **where)


def _right_otherwise(
    criterion: PredictedClass,
    context: Context,
    trained: Sequence[Training],
    named: set[int],
    predicted: set[int],
    where: Mapping[str, Any],
) -> Finding | None:
    """What makes up for another class than the network predicts: another start gives it, or it was so when saved."""
    values = {"named": _names(named, context), "predicted": _names(predicted, context)}
    if named <= _predicted_by_other_starts(trained, named, context):
        message = say(
            "Class {named} is named. The model predicts {predicted} here, and {named} from another random start.",
            **values,
        )
        return context.passed(criterion, message, "recomputed", **where)
    if named <= _shown_when_saved(trained, context):
        message = say(
            "Class {named} is named, as the saved outputs show it, but the model predicts {predicted} here. "
            "A person decides.",
            **values,
        )
        return context.review(criterion, message, "recomputed", **where)
    return None


def _unpredicted(
    criterion: PredictedClass,
    context: Context,
    models: Sequence[Training],
    trained: Sequence[Training],
    where: Mapping[str, Any],
) -> Finding:
    """A class is named, and no model of the questions says anything of it."""
    if models and not trained:
        message = say("A class is named, but its model was not trained here, and predicts nothing. A person decides.")
        evidence = {**where["evidence"], **_cause(criterion, context)}
        return context.review(criterion, message, "static", cells=where["cells"], evidence=evidence)
    message = say_number(
        "A class is named, but no model of question {questions} predicted it.",
        "A class is named, but no model of questions {questions} predicted it.",
        len(criterion.models_of),
        questions=", ".join(criterion.models_of),
    )
    return context.missing(criterion, message, _training_cells(criterion, context))


def _cause(criterion: PredictedClass, context: Context) -> Mapping[str, int]:
    """The cell that is to blame where those that train the models could not be run."""
    failing = (failing_cell(question, context.submission, context.evidence) for question in criterion.models_of)
    cell = next((cell for cell in failing if cell is not None), None)
    return {} if cell is None else {CAUSE: context.evidence.cause_of(cell)}


def _unnamed(criterion: PredictedClass, context: Context) -> Finding:
    """No class is named, as far as can be told: a picture, or text that may be the question's own, may name one."""
    perhaps = [passage for passage in context.place.passages if passage.perhaps_given]
    named, cells = classes_in(perhaps, context)
    if named:
        message = say(
            "Class {named} is named in what may be the question's own statement, or the answer; a person decides.",
            named=_names(named, context),
        )
        return context.review(criterion, message, "static", cells=cells, evidence={"unread": True})
    if context.place.pictures:
        message = say("The answer shows a picture, which only a person can read.")
        return context.review(criterion, message, "static", cells=context.place.pictures, evidence={"unread": True})
    return context.missing(criterion, say("No class is named for the first test image."))


def _training_cells(criterion: PredictedClass, context: Context) -> list[int] | None:
    cells = [index for question in criterion.models_of for index in context.submission.place(question).cells]
    return [index for index in cells if context.submission.cells[index].kind == "code"] or None


def _predicted_classes(trained: Sequence[Training], context: Context) -> set[int]:
    """Classes that the trained networks predict for the first test image."""
    found = set()
    for training in trained:
        probabilities, _ = probabilities_on_test(training, context, count=1)
        if probabilities is not None and len(probabilities):
            found.add(int(classes_of(probabilities, training.network)[0]))
    return found | _predicted_by_calls(trained, context)


def _predicted_by_calls(trained: Sequence[Training], context: Context) -> set[int]:
    """What those models answered when the student asked them to predict the test set, retrained or not."""
    return {
        label
        for call in _predictions_of(trained, context)
        if _is_test_set(call, context) and (label := _first_class(call.network, call.x, context)) is not None
    }


def _predictions_of(trained: Sequence[Training], context: Context) -> list[Call]:
    """The student's calls of `predict` on those models, once they were trained."""
    first = {
        training.model: training.cell for training in reversed(context.evidence.trainings) if was_trained(training)
    }
    models = {training.model for training in trained}
    return [
        call
        for call in context.evidence.calls
        if call.kind == "predict"
        and call.raised is None
        and call.model in models
        and call.cell >= first.get(call.model, 0)
    ]


def _predicted_by_other_starts(trained: Sequence[Training], named: set[int], context: Context) -> set[int]:
    """The classes that the same trainings give from other random starts, until one is what is named."""
    found: set[int] = set()
    for training in trained:
        preparation = find_preparation(training.x, context.data)
        if training.ordered is None or context.trainings is None or preparation is None:
            continue
        image = preparation.apply(context.data.test_images[:1])
        for outputs in outputs_of_other_starts(training.ordered, image, context.trainings):
            found.add(int(classes_of(outputs, training.network)[0]))
            if named <= found:
                return found
    return found


def _is_from_evaluate(context: Context) -> bool:
    """True if the question's cells evaluate and never predict: what is named is no prediction."""
    kinds = {call.kind for call in context.evidence.calls if call.cell in context.place.cells}
    return kinds == {"evaluate"}


def _shown_when_saved(trained: Sequence[Training], context: Context) -> set[int]:
    """Classes that the saved outputs show: in the question's own cells, and where its models predict."""
    predicting = [call.cell for call in _predictions_of(trained, context)]
    cells = [context.submission.cells[index] for index in dict.fromkeys((*context.place.cells, *predicting))]
    texts = [saved_text(cell)[:MAX_SAVED] for cell in cells if cell.kind == "code" and not cell.given]
    printed = {label for text in texts for label in classes_printed(text, context)}
    return printed | {label for text in texts for label in _largest_of_vectors(text, len(context.rubric.classes))}


def _largest_of_vectors(text: str, count: int) -> Iterator[int]:
    """Where the largest number stands in each printed vector of so many numbers."""
    for vector in VECTOR.findall(text):
        numbers = [float(word) for word in DECIMAL_OR_WHOLE.findall(vector)]
        if len(numbers) == count:
            yield numbers.index(max(numbers))


def _first_class(network: Network, x: Data | None, context: Context) -> int | None:
    preparation = find_preparation(x, context.data)
    if preparation is None or not network.chain:
        return None
    try:
        outputs = predict(network, preparation.apply(context.data.test_images[:1]))
        return int(classes_of(outputs, network)[0])
    except ValueError:
        return None


def _names(classes: Iterable[int], context: Context) -> str:
    labels = context.rubric.classes
    return ", ".join(
        f"{number} ({labels[number][0]})" if number < len(labels) else str(number) for number in sorted(classes)
    )
