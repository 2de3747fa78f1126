"""What plain Keras makes of the orders in `test_trainer.py`, recorded: ``python tests/training/plain_keras.py``.

It depends on nothing of the grader. An order that is not recorded, or was with another Keras, TensorFlow or NumPy, is
run in plain Keras beside the trainer.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from grader.records import Array

RECORD = Path(__file__).with_name("plain_keras.json.gz")
ENTRIES = 128
"""Of each array that are recorded."""


def versions() -> dict[str, str]:
    """All that decides what plain Keras does, but for the order."""
    return {name: version(name) for name in ("keras", "tensorflow", "numpy")}


@cache
def recorded() -> dict[str, Any]:
    """The record: its ``versions``, and what was seen in ``orders``, by name."""
    record: dict[str, Any] = json.loads(gzip.decompress(RECORD.read_bytes()))
    return record


def seen(name: str, run: Callable[[], Any]) -> Any:
    """What was recorded under a name, else what running shows."""
    known = recorded()
    if known["versions"] == versions() and name in known["orders"]:
        return known["orders"][name]
    return json.loads(json.dumps(run()))


def summary(array: Array) -> list[float]:
    """Entries spread over an array, then its norm: what stands for it in the record."""
    flat = np.asarray(array, np.float64).ravel()
    entries = flat[np.linspace(0, flat.size - 1, min(ENTRIES, flat.size)).astype(int)] if flat.size else flat
    return [float(f"{value:.7g}") for value in (*entries, float(np.linalg.norm(flat)))]


def main() -> None:
    """Run every order in plain Keras and write the record."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    from test_trainer import plain_runs

    orders = {name: run() for name, run in plain_runs()}
    text = json.dumps({"versions": versions(), "orders": orders}, sort_keys=True)
    RECORD.write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    main()
