"""`tf.data` pipelines taken apart: the rows that they are made of, and how these become batches.

Stages are known by TensorFlow's own classes, and nothing else is followed. What a pipeline's functions make of its rows
is computed here, by the functions themselves, in the order in which the rows stand before anything shuffles them.
"""

from __future__ import annotations

import functools
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .facts import as_trained
from .orders import InKernel
from .writer import MAX_ARRAY_BYTES

MAX_ROWS = 5_000_000
MAX_HELD_BYTES = 300_000_000
"""Rows that were made, for as long as their pipeline lives."""
MAX_STAGES = 30
ROWS_AT_ONCE = 2048
INFINITE = -1
"""TensorFlow's cardinality of a pipeline that never ends."""
SEVERAL = frozenset({"zip", "concatenate", "shard"})
"""Stages that are known of steady pipelines only."""
STEADY = SEVERAL | {"source", "map", "take", "skip", "cache", "prefetch", "options", "shuffle"}
"""What gives the same rows in the same order each time; a shuffle does only where its order stays."""
CALLS = frozenset({"StatefulPartitionedCall"})
"""Operations that are what they call."""


@functools.cache
def _kinds() -> dict[type, str]:
    from tensorflow.python.data.ops import (
        batch_op,
        cache_op,
        concatenate_op,
        dataset_ops,
        from_tensor_slices_op,
        from_tensors_op,
        map_op,
        prefetch_op,
        range_op,
        repeat_op,
        shard_op,
        shuffle_op,
        skip_op,
        take_op,
        zip_op,
    )

    return {
        from_tensor_slices_op._TensorSliceDataset: "source",
        from_tensors_op._TensorDataset: "source",
        range_op._RangeDataset: "source",
        zip_op._ZipDataset: "zip",
        concatenate_op._ConcatenateDataset: "concatenate",
        shard_op._ShardDataset: "shard",
        map_op._MapDataset: "map",
        map_op._ParallelMapDataset: "map",
        take_op._TakeDataset: "take",
        skip_op._SkipDataset: "skip",
        cache_op.CacheDataset: "cache",
        prefetch_op._PrefetchDataset: "prefetch",
        dataset_ops._OptionsDataset: "options",
        shuffle_op._ShuffleDataset: "shuffle",
        batch_op._BatchDataset: "batch",
        batch_op._ParallelBatchDataset: "batch",
        repeat_op._RepeatDataset: "repeat",
    }


def is_dataset(value: Any) -> bool:
    """True for a pipeline of `tf.data`."""
    import tensorflow as tf

    return isinstance(value, tf.data.Dataset)


@dataclass(frozen=True)
class Stage:
    """One step from rows to batches, as the trainer follows it."""

    op: str
    count: int = 0
    flag: bool = False

    def after(self, dataset: Any) -> Any:
        """This step after another pipeline, without shuffling."""
        if self.op == "batch":
            return dataset.batch(self.count, self.flag)
        return getattr(dataset, self.op)(self.count) if self.op in ("repeat", "take", "skip") else dataset


