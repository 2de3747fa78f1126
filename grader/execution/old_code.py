"""Old code that the recorder gives its old meaning: where it is not to, and what people are told of it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from grader.records import Message, Output, say

CALLBACK_PACKAGES = ("livelossplot", "keras_tqdm")
IN_ERRORS = {
    "lr": r"['\"`]lr['\"`]",
    "decay": r"['\"`]decay['\"`]|decay is deprecated",
    "predict_classes": r"predict_classes",
    "predict_proba": r"predict_proba",
    "fit_generator": r"fit_generator",
    "evaluate_generator": r"evaluate_generator",
    "predict_generator": r"predict_generator",
    "np_utils": r"np_utils|to_categorical",
    "all_utils": r"all_utils",
    "optimizers.legacy": r"optimizers\.legacy",
    "compat.v1": r"compat\.v1",
    "compat.v2": r"compat\.v2",
    **{package: rf"\b{package}\b" for package in CALLBACK_PACKAGES},
}
"""What the recorder translates, by its name, and how an error shows that Keras refused it."""
LEGACY_KERAS = "TF_USE_LEGACY_KERAS"
KNOWN = frozenset({*IN_ERRORS, LEGACY_KERAS})


def refused_in(outputs: Iterable[Output]) -> frozenset[str]:
    """What of it the saved outputs of a cell show as an error: it meant nothing there for the student either."""
    errors = [_message(output) for output in outputs if output.kind == "error"]
    return frozenset(name for name, form in IN_ERRORS.items() if any(re.search(form, error) for error in errors))


def _message(error: Output) -> str:
    """What an error says; its traceback's last line where it was saved without."""
    return error.value or error.text.rstrip().rpartition("\n")[2]


def told(name: str, cell: int) -> Message:
    """What people are told of a use.

    Args:
        name: one of `KNOWN`.
        cell: where it was used first.
    """
    if name == LEGACY_KERAS:
        return say("{name} has no effect here: the notebook was run with Keras 3.", name=name)
    if name in CALLBACK_PACKAGES:
        return say(
            "The package {name} (cell {cell}) is not installed here. Its callbacks were left out of fit; "
            "they only show how a training goes.",
            name=name,
            cell=cell + 1,
        )
    return say(
        "“{name}” (cell {cell}) is of an older version of Keras; it was run with the meaning that it had.",
        name=name,
        cell=cell + 1,
    )
