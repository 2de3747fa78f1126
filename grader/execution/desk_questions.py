"""What a kernel may ask the training desk, in the form in which it comes: JSON, held against these schemas."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, TypeAdapter, model_validator

from grader.execution.exchange import Digest
from grader.training.pipelines import FOR_EVER, MAX_ROWS, MAX_STAGES, Operation, Pipeline, Stage

MAX_EPOCHS = 2_000

Count = Annotated[int, Field(ge=0, le=100_000)]
Where = Annotated[list[Count], Field(min_length=2, max_length=2)]


class WirePart(BaseModel):
    """A layer, optimizer, loss or metric as the kernel describes it."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    name: Annotated[str, Field(max_length=100)]
    config: dict[str, Any] = Field(default_factory=dict, max_length=60)


class WireStage(BaseModel):
    """A stage of a pipeline."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    op: Operation
    count: Annotated[int, Field(ge=FOR_EVER, le=10**12)] = 0
    flag: bool = False

    @model_validator(mode="after")
    def _counts(self) -> WireStage:
        """Only what is repeated, or taken, may have no end; a buffer or batch holds something."""
        least = {"repeat": FOR_EVER, "take": FOR_EVER, "shuffle": 1, "batch": 1}.get(self.op, 0)
        if self.count < least:
            raise ValueError(f"{self.op} must count from {least}. Received: {self.count}")
        return self


class WirePipeline(BaseModel):
    """How rows become batches."""

    model_config = ConfigDict(frozen=True, extra="ignore")
    rows: Annotated[int, Field(gt=0, le=MAX_ROWS)]
    stages: Annotated[list[WireStage], Field(min_length=1, max_length=MAX_STAGES)]
    steps: Annotated[int, Field(gt=0, le=MAX_ROWS)] | None = None

    def plain(self) -> Pipeline:
        """As the trainer has it."""
        return Pipeline(tuple(Stage(stage.op, stage.count, stage.flag) for stage in self.stages), self.steps)


class Question(BaseModel):
    """Base of what a kernel may ask."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class AskFit(Question):
    """Take a training?"""

    op: Literal["fit"]
    layers: Annotated[list[WirePart], Field(min_length=1, max_length=100)]
    input_shape: Annotated[list[Annotated[int, Field(gt=0, le=100_000)]], Field(max_length=5)]
    optimizer: WirePart
    loss: WirePart
    metrics: Annotated[list[WirePart], Field(max_length=20)]
    x: Digest
    y: Digest
    sample_weight: Digest | None = None
    class_weight: Annotated[list[tuple[int, FiniteFloat]], Field(max_length=1000)] = []
    batch_size: Annotated[int, Field(gt=0, le=1_000_000)]
    """Of arrays; a pipeline says its own."""
    shuffle: bool = True
    pipeline: WirePipeline | None = None
    weights: Where | None = None
    state: Where | None = None
    under_way: bool = False
    """True where the call of `fit` has had epochs from a training before."""


class AskEpoch(Question):
    """Weights and logs of an epoch of a training that was taken."""

    op: Literal["epoch"]
    training: Count
    epoch: Annotated[int, Field(gt=0, le=MAX_EPOCHS)]
    ahead: Annotated[int, Field(ge=0, le=MAX_EPOCHS)] = 0
    weights: bool = True
    """False for an epoch of which only the logs are wanted."""


class AskState(Question):
    """The optimizer's arrays after an epoch."""

    op: Literal["state"]
    training: Count
    epoch: Annotated[int, Field(gt=0, le=MAX_EPOCHS)]


class AskLook(Question):
    """An evaluation or prediction with the weights of an epoch."""

    op: Literal["evaluate", "predict"]
    at: Where
    layers: Annotated[list[WirePart], Field(min_length=1, max_length=100)]
    input_shape: Annotated[list[Annotated[int, Field(gt=0, le=100_000)]], Field(max_length=5)]
    loss: WirePart | None = None
    metrics: Annotated[list[WirePart], Field(max_length=20)] = []
    x: Digest
    y: Digest | None = None
    sample_weight: Digest | None = None


QUESTION: TypeAdapter[AskFit | AskEpoch | AskState | AskLook] = TypeAdapter(
    Annotated[AskFit | AskEpoch | AskState | AskLook, Field(discriminator="op")]
)