class Parts:
    """A pipeline taken apart."""

    def __init__(self, dataset: Any) -> None:
        """Raises InKernel for a pipeline with a stage that is not known, or in an order that is not foreseen."""
        self.batches = int(dataset.cardinality())
        if dataset.options().deterministic is False:
            raise InKernel("a pipeline without an order")
        above: list[tuple[str, Any]] = []
        while not _is_steady(dataset):
            kind = _kind(dataset)
            if kind in SEVERAL:
                raise InKernel(f"a pipeline with {kind} after it is shuffled, repeated or put into batches")
            above.append((kind, dataset))
            dataset = dataset._input_dataset
            if len(above) > MAX_STAGES:
                raise InKernel("a pipeline of very many stages")
        self.base = dataset
        self.stages: list[Stage] = []
        self.element_maps: list[Any] = []
        self.batch_maps: list[Any] = []
        self.batch: Stage | None = None
        """None where the base's elements are batches already."""
        self.has_order = False
        """True if rows are shuffled in an order that another pipeline may share, so that parts of it fit together."""
        for kind, node in reversed(above):
            self._add(kind, node)

    def _add(self, kind: str, node: Any) -> None:
        if kind == "map":
            (self.element_maps if self.batch is None else self.batch_maps).append(node)
        elif kind == "batch":
            if self.batch is not None:
                raise InKernel("a pipeline with batches of batches")
            self.batch = Stage("batch", int(node._batch_size), bool(node._drop_remainder))
            self.stages.append(self.batch)
        elif kind == "shuffle":
            self.stages.append(Stage("shuffle", int(node._buffer_size), bool(node._reshuffle_each_iteration)))
            self.has_order = not self.stages[-1].flag or bool(int(node._seed) or int(node._seed2)) or self.has_order
        elif kind in ("take", "skip"):
            if self.has_order:
                raise InKernel("a part of rows that are shuffled in an order of their own")
            self.stages.append(Stage(kind, int(node._count)))
        elif kind == "repeat":
            self.stages.append(Stage(kind, int(node._count)))
        elif kind == "cache":
            self.has_order = self.has_order or any(stage.op == "shuffle" for stage in self.stages)
            self.stages.append(Stage(kind))

    def elements(self) -> Any:
        """The pipeline's first elements, with what its functions make of each."""
        return functools.reduce(_mapped, self.element_maps, self.base)

    def in_batches(self, elements: Any) -> Any:
        """Elements as batches, with what the pipeline's functions make of these."""
        return functools.reduce(
            _mapped, self.batch_maps, elements if self.batch is None else self.batch.after(elements)
        )


def _kind(dataset: Any) -> str:
    kind = _kinds().get(type(dataset))
    if kind is None:
        raise InKernel(f"a pipeline with a stage that the trainer does not follow ({type(dataset).__name__})"[:200])
    _check(kind, dataset)
    return kind


def _check(kind: str, dataset: Any) -> None:
    """Raise InKernel for stages whose elements, or the order of these, are not the same each time."""
    if getattr(dataset, "_deterministic", "") == "false":
        raise InKernel("a pipeline without an order")
    if kind == "cache" and dataset._filename.numpy():
        raise InKernel("a pipeline that is kept in a file")
    if kind == "map" and not _is_pure(dataset._map_func.function):
        raise InKernel("a pipeline with a function that may give something else each time")


def _is_pure(function: Any) -> bool:
    """True if a function's results depend on its arguments alone: no random numbers, variables, or Python code."""
    from tensorflow.python.framework import op_def_registry

    graph = function.graph.as_graph_def()
    nodes = [*graph.node, *(node for called in graph.library.function for node in called.node_def)]
    known = (op_def_registry.get(node.op) for node in nodes if node.op not in CALLS)
    held = {tensor.dtype.name for tensor in function.captured_inputs}
    return not any(op is not None and op.is_stateful for op in known) and not held & {"resource", "variant"}


def _is_steady(dataset: Any, split: bool = False, depth: int = 0) -> bool:
    """True if a pipeline gives rows, no batches, and the same in the same order each time.

    An order that was shuffled once stands for itself where it decides which rows are taken, or left out.

    Args:
        split: True below a stage that takes, or leaves out, what comes first.
    """
    kind = _kind(dataset)
    if kind not in STEADY or depth > MAX_STAGES:
        return False
    if kind == "shuffle" and (not split or dataset._reshuffle_each_iteration):
        return False
    split = split or kind in ("take", "skip")
    return all(_is_steady(below, split, depth + 1) for below in dataset._inputs())


def _mapped(dataset: Any, stage: Any) -> Any:
    """Another pipeline with a stage's function, as it was traced: the student's code is not run again."""
    from tensorflow.python.data.ops import dataset_ops
    from tensorflow.python.ops import gen_dataset_ops

    function = stage._map_func.function
    variant = gen_dataset_ops.map_dataset(
        dataset._variant_tensor,
        function.captured_inputs,
        f=function,
        use_inter_op_parallelism=True,
        preserve_cardinality=True,
        force_synchronous=False,
        **stage._common_args,
    )
    return dataset_ops._VariantDataset(variant, stage.element_spec)


