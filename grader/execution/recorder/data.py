"""What data was handed to Keras: shape, digest, and a few rows."""

from __future__ import annotations

import contextlib
import hashlib
import inspect
import types
from collections.abc import Iterator
from typing import Any

from .facts import as_trained, whole
from .fingerprints import fingerprint
from .models import TRACE_ROWS
from .pipelines import first_rows, is_dataset
from .writer import Writer

SAMPLE_ROWS = 8
MAX_HASHED_BYTES = 1_000_000_000
PART_BYTES = 4_000_000


KEEP_BATCHES = ("Prefetch", "Shuffle", "Cache", "Repeat", "Take", "Skip", "Options", "Shard", "AssertCardinality")
"""Stages of TensorFlow's that pass on whole batches as they come."""


class DataReader:
    """Describes arrays and pipelines; sampled rows go to the writer."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer
        self.digests: dict[Any, str] = {}
        """By type, shape and fingerprint."""
        self.looked_at: dict[int, tuple[Any, str]] = {}
        """Values of this call, held so that no other one gets their id, and their digests."""
        self.batches: dict[int, tuple[Any, Any]] = {}
        """Pipelines of this call, and the batch of each that was looked at."""

    def let_go(self) -> None:
        """Between calls arrays may change, and their memory is the student's to free."""
        self.looked_at.clear()
        self.batches.clear()

    def data(self, value: Any, second: bool = False) -> dict[str, Any] | None:
        """What was handed over as inputs (or, with `second`, as labels inside a pipeline)."""
        if value is None:
            return None
        if is_pipeline(value):
            batch_size = self.batch_size(value)
            value = self.part(value, 1 if second else 0)
            return None if value is None else {**self._array(value, rows=False), "batch_size": batch_size, "n": None}
        return None if second else {**self._array(value, rows=True), "batch_size": None}

    def _array(self, value: Any, rows: bool) -> dict[str, Any]:
        import numpy as np

        value = unwrapped(value)
        array = np.asarray(value)
        count = len(array) if array.ndim else 0
        indices = sorted(
            {i for i in (0, 1, 2, count // 3, count // 2, count - 3, count - 2, count - 1) if 0 <= i < count}
        )
        return {
            "shape": list(array.shape),
            "dtype": str(array.dtype),
            "sha256": self.digest(value, array) if rows else "",
            "rows": indices[:SAMPLE_ROWS] if rows else [],
            "sample": self.writer.save(array[indices[:SAMPLE_ROWS]]) if count else None,
        }

    def digest(self, value: Any, array: Any) -> str:
        """sha256 of an array as Keras will train on it; computed once for arrays that hold the same."""
        if array.nbytes > MAX_HASHED_BYTES or array.dtype.kind not in "fiub" or not array.ndim or not array.size:
            return ""
        if id(value) not in self.looked_at:
            now = (array.shape, array.dtype.str, fingerprint(array))
            if now not in self.digests:
                self.digests[now] = _sha256(array)
            self.looked_at[id(value)] = value, self.digests[now]
        return self.looked_at[id(value)][1]

    def batch_size(self, pipeline: Any) -> int | None:
        """A pipeline's batch size: of its last stage that makes batches, or of its first batch if others follow."""
        stage = pipeline
        for _ in range(50):
            size = getattr(stage, "_batch_size", None)
            if size is not None:
                return whole(size)
            if type(stage).__name__.lstrip("_").removesuffix("Dataset") not in KEEP_BATCHES:
                break
            stage = getattr(stage, "_input_dataset", None)
        batch = self.part(pipeline, 0)
        return int(batch.shape[0]) if hasattr(batch, "shape") and len(batch.shape) > 1 else None

    def part(self, pipeline: Any, index: int) -> Any:
        """Inputs (0) or labels (1) of a pipeline's first batch, which is looked at once a call."""
        if id(pipeline) not in self.batches:
            self.batches[id(pipeline)] = pipeline, first_batch(pipeline)
        batch = self.batches[id(pipeline)][1]
        if not isinstance(batch, (tuple, list)):
            return batch if index == 0 else None
        return batch[index] if len(batch) > index else None

    def inputs(self, x: Any) -> Any:
        """A few inputs for a trace, as the student's code prepared them: a copy, since TensorFlow holds on to them."""
        import numpy as np

        if x is None or isinstance(x, types.GeneratorType):
            return None
        if is_pipeline(x):
            batch = self.part(x, 0)
            return None if batch is None else np.asarray(unwrapped(batch))[:TRACE_ROWS]
        x = unwrapped(x)
        return np.array(x[:TRACE_ROWS]) if hasattr(x, "shape") else None


def unwrapped(value: Any) -> Any:
    """The one array of a list, or of a dictionary by the input's name, as Keras takes them."""
    parts = list(value.values()) if isinstance(value, dict) else value
    return parts[0] if isinstance(parts, (list, tuple)) and len(parts) == 1 and hasattr(parts[0], "shape") else value


def is_pipeline(value: Any) -> bool:
    """True for data that comes in batches: ``tf.data`` and Keras's own data sets."""
    return not hasattr(value, "__array__") and (
        hasattr(value, "element_spec") or (hasattr(value, "__getitem__") and hasattr(value, "on_epoch_end"))
    )


def first_batch(pipeline: Any) -> Any:
    """A pipeline's first batch; before anything is shuffled, where its stages are known."""
    try:
        if is_dataset(pipeline):
            with contextlib.suppress(Exception):
                return first_rows(pipeline)
        return next(iter(pipeline)) if hasattr(pipeline, "element_spec") else pipeline[0]
    except Exception:
        return None


class Peeked:
    """A generator of which the first batch was looked at; `batches` yields all of them, that one first."""

    def __init__(self, generator: Iterator[Any]) -> None:
        self.generator = generator
        self.fault: BaseException | None = None
        self.first: list[Any] = []
        try:
            self.first = [next(generator)]
        except StopIteration:
            pass
        except BaseException as error:  # Keras meets it where it would have met it
            self.fault = error

    def __getitem__(self, index: int) -> Any:
        return self.first[index]

    def on_epoch_end(self) -> None:
        """As Keras's own data sets have it."""

    def batches(self) -> Iterator[Any]:
        """All batches, as the student's generator gives them."""
        if self.fault is not None:
            raise self.fault
        yield from self.first
        yield from self.generator


def _sha256(array: Any) -> str:
    """Digest of type, shape and bytes of `as_trained`, a part at a time: a whole copy would cost 200 MB."""
    import numpy as np

    kind = np.dtype("float32") if array.dtype.kind == "f" else array.dtype
    digest = hashlib.sha256(str((kind.str, array.shape)).encode())
    rows = max(1, PART_BYTES // max(1, array.nbytes // len(array)))
    for start in range(0, len(array), rows):
        digest.update(np.ascontiguousarray(as_trained(array[start : start + rows])).reshape(-1).view("uint8").data)
    return digest.hexdigest()


def replayable(original: Any, model: Any, args: Any, kwargs: Any) -> tuple[Any, Any, dict[str, Any]]:
    """A generator can be looked at only once: look at its first batch, and hand Keras one that yields the same."""
    bound = inspect.signature(original).bind(model, *args, **kwargs)
    peeked = Peeked(bound.arguments["x"])
    bound.arguments["x"] = peeked.batches()
    args, kwargs = bound.args[1:], bound.kwargs
    bound.apply_defaults()
    return args, kwargs, {**bound.arguments, "x": peeked}
