"""The order in which a `tf.data` pipeline gives rows: its stages, their one form, and the batches that they make.

Only what decides about order and batches is a stage. What a pipeline's functions do to rows is in the data: a stage
gives each row as it is, so that functions may as well be applied before all stages.

Elements of the first stages are rows; from the batch on they are batches.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from itertools import chain, count, islice
from typing import Any, Literal

import numpy as np

from grader.errors import NotTrainable
from grader.records import Array

MAX_STAGES = 30
MAX_ROWS = 5_000_000
"""Rows that an epoch, or any stage within it, may give or hold."""
FOR_EVER = -1

Operation = Literal["shuffle", "batch", "repeat", "take", "skip", "cache"]
Seed = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of a pipeline."""

    op: Operation
    count: int = 0
    """Elements of the buffer (`shuffle`), of a batch, to `take` (-1 for all) or to `skip`; rounds of a `repeat`."""
    flag: bool = False
    """`shuffle`: in another order each time; `batch`: a last one that is smaller is left out."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Stages from rows to batches; a `batch` is one of them."""

    stages: tuple[Stage, ...]
    steps: int | None = None
    """Batches of an epoch that need not end where the pipeline does; None where each epoch goes once through it."""

    @property
    def batch_size(self) -> int:
        """Rows of a batch. Raises NotTrainable where rows are not put into batches just once."""
        sizes = [stage.count for stage in self.stages if stage.op == "batch"]
        if len(sizes) != 1:
            raise NotTrainable(f"rows must be put into batches once. Received: {len(sizes)} times")
        return sizes[0]


def pipeline_of(value: Mapping[str, Any]) -> Pipeline:
    """A pipeline from its plain form (`dataclasses.asdict` and JSON)."""
    return Pipeline(tuple(Stage(**stage) for stage in value["stages"]), value["steps"])


# --- the one form -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Extent:
    """How much a pipeline gives."""

    whole: int
    """Rows in whole batches of an epoch, at most."""
    partial: int
    """Rows of a batch that is smaller than the others; 0 where there is none."""


def canonical_pipeline(pipeline: Pipeline, rows: int) -> tuple[Pipeline | None, bool]:
    """A pipeline without what changes nothing, or None where it gives batches as Keras makes them of arrays.

    Returns:
        The pipeline, and whether Keras would have to shuffle the arrays.

    Raises:
        NotTrainable: it gives nothing, or more than MAX_ROWS in an epoch, or what nobody can foresee.
    """
    kept: list[Stage] = []
    for stage in pipeline.stages:
        simpler = _simplified(stage, _elements(kept, rows), kept)
        kept += [] if simpler is None else [simpler]
        _check_size(kept, rows)
    steps = None if pipeline.steps == _elements(kept, rows) else pipeline.steps
    if kept[-1:] == [Stage("repeat", FOR_EVER)] and _elements(kept[:-1], rows) == steps:
        kept, steps = kept[:-1], None  # each epoch is one round
    found = Pipeline(tuple(kept), steps)
    extent_of(found, rows)
    plain = Stage("batch", found.batch_size)
    if found == Pipeline((plain,)):
        return None, False
    if found == Pipeline((Stage("shuffle", rows, True), plain)):
        return None, True
    return found, False


def _simplified(stage: Stage, elements: int | None, before: Sequence[Stage]) -> Stage | None:
    """A stage in its one form, after others and for so many elements (None: endless); None if it changes nothing."""
    shuffled = any(other.op == "shuffle" for other in before)
    if stage.op == "shuffle":
        size = stage.count if elements is None else min(stage.count, elements)
        return replace(stage, count=size) if size > 1 else None
    if stage.op == "batch":
        return replace(stage, flag=stage.flag and elements is not None and elements % stage.count > 0)
    if stage.op == "repeat":
        return None if stage.count == 1 else stage
    if stage.op == "take":
        idle = stage.count < 0 or (elements is not None and stage.count >= elements)
        if not idle and any(other.op == "cache" for other in before):
            raise NotTrainable("what is kept must be read to its end. Received: a part of it")
        return None if idle else stage
    if stage.op == "skip":
        return stage if stage.count else None
    return stage if shuffled else None


def _after(stage: Stage, elements: int | None) -> int | None:
    """How many elements a stage gives of so many; None for an endless number."""
    if stage.op == "repeat":
        endless = elements is None or stage.count < 0
        return None if endless or elements is None else elements * stage.count
    if stage.op == "take" and stage.count >= 0:
        return stage.count if elements is None else min(stage.count, elements)
    if elements is None:
        return None
    if stage.op == "skip":
        return max(0, elements - stage.count)
    if stage.op == "batch":
        return elements // stage.count if stage.flag else -(-elements // stage.count)
    return elements


def _elements(stages: Sequence[Stage], rows: int) -> int | None:
    elements: int | None = rows
    for stage in stages:
        elements = _after(stage, elements)
    return elements


def _check_size(stages: Sequence[Stage], rows: int) -> None:
    """Raise NotTrainable where the last stage gives nothing, or gives or holds more rows than MAX_ROWS."""
    elements, each = _elements(stages, rows), _rows_of_an_element(stages, rows)
    if elements == 0:
        raise NotTrainable("a pipeline must give something. Received: nothing")
    held = [stage.count for stage in stages[-1:] if stage.op in ("shuffle", "skip", "take")]
    _check_rows(max(elements or 1, *held, 1) * each, each)