# --- rows -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rows:
    """What a pipeline is made of."""

    arrays: tuple[Any, ...]
    """Inputs, labels, weights of rows, so far as it has them; shape (n, ...) each."""
    stages: tuple[Stage, ...]
    """From rows to batches."""
    batches: int
    """TensorFlow's cardinality."""

    @property
    def batch_size(self) -> int:
        """Rows of a batch."""
        return next(stage.count for stage in self.stages if stage.op == "batch")

    def question(self, steps: int | None) -> dict[str, Any]:
        """How rows become batches, for the trainer."""
        return {"rows": len(self.arrays[0]), "stages": [vars(stage) for stage in self.stages], "steps": steps}


class PipelineReader:
    """Takes pipelines apart; rows that had to be made are kept as long as their pipeline lives."""

    def __init__(self) -> None:
        self.held: weakref.WeakKeyDictionary[Any, Rows] = weakref.WeakKeyDictionary()

    def rows(self, dataset: Any) -> Rows:
        """What a pipeline is made of. Raises InKernel where that is not certain."""
        if dataset not in self.held:
            rows = _rows(Parts(dataset))
            while self.held and sum(map(_own_bytes, [*self.held.values(), rows])) > MAX_HELD_BYTES:
                del self.held[next(iter(self.held))]
            self.held[dataset] = rows
        return self.held[dataset]

    def to_train(self, dataset: Any, steps: int | None, epochs: int) -> Rows:
        """What a pipeline is made of, where each of so many epochs will have so many steps. Raises InKernel."""
        rows = self.rows(dataset)
        if len(rows.arrays) < 2:
            raise InKernel("a pipeline without labels")
        if rows.batches < INFINITE or rows.batches == (INFINITE if steps is None else 0):
            raise InKernel("a pipeline of a length that is not known")
        if steps is not None and 0 <= rows.batches < steps * epochs and rows.batches % steps:
            raise InKernel("a pipeline that ends within an epoch")
        return rows

    def to_look(self, dataset: Any, steps: int | None, in_order: bool) -> tuple[Any, ...]:
        """All rows that a pipeline gives, once or for so many steps. Raises InKernel.

        Args:
            in_order: False where the order of rows makes no difference.
        """
        import numpy as np
        import tensorflow as tf

        rows = self.rows(dataset)
        count = len(rows.arrays[0])
        batches = functools.reduce(lambda before, stage: stage.after(before), rows.stages, tf.data.Dataset.range(count))
        batches = batches if steps is None else batches.take(steps)
        length = int(batches.cardinality())
        if not 0 < length * rows.batch_size <= MAX_ROWS + rows.batch_size or length < (steps or 0):
            raise InKernel("a pipeline of a length that is not known")
        indices = np.concatenate([batch.numpy() for batch in batches])
        shuffled = any(stage.op == "shuffle" for stage in rows.stages)
        if shuffled and (in_order or not len(indices) == count == len(set(indices.tolist()))):
            raise InKernel("a part of rows that are shuffled")
        if np.array_equal(indices, np.arange(count)):
            return rows.arrays
        return tuple(array[indices] for array in rows.arrays)


def _own_bytes(rows: Rows) -> int:
    return sum(array.nbytes for array in rows.arrays if array.flags.owndata)


def first_rows(dataset: Any) -> Any:
    """A batch of a pipeline with its rows as they stand before they are shuffled. Raises InKernel."""
    parts = Parts(dataset)
    return next(iter(parts.in_batches(parts.elements())))


def _rows(parts: Parts) -> Rows:
    elements = parts.elements()
    count = int(elements.cardinality())
    if not 0 < count <= MAX_ROWS:
        raise InKernel("a pipeline of a length that is not known")
    if parts.batch is None:
        return _rows_of_batches(parts, elements, count)
    if parts.batch_maps:
        arrays = _rows_through_batches(parts, parts.batch, elements, count)
    else:
        arrays = _sliced(elements) or _collected(elements.batch(ROWS_AT_ONCE), count)
    return Rows(arrays, tuple(parts.stages), parts.batches)


def _sliced(dataset: Any) -> tuple[Any, ...]:
    """The arrays whose slices a pipeline gives; none of any other pipeline."""
    from tensorflow.python.data.ops import from_tensor_slices_op

    if type(dataset) is not from_tensor_slices_op._TensorSliceDataset:
        return ()
    return tuple(_view(tensor) for tensor in _structure(dataset, dataset._tensors))


