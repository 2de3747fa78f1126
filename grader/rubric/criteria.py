"""Every criterion that a rubric may have: what is looked at, and the settings of that look."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, Field

from grader.rubric.base import Disclosed, Disclosure, Points, Text, Width
from grader.rubric.keras_names import Activation, OptimizerName
from grader.rubric.ways import Way, check_words

PUBLIC, STATED, ANSWER, REMARK = Disclosure.PUBLIC, Disclosure.STATED, Disclosure.ANSWER, Disclosure.REMARK


class Criterion(Disclosed):
    """What all criteria have in common.

    Each key, and each kind of criterion for its messages, says what students may be told before they hand in.
    """

    messages: ClassVar[Disclosure]
    """Whether the check's messages name what is expected: values of the criterion, or the answer itself."""

    id: Annotated[str, REMARK] = Field("", description="Unique in its question; the check's name where left out.")
    points: Annotated[Points, PUBLIC]
    title: Annotated[Text, PUBLIC] = Field(default_factory=dict, description="What is looked at, in a few words.")
    expected: Annotated[Text, REMARK] = Field(default_factory=dict, description="What would have earned the points.")
    hint: Annotated[Text, PUBLIC] = Field(
        default_factory=dict, description="Shown when points are lost; helps without giving the answer."
    )
    public: Annotated[bool, PUBLIC] = Field(True, description="Shown by a student's own `grader check`.")

    @classmethod
    def __pydantic_init_subclass__(cls, **more: Any) -> None:
        """Raises TypeError for a kind of criterion that leaves open what its messages tell."""
        super().__pydantic_init_subclass__(**more)
        if "check" in cls.model_fields and not hasattr(cls, "messages"):
            raise TypeError(f"{cls.__name__}.messages must be a Disclosure. Received: nothing")


class OfNetwork(Criterion):
    """Looks at the network that its question trains, and that the question's `training` describes."""


class HiddenLayers(OfNetwork):
    """The hidden dense layers have exactly these widths."""

    messages: ClassVar[Disclosure] = STATED
    check: Annotated[Literal["hidden_layers"], PUBLIC]
    units: Annotated[list[Width], STATED]


class HiddenActivation(OfNetwork):
    """Every hidden dense layer has this activation."""

    messages: ClassVar[Disclosure] = STATED
    check: Annotated[Literal["hidden_activation"], PUBLIC]
    activation: Annotated[Activation, STATED]


class OutputLayer(OfNetwork):
    """The last dense layer has this width and activation."""

    messages: ClassVar[Disclosure] = STATED
    check: Annotated[Literal["output_layer"], PUBLIC]
    units: Annotated[Width, STATED]
    activation: Annotated[Activation, STATED]


class Optimizer(OfNetwork):
    """The network was compiled with this optimizer."""

    messages: ClassVar[Disclosure] = STATED
    check: Annotated[Literal["optimizer"], PUBLIC]
    name: Annotated[OptimizerName, STATED]


class Epochs(OfNetwork):
    """The question's training ran for exactly this number of epochs."""

    messages: ClassVar[Disclosure] = STATED
    check: Annotated[Literal["epochs"], PUBLIC]
    epochs: Annotated[int, STATED] = Field(gt=0)


class BatchSize(OfNetwork):
    """The question's training used batches of this size."""

    messages: ClassVar[Disclosure] = STATED
    check: Annotated[Literal["batch_size"], PUBLIC]
    batch_size: Annotated[int, STATED] = Field(gt=0)


class EpochLog(OfNetwork):
    """The outputs saved in the file show loss and accuracy of every epoch."""

    messages: ClassVar[Disclosure] = PUBLIC
    check: Annotated[Literal["epoch_log"], PUBLIC]


class TestAccuracy(OfNetwork):
    """Accuracy on the real test set, recomputed by the grader, is above this share."""

    messages: ClassVar[Disclosure] = STATED
    check: Annotated[Literal["test_accuracy"], PUBLIC]
    above: Annotated[float, STATED] = Field(gt=0, lt=1)


class Evaluated(Criterion):
    """The model of another question was evaluated on the real test set."""

    messages: ClassVar[Disclosure] = PUBLIC
    check: Annotated[Literal["evaluated"], PUBLIC]
    model_of: Annotated[str, PUBLIC]


class PredictedClass(Criterion):
    """The class named for the first test image is what these questions' models predict."""

    messages: ClassVar[Disclosure] = ANSWER
    check: Annotated[Literal["predicted_class"], PUBLIC]
    models_of: Annotated[list[str], PUBLIC] = Field(min_length=1)


