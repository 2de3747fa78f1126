"""Every criterion that a rubric may have: what is looked at, and the settings of that look."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from grader.rubric.base import Points, Strict, Text, Width
from grader.rubric.keras_names import Activation, OptimizerName
from grader.rubric.ways import Way, check_words


class Criterion(Strict):
    """What all criteria have in common."""

    id: str = Field("", description="Unique in its question; the check's name where left out.")
    points: Points
    title: Text = Field(default_factory=dict, description="What is looked at, in a few words.")
    expected: Text = Field(default_factory=dict, description="What would have earned the points.")
    hint: Text = Field(default_factory=dict, description="Shown when points are lost; helps without giving the answer.")
    public: bool = Field(True, description="Shown by a student's own `grader check`.")


class OfNetwork(Criterion):
    """Looks at the network that its question trains, and that the question's `training` describes."""


class HiddenLayers(OfNetwork):
    """The hidden dense layers have exactly these widths."""

    check: Literal["hidden_layers"]
    units: list[Width]


class HiddenActivation(OfNetwork):
    """Every hidden dense layer has this activation."""

    check: Literal["hidden_activation"]
    activation: Activation


class OutputLayer(OfNetwork):
    """The last dense layer has this width and activation."""

    check: Literal["output_layer"]
    units: Width
    activation: Activation


class Optimizer(OfNetwork):
    """The network was compiled with this optimizer."""

    check: Literal["optimizer"]
    name: OptimizerName


class Epochs(OfNetwork):
    """The question's training ran for exactly this number of epochs."""

    check: Literal["epochs"]
    epochs: int = Field(gt=0)


class BatchSize(OfNetwork):
    """The question's training used batches of this size."""

    check: Literal["batch_size"]
    batch_size: int = Field(gt=0)


class EpochLog(OfNetwork):
    """The outputs saved in the file show loss and accuracy of every epoch."""

    check: Literal["epoch_log"]


class TestAccuracy(OfNetwork):
    """Accuracy on the real test set, recomputed by the grader, is above this share."""

    check: Literal["test_accuracy"]
    above: float = Field(gt=0, lt=1)


class Evaluated(Criterion):
    """The model of another question was evaluated on the real test set."""

    check: Literal["evaluated"]
    model_of: str


class PredictedClass(Criterion):
    """The class named for the first test image is what these questions' models predict."""

    check: Literal["predicted_class"]
    models_of: list[str] = Field(min_length=1)


class NetworkTrained(OfNetwork):
    """The network of another question, with other hidden widths or another number of epochs, was trained."""

    check: Literal["network_trained"]
    like: str
    units: list[Width] | None = None
    epochs: int | None = Field(None, gt=0)


class ExpectedError(Criterion):
    """Training without making the images vectors was tried, and its error is in the saved outputs."""

    check: Literal["expected_error"]
    mistake: Literal["not_vectorised"]


class Concept(Criterion):
    """An idea that the student's prose has to express.

    A way is a phrase such as ``LOSS & TEST & sube|aumenta``: ``|`` parts words that mean the same, ``&`` joins words
    that stand in one clause in any order, ``+`` joins clauses of one sentence. Words of one alternative stand in that
    order with at most three others between (``no generaliza``). A name in capitals stands for its list in `words`.
    Accents, endings and small typos do not matter; a word after a negation counts only where the way itself says
    ``no``.
    """

    check: Literal["concept"]
    words: Annotated[dict[str, list[str]], AfterValidator(check_words)] = Field(
        default_factory=dict, description="Names in capitals for lists of words, for use in ways."
    )
    given: list[Way] = Field(
        default_factory=list,
        description="Turns of phrase that everyone takes from the question; they count for nothing.",
    )
    ways: list[Way] = Field(min_length=1, description="Each of these phrases expresses the idea.")
    partly: list[Way] = Field(default_factory=list, description="These say half of it; a person looks at the answer.")
    against: list[Way] = Field(default_factory=list, description="These say the contrary.")
    related: list[Way] = Field(
        default_factory=list, description="An answer with these, but none of the above, is looked at by a person."
    )
    near: Text = Field(default_factory=dict, description="Told to who wrote only those: what the answer still lacks.")


class CallbackClass(Criterion):
    """A subclass of Keras's Callback with an epoch-end hook."""

    check: Literal["callback_class"]


class CallbackUsed(Criterion):
    """An instance of the class was passed to ``fit``, and training ran with it."""

    check: Literal["callback_used"]


class CallbackStops(Criterion):
    """Stops at the first epoch whose loss is at or below the threshold."""

    check: Literal["callback_stops"]
    loss: float = Field(gt=0)


class CallbackWaits(Criterion):
    """Does not stop while the loss is above the threshold."""

    check: Literal["callback_waits"]
    loss: float = Field(gt=0)


AnyCriterion = Annotated[
    HiddenLayers
    | HiddenActivation
    | OutputLayer
    | Optimizer
    | Epochs
    | BatchSize
    | EpochLog
    | TestAccuracy
    | Evaluated
    | PredictedClass
    | NetworkTrained
    | ExpectedError
    | Concept
    | CallbackClass
    | CallbackUsed
    | CallbackStops
    | CallbackWaits,
    Field(discriminator="check"),
]