def _view(tensor: Any) -> Any:
    """The tensor's own memory, read-only."""
    import numpy as np

    return np.asarray(memoryview(tensor))


def _structure(dataset: Any, values: Sequence[Any]) -> Sequence[Any]:
    """The values that make an element: inputs, labels, weights. Raises InKernel for elements of another form."""
    import tensorflow as tf

    spec = dataset.element_spec
    parts = spec if isinstance(spec, tuple) else (spec,)
    if not 0 < len(parts) <= 3 or any(type(part) is not tf.TensorSpec for part in parts) or len(values) != len(parts):
        raise InKernel("a pipeline whose elements are not inputs and labels")
    return values


def _collected(batches: Any, count: int) -> tuple[Any, ...]:
    """All rows of batches, shape (count, ...) each, real numbers in single precision."""
    import numpy as np

    arrays: list[Any] = []
    done = 0
    for parts in _batches(batches):
        if not arrays:
            arrays = [np.empty((count, *part.shape[1:]), as_trained(part[:1]).dtype) for part in parts]
            if any(array.nbytes > MAX_ARRAY_BYTES for array in arrays):
                raise InKernel("a pipeline of very many bytes")
        for array, part in zip(arrays, parts, strict=True):
            array[done : done + len(part)] = part
        done += len(parts[0])
    if done != count:
        raise InKernel("a pipeline whose functions change the number of rows")
    return tuple(arrays)


def _batches(dataset: Any) -> Iterator[list[Any]]:
    """Batches as arrays: inputs, labels, weights, of one number of rows."""
    for batch in dataset:
        values = batch if isinstance(batch, tuple) else (batch,)
        parts = [_view(part) for part in _structure(dataset, values)]
        if any(not part.ndim or len(part) != len(parts[0]) for part in parts):
            raise InKernel("a pipeline whose elements are no rows")
        yield parts


def _rows_of_batches(parts: Parts, elements: Any, count: int) -> Rows:
    """The base's elements are batches, of one size but for the last."""
    import numpy as np

    found, nbytes = [], 0
    for batch in _batches(elements):
        found.append([as_trained(part) for part in batch])
        nbytes += sum(part.nbytes for part in found[-1])
        if nbytes > MAX_ARRAY_BYTES:
            raise InKernel("a pipeline of very many bytes")
    sizes = [len(batch[0]) for batch in found]
    if len(found) != count or any(size != sizes[0] for size in sizes[:-1]) or not 0 < sizes[-1] <= sizes[0]:
        raise InKernel("a pipeline with batches of several sizes")
    arrays = tuple(np.concatenate(part) for part in zip(*found, strict=True))
    return Rows(arrays, (Stage("batch", sizes[0]), *parts.stages), parts.batches)


def _rows_through_batches(parts: Parts, batch: Stage, elements: Any, count: int) -> tuple[Any, ...]:
    """Rows as functions of whole batches make them. Raises InKernel where a row depends on the others of its batch."""
    import numpy as np

    whole = count // batch.count * batch.count if batch.flag else count
    if not whole:
        raise InKernel("a pipeline without a whole batch")
    arrays = _collected(parts.in_batches(elements), whole)
    if whole < count:  # rows of a batch that is left out, when nothing is shuffled
        last = _collected(parts.in_batches(elements.skip(count - batch.count)), batch.count)
        arrays = tuple(np.concatenate([array, end[whole - count :]]) for array, end in zip(arrays, last, strict=True))
    first = max(1, min(batch.count, count) // 2)
    others = list(_batches(parts.in_batches(elements.skip(first).take(2 * batch.count))))
    compared = 0
    for other in others:
        rows = slice(first + compared, first + compared + len(other[0]))
        if not all(np.array_equal(array[rows], as_trained(part)) for array, part in zip(arrays, other, strict=True)):
            raise InKernel("a pipeline whose functions look at whole batches")
        compared += len(other[0])
    if not compared and batch.count > 1:
        raise InKernel("a pipeline whose functions may look at whole batches")
    return arrays