def _rows_of_an_element(stages: Sequence[Stage], rows: int) -> int:
    for position, stage in enumerate(stages):
        if stage.op == "batch":
            before = _elements(stages[:position], rows)
            return stage.count if before is None else min(stage.count, before)
    return 1


def _check_rows(found: int, each: int) -> None:
    if found > MAX_ROWS + each or each > MAX_ROWS:
        raise NotTrainable(f"an epoch may have {MAX_ROWS} rows. Received: more")


def extent_of(pipeline: Pipeline, rows: int) -> Extent:
    """How much an epoch of a pipeline gives. Raises NotTrainable where it never ends, or gives more than MAX_ROWS."""
    size = pipeline.batch_size
    position = next(index for index, stage in enumerate(pipeline.stages) if stage.op == "batch")
    before, batches = _elements(pipeline.stages[:position], rows), _elements(pipeline.stages, rows)
    ends = [value for value in (batches, pipeline.steps) if value is not None]
    if not ends:
        raise NotTrainable("an epoch must end. Received: a pipeline that never does")
    each = _rows_of_an_element(pipeline.stages, rows)
    _check_rows(min(ends) * each, each)
    partial = 0 if before is None or pipeline.stages[position].flag else before % size
    return Extent(0 if before is not None and before < size else min(ends) * size, partial)


# --- batches ----------------------------------------------------------------------------------------------------------


def epochs_of(pipeline: Pipeline, rows: int, moving: int, fixed: int, first: int = 1) -> Iterator[list[Array]]:
    """The batches of each epoch from `first` on, as indices of rows, shape (batch,), int32.

    As Keras does it: an epoch goes once through the pipeline or, where it has `steps`, goes on where the last one
    ended, and begins anew once the pipeline has.

    Args:
        moving: seed of what is shuffled in another order each time.
        fixed: seed of orders that stay.
    """
    if pipeline.steps is None:
        for epoch in count(first):
            yield _arrays(_stream(pipeline.stages, rows, (moving, epoch), fixed))
    else:
        yield from islice(_by_steps(pipeline, pipeline.steps, rows, moving, fixed), first - 1, None)


def _by_steps(pipeline: Pipeline, steps: int, rows: int, moving: int, fixed: int) -> Iterator[list[Array]]:
    total = _elements(pipeline.stages, rows)
    for passage in count(1):
        batches = _stream(pipeline.stages, rows, (moving, passage), fixed)
        left = total
        while left is None or left > 0:
            taken = steps if left is None else min(steps, left)
            yield _arrays(islice(batches, taken))
            left = None if left is None else left - taken


def _arrays(batches: Iterator[Any]) -> list[Array]:
    return [np.asarray(batch, np.int32) for batch in batches]


def _stream(stages: Sequence[Stage], rows: int, seed: Seed, fixed: int) -> Iterator[Any]:
    """What a pipeline's stages give, row by row or batch by batch."""
    if not stages:
        return iter(range(rows))
    *below, stage = stages
    if stage.op == "repeat":
        rounds = count() if stage.count < 0 else range(stage.count)
        return chain.from_iterable(_stream(below, rows, (*seed, number), fixed) for number in rounds)
    if stage.op == "cache":
        return _stream(below, rows, (fixed,), fixed)
    before = _stream(below, rows, seed, fixed)
    if stage.op == "shuffle":
        kept = (*seed, len(stages)) if stage.flag else (fixed, len(stages))
        return _shuffled(before, stage.count, np.random.default_rng(kept))
    if stage.op == "batch":
        return _batches(before, stage)
    return islice(before, stage.count) if stage.op == "take" else islice(before, stage.count, None)


def _shuffled(elements: Iterator[Any], size: int, random: np.random.Generator) -> Iterator[Any]:
    """Elements by way of a buffer: each is given from a random place, which the next element takes."""
    buffer = list(islice(elements, size))
    if len(buffer) == size:
        while following := list(islice(elements, size)):
            for place, element in zip(random.integers(size, size=len(following)).tolist(), following, strict=True):
                yield buffer[place]
                buffer[place] = element
    for place in random.permutation(len(buffer)).tolist():
        yield buffer[place]


def _batches(rows: Iterator[Any], stage: Stage) -> Iterator[list[Any]]:
    while len(batch := list(islice(rows, stage.count))) == stage.count:
        yield batch
    if batch and not stage.flag:
        yield batch


def runs_of(batches: Sequence[Array], size: int) -> list[Array]:
    """Batches that follow each other joined into one array, so far as they are whole."""
    runs: list[list[Array]] = []
    for batch in batches:
        if runs and len(batch) == size == len(runs[-1][0]):
            runs[-1].append(batch)
        else:
            runs.append([batch])
    return [np.concatenate(run) for run in runs]


def fixed_name(data: str, pipeline: Pipeline) -> str:
    """What an order that stays is named by: it is the same for all trainings on the same rows."""
    return f"{data} {json.dumps(asdict(pipeline), sort_keys=True)}"