class NetworkTrained(OfNetwork):
    """The network of another question, with other hidden widths or another number of epochs, was trained."""

    messages: ClassVar[Disclosure] = STATED
    check: Annotated[Literal["network_trained"], PUBLIC]
    like: Annotated[str, PUBLIC]
    units: Annotated[list[Width] | None, STATED] = None
    epochs: Annotated[int | None, STATED] = Field(None, gt=0)


class ExpectedError(Criterion):
    """Training without making the images vectors was tried, and its error is in the saved outputs."""

    messages: ClassVar[Disclosure] = STATED
    check: Annotated[Literal["expected_error"], PUBLIC]
    mistake: Annotated[Literal["not_vectorised"], STATED]


class Concept(Criterion):
    """An idea that the student's prose has to express.

    A way is a phrase such as ``LOSS & TEST & sube|aumenta``: ``|`` parts words that mean the same, ``&`` joins words
    that stand in one clause in any order, ``+`` joins clauses of one sentence. Words of one alternative stand in that
    order with at most three others between (``no generaliza``). A name in capitals stands for its list in `words`.
    Accents, endings and small typos do not matter; a word after a negation counts only where the way itself says
    ``no``.
    """

    messages: ClassVar[Disclosure] = ANSWER
    check: Annotated[Literal["concept"], PUBLIC]
    title: Annotated[Text, REMARK] = Field(
        default_factory=dict, description="What is looked at; often the answer itself."
    )
    words: Annotated[dict[str, list[str]], AfterValidator(check_words), ANSWER] = Field(
        default_factory=dict, description="Names in capitals for lists of words, for use in ways."
    )
    given: Annotated[list[Way], ANSWER] = Field(
        default_factory=list,
        description="Turns of phrase that everyone takes from the question; they count for nothing.",
    )
    ways: Annotated[list[Way], ANSWER] = Field(min_length=1, description="Each of these phrases expresses the idea.")
    partly: Annotated[list[Way], ANSWER] = Field(
        default_factory=list, description="These say half of it, of this question's own subject."
    )
    credit: Annotated[float, ANSWER] = Field(0.5, gt=0, lt=1, description="The share of the points that half earns.")
    against: Annotated[list[Way], ANSWER] = Field(default_factory=list, description="These say the contrary.")
    astray: Annotated[list[Way], ANSWER] = Field(
        default_factory=list,
        description="These belong to another explanation: beside the idea, a person looks; alone they earn nothing.",
    )
    related: Annotated[list[Way], ANSWER] = Field(
        default_factory=list, description="An answer with these, but none of the above, is looked at by a person."
    )
    near: Annotated[Text, PUBLIC] = Field(
        default_factory=dict,
        description="Told to who wrote only those: what the answer still lacks, without giving it.",
    )


class CallbackClass(Criterion):
    """A subclass of Keras's Callback with an epoch-end hook."""

    messages: ClassVar[Disclosure] = PUBLIC
    check: Annotated[Literal["callback_class"], PUBLIC]


class CallbackUsed(Criterion):
    """An instance of the class was passed to ``fit``, and training ran with it."""

    messages: ClassVar[Disclosure] = PUBLIC
    check: Annotated[Literal["callback_used"], PUBLIC]


class CallbackStops(Criterion):
    """Stops at the first epoch whose loss is at or below the threshold."""

    messages: ClassVar[Disclosure] = STATED
    check: Annotated[Literal["callback_stops"], PUBLIC]
    loss: Annotated[float, STATED] = Field(gt=0)


class CallbackWaits(Criterion):
    """Does not stop while the loss is above the threshold."""

    messages: ClassVar[Disclosure] = STATED
    check: Annotated[Literal["callback_waits"], PUBLIC]
    loss: Annotated[float, STATED] = Field(gt=0)


class Withheld(Criterion):
    """What is judged only where the rubric is whole: in what students are given it stands for other criteria."""

    messages: ClassVar[Disclosure] = PUBLIC
    check: Annotated[Literal["withheld"], PUBLIC]
    prose: Annotated[bool, PUBLIC] = Field(False, description="An answer in words is asked for.")


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
    | CallbackWaits
    | Withheld,
    Field(discriminator="check"),
]


def is_prose(criterion: Criterion) -> bool:
    """True for a criterion that looks at an answer in words."""
    return isinstance(criterion, Concept) or (isinstance(criterion, Withheld) and criterion.prose)
