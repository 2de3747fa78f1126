"""Questions that the trusted side puts to a running kernel: what a callback does, what a model predicts."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from grader.execution.arrays import put_array
from grader.execution.assembly import Assembler
from grader.execution.exchange import ExchangeReader
from grader.records import Array, Callback, Raised, Training, Transcript
from grader.training.data import DataSet
from grader.training.preparation import find_preparation
from grader.training.scenarios import Scenario

Ask = Callable[..., Awaitable[Mapping[str, Any] | None]]
"""Sends a command with its arguments and returns the reply; None if the kernel gave none in time."""


async def examine_callback(
    ask: Ask, callback: Callback, keys: Sequence[str], scenarios: Sequence[Scenario], fit: int = 0
) -> tuple[Transcript, ...]:
    """Have a callback sent every scenario, an epoch at a time, and note when it told training to stop.

    Args:
        keys: the names under which its own training reported loss and metrics.
        fit: number of the call of ``fit`` that it was passed to; 0 for the last object of its class.

    Returns:
        A transcript for each scenario; none at all where the kernel could not play them.
    """
    trainings = [
        [_logs(keys, *values) for values in zip(scenario.losses, scenario.accuracies, strict=True)]
        for scenario in scenarios
    ]
    reply = await ask(
        "simulate", callback=callback.id, fit=fit, trainings=trainings
    )  # in one command: the way costs most
    played = reply.get("played") if reply is not None else None
    if not isinstance(played, list) or len(played) != len(scenarios) or not all(isinstance(p, Mapping) for p in played):
        return ()
    return tuple(_transcript(scenario, each) for scenario, each in zip(scenarios, played, strict=True))


def _transcript(scenario: Scenario, played: Mapping[str, Any]) -> Transcript:
    """What the kernel claims of one scenario."""
    raised = _raised(played["raised"]) if "raised" in played else None
    after = played.get("after")
    epochs = after if type(after) is int and 0 <= after <= len(scenario.losses) else None
    if raised is not None:
        return Transcript(scenario.name, scenario.losses, None, raised, epochs or 0, scenario.threshold)
    return Transcript(scenario.name, scenario.losses, epochs, threshold=scenario.threshold)


def _logs(keys: Sequence[str], loss: float, accuracy: float) -> dict[str, float]:
    """Logs as Keras sends them: Python floats of single-precision numbers."""
    values = {}
    for key in keys or ("loss", "accuracy"):
        shift = 0.15 if key.startswith("val_") else 0.0
        value = loss + shift if key.removeprefix("val_") == "loss" else accuracy - shift / 5
        values[key] = float(np.float32(value))
    return values


def _raised(reply: Any) -> Raised:
    """An exception as the kernel claims it."""
    if not isinstance(reply, Mapping):
        return Raised("Exception", "")
    return Raised(str(reply.get("name", ""))[:300], str(reply.get("message", ""))[:2000])


async def ask_for_predictions(
    ask: Ask, training: Training, reader: ExchangeReader, assembler: Assembler, exchange: Path, data: DataSet
) -> None:
    """Have the kernel predict the real test images, shuffled so that their order tells it nothing."""
    preparation = find_preparation(training.x, data)
    if preparation is None:
        return
    order = np.random.default_rng(secrets.randbits(64)).permutation(len(data.test_images))
    name = f"ask-{secrets.token_hex(8)}.npy"
    put_array(exchange, name, preparation.apply(data.test_images[order]))
    reply = await ask("predict", model=training.model, inputs=name)
    (exchange / name).unlink(missing_ok=True)
    output = (
        reader.array(str(reply.get("output"))) if reply is not None and isinstance(reply.get("output"), str) else None
    )
    if output is None or output.ndim < 2 or len(output) != len(order):
        return
    restored: Array = np.empty((len(order), int(np.prod(output.shape[1:]))), np.float32)
    restored[order] = output.reshape(len(order), -1)
    assembler.set_probabilities(training.id, restored)
