"""The trainer beside plain Keras: the same mathematics, and every error that plain Keras raises.

What plain Keras makes of each order is recorded by `plain_keras.py`.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import plain_keras
import pytest
from small_trainings import ACCURACY, IMAGES, images, small_order

from grader.records import Array
from grader.training.building import build, build_loss, build_metrics, build_optimizer
from grader.training.compiled import Compiled, seed_of
from grader.training.orders import Look, Order, Part, Point, metrics_key
from grader.training.service import Trainings
from grader.training.trainer import ANYBODY, Trainer
from grader.training.trajectories import Trajectories, array_digest, pack, seal, unpack, unseal
from grader.training.turns import Client

keras = pytest.importorskip("keras")

X, Y = images()
ONE_HOT = np.eye(10, dtype=np.float32)[Y]
NO_METRICS: tuple[Part, ...] = ()


class Desk:
    """Asks a trainer in this process, as the service would."""

    def __init__(self, folder: Path) -> None:
        self.trainer = Trainer()
        self.folder = folder
        self.store = Trajectories(str(folder / "store"))

    def train(
        self,
        order: Order,
        epochs: int = 1,
        metrics: tuple[Part, ...] = ACCURACY,
        weights: list[Array] | None = None,
        state: list[Array] | None = None,
        client: Client = ANYBODY,
    ) -> dict[str, Any]:
        begin = {"epoch": 0, "weights": self._file("weights", weights), "state": self._file("state", state)}
        return self.trainer.answer(
            {
                "op": "train",
                "order": asdict(order),
                "metrics": [asdict(metric) for metric in metrics],
                "from": begin,
                "to": epochs,
                "keep_state": [epochs],
                "folder": str(self.folder),
                "files": self._files(order.x, order.y, order.sample_weight),
            },
            client,
        )

    def look(self, look: Look, weights: list[Array]) -> bytes:
        request = {"op": "look", "look": asdict(look), "weights": self._file("weights", weights)}
        reply = self.trainer.answer(
            {**request, "folder": str(self.folder), "files": self._files(look.x, look.y, look.sample_weight)}
        )
        assert "written" in reply, reply
        content = unseal((self.folder / "look").read_bytes())
        assert content is not None
        return content

    def arrays(self, epoch: int, part: str = "weights") -> tuple[Array, ...]:
        content = unseal((self.folder / f"{epoch:05d}.{part}").read_bytes())
        assert content is not None
        return unpack(content)

    def logs(self, epoch: int, metrics: tuple[Part, ...] = ACCURACY) -> dict[str, float]:
        import json

        content = unseal((self.folder / f"{epoch:05d}.{metrics_key(metrics)}.logs").read_bytes())
        assert content is not None
        return dict(json.loads(content))

    def _file(self, part: str, arrays: list[Array] | None) -> str | None:
        if arrays is None:
            return None
        path = self.folder / f"begin.{part}"
        path.write_bytes(seal(pack(arrays)))
        return str(path)

    def _files(self, *digests: str | None) -> dict[str, str]:
        found = {digest: self.store.data_file(digest, self.folder) for digest in digests if digest}
        return {digest: str(path) for digest, path in found.items()}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def part(name: str, /, **config: Any) -> Part:
    return Part(name, config)


def plain(order: Order, metrics: tuple[Part, ...] = ACCURACY) -> Any:
    """The order's network in plain Keras, compiled as students compile it."""
    model = build(order.layers, order.input_shape)
    model.compile(build_optimizer(order.optimizer), loss=build_loss(order.loss), metrics=build_metrics(metrics))
    return model


SGD = part("SGD", learning_rate=0.05)
"""It takes half as long to compile as Adam, and shows what a gradient is multiplied by."""
ADAM = part("Adam", learning_rate=0.01)


def order_in(store: Trajectories, **changes: Any) -> Order:
    """The small order, trained by SGD where nothing else is said."""
    return small_order(store, **{"optimizer": SGD, **changes})


SOFTMAX = part("Dense", units=10, activation="softmax")
HIDDEN = (part("Flatten"), part("Dense", units=16, activation="relu"))
TWO = (*HIDDEN, part("Dense", units=2, activation="sigmoid"))
ONE = (*HIDDEN, part("Dense", units=1))
MSE = Part("MeanSquaredError")
MAE = Part("MeanAbsoluteError")
CROSS = Part("CategoricalCrossentropy")
BINARY = Part("BinaryCrossentropy")


# --- the same mathematics -------------------------------------------------------------------------------------------

CONVOLUTION = (
    part("Reshape", target_shape=[28, 28, 1]),
    part("Conv2D", filters=4, kernel_size=[3, 3], activation="relu"),
    part("BatchNormalization"),
    part("MaxPooling2D", pool_size=[2, 2]),
    part("Flatten"),
    SOFTMAX,
)

SAME: Mapping[str, dict[str, Any]] = {
    "dense": {},
    "Adam": {"optimizer": ADAM},
    "last batch of one row": {"x": X[:129], "y": Y[:129]},
    "one batch larger than the data": {"x": X[:50], "y": Y[:50]},
    "labels of shape (n, 1)": {"y": Y[:, None]},
    "labels as floats": {"y": Y.astype(np.float32)},
    "one-hot labels": {"y": ONE_HOT, "loss": CROSS},
    "label smoothing": {"y": ONE_HOT, "loss": part("CategoricalCrossentropy", label_smoothing=0.1)},
    "logits": {
        "layers": (*HIDDEN, part("Dense", units=10)),
        "loss": part("SparseCategoricalCrossentropy", from_logits=True),
    },
    "whole numbers as inputs": {"x": (X * 3).astype(np.uint8)},
    "sample weights": {"sample_weight": np.linspace(0.1, 2, IMAGES, dtype=np.float32)},
    "class weights": {"class_weight": ((0, 5.0), (9, 0.1))},
    "batch normalisation, moving statistics": {"layers": CONVOLUTION, "optimizer": part("Adam", learning_rate=0.001)},
    "regularised": {
        "layers": (
            part("Flatten"),
            part(
                "Dense",
                units=16,
                activation="tanh",
                kernel_regularizer={"class_name": "L2", "config": {"l2": 0.01}},
            ),
            SOFTMAX,
        )
    },
    "SGD with momentum": {"optimizer": part("SGD", learning_rate=0.05, momentum=0.9, nesterov=True)},
    "RMSprop": {"optimizer": part("RMSprop", learning_rate=0.001)},
    "AdamW, clipped": {"optimizer": part("AdamW", learning_rate=0.001, weight_decay=0.01, clipnorm=0.5)},
    "regression": {"layers": ONE, "y": Y.astype(np.float32) / 9, "loss": MSE},
    "binary": {"layers": (*ONE[:-1], part("Dense", units=1, activation="sigmoid")), "y": Y % 2, "loss": BINARY},
    "twelve outputs": {"layers": (*HIDDEN, part("Dense", units=12, activation="softmax"))},
}


def first_weights(order: Order) -> list[Array]:
    keras.utils.set_random_seed(1)
    return [np.array(value) for value in build(order.layers, order.input_shape).get_weights()]


def plain_fit(store: Trajectories, order: Order, metrics: tuple[Part, ...] = ACCURACY, **settings: Any) -> Any:
    """The order's network, fitted by plain Keras to the order's data. Raises Exception: whatever Keras raises."""
    model = plain(order, metrics)
    model.set_weights(first_weights(order))
    weight = None if order.sample_weight is None else store.data(order.sample_weight)
    model.fit(
        store.data(order.x),
        store.data(order.y),
        batch_size=order.batch_size,
        verbose=0,
        sample_weight=weight,
        class_weight=dict(order.class_weight) or None,
        **settings,
    )
    return model


def two_plain_epochs(store: Trajectories, order: Order) -> dict[str, Any]:
    model = plain_fit(store, order, epochs=2, shuffle=False)
    return {
        "history": model.history.history,
        "weights": [plain_keras.summary(value) for value in model.get_weights()],
        "state": [[variable.path, plain_keras.summary(variable)] for variable in model.optimizer.variables],
    }


@pytest.mark.parametrize("changes", SAME.values(), ids=SAME)
def test_an_epoch_gives_what_plain_keras_gives(desk: Desk, changes: dict[str, Any]) -> None:
    order = order_in(desk.store, shuffle=False, **changes)
    theirs = plain_keras.seen(order.key, lambda: two_plain_epochs(desk.store, order))
    reply = desk.train(order, 2, weights=first_weights(order))
    assert "written" in reply, reply
    for epoch in (1, 2):
        logs = desk.logs(epoch)
        assert list(logs) == sorted(theirs["history"])
        for name, value in logs.items():
            assert value == pytest.approx(theirs["history"][name][epoch - 1], rel=2e-3, abs=2e-3), (epoch, name)
    for ours, summary in zip(desk.arrays(2), theirs["weights"], strict=True):
        np.testing.assert_allclose(plain_keras.summary(ours), summary, rtol=2e-3, atol=1e-4)
    for ours, (path, summary) in zip(desk.arrays(2, "state"), theirs["state"], strict=True):
        np.testing.assert_allclose(plain_keras.summary(ours), summary, rtol=2e-2, atol=2e-4, err_msg=path)


@pytest.mark.parametrize(
    ("layer", "free"),
    [(part("Dropout", rate=0.5), True), (part("GaussianNoise", stddev=0.5), True), (part("ReLU"), False)],
    ids=["dropout", "noise", "none"],
)
def test_noise_differs_by_epoch_and_is_the_same_every_time(desk: Desk, layer: Part, free: bool) -> None:
    """With a learning rate of zero nothing but the noise of an epoch moves the loss."""
    order = order_in(
        desk.store,
        layers=(part("Flatten"), layer, SOFTMAX),
        optimizer=part("SGD", learning_rate=0.0),
        shuffle=False,
    )
    desk.train(order, 2)
    losses = [desk.logs(epoch)["loss"] for epoch in (1, 2)]
    assert (losses[0] != losses[1]) == free
    again = Desk(desk.folder)
    again.train(order, 2)
    assert losses == [again.logs(epoch)["loss"] for epoch in (1, 2)]


def test_every_order_of_rows_has_each_row_once(desk: Desk) -> None:
    """Shuffled or not, an epoch at learning rate zero sees the same rows: only their order differs."""
    losses = []
    for shuffle in (True, False):
        order = order_in(desk.store, optimizer=part("SGD", learning_rate=0.0), shuffle=shuffle)
        model = plain(order)
        model.build((None, 28, 28))
        weights = [np.full_like(value, 0.01) for value in model.get_weights()]
        desk.train(order, 1, weights=weights)
        losses.append(desk.logs(1)["loss"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)
    assert seed_of("k", 1) != seed_of("k", 2) != seed_of("j", 2)


def test_shuffling_matters(desk: Desk) -> None:
    weights = []
    for shuffle in (True, False):
        order = order_in(desk.store, shuffle=shuffle)
        model = plain(order)
        keras.utils.set_random_seed(1)
        model.build((None, 28, 28))
        desk.train(order, 1, weights=model.get_weights())
        weights.append(desk.arrays(1))
    assert any((a != b).any() for a, b in zip(*weights, strict=True))


# --- the same errors ------------------------------------------------------------------------------------------------


def corrupted(value: float, row: int = IMAGES - 3, kind: Any = np.int64) -> Array:
    """Labels of which one, in the last batch, is another."""
    labels = Y.astype(kind)
    labels[row] = value
    return labels


def five(**more: Any) -> dict[str, Any]:
    return {"layers": (*HIDDEN, part("Dense", units=5, activation="softmax")), **more}


NAN = X.copy()
NAN[5] = np.nan
GROUPED = (
    part("Reshape", target_shape=[28, 28, 1]),
    part("Conv2D", filters=4, kernel_size=[3, 3]),
    part("Conv2D", filters=4, kernel_size=[3, 3], groups=2),
    part("Flatten"),
    SOFTMAX,
)
CHANNELS_FIRST = (
    part("Reshape", target_shape=[1, 28, 28]),
    part("Conv2D", filters=4, kernel_size=[3, 3], data_format="channels_first"),
    part("Flatten"),
    SOFTMAX,
)
METRIC = (Part("sparse_categorical_crossentropy"),)

MISTAKES: Mapping[str, dict[str, Any]] = {
    "none": {},
    "twelve outputs": {"layers": (*HIDDEN, part("Dense", units=12, activation="softmax"))},
    "five outputs": five(),
    "five outputs, logits": five(
        layers=(*HIDDEN, part("Dense", units=5)), loss=part("SparseCategoricalCrossentropy", from_logits=True)
    ),
    "five outputs by an Activation layer": five(
        layers=(*HIDDEN, part("Dense", units=5), part("Activation", activation="softmax"))
    ),
    "five outputs of a convolution": five(
        layers=(
            part("Reshape", target_shape=[28, 28, 1]),
            part("Conv2D", filters=5, kernel_size=[3, 3]),
            part("GlobalAveragePooling2D"),
            part("Softmax"),
        )
    ),
    "one label of ten too high": {"y": corrupted(10)},
    "one label negative": {"y": corrupted(-1)},
    "one label of a class to be ignored": {
        "y": corrupted(-1),
        "loss": part("SparseCategoricalCrossentropy", ignore_class=-1),
    },
    "a label too high beside a class to be ignored": {
        "y": corrupted(10),
        "loss": part("SparseCategoricalCrossentropy", ignore_class=-1),
    },
    "labels from 1 to 10": {"y": Y.astype(np.int64) + 1},
    "float labels": {"y": Y.astype(np.float32)},
    "float labels between classes": {"y": Y.astype(np.float32) * 0.9},
    "a float label that is no number": {"y": corrupted(np.nan, kind=np.float32)},
    "float label too high": {"y": corrupted(10.5, kind=np.float32)},
    "bool labels": {"y": Y > 4},
    "uint8 labels too high": {"y": corrupted(255, kind=np.uint8)},
    "labels of shape (n, 1)": {"y": Y[:, None]},
    "labels of shape (n, 2)": {"y": np.stack([Y, Y], axis=1)},
    "one-hot labels with a sparse loss": {"y": ONE_HOT},
    "sparse labels with a one-hot loss": {"loss": CROSS},
    "one-hot labels": {"y": ONE_HOT, "loss": CROSS},
    "one-hot labels of eleven classes": {"y": np.eye(11, dtype=np.float32)[Y], "loss": CROSS},
    "one-hot labels for five outputs": five(y=ONE_HOT, loss=CROSS),
    "whole numbers as one-hot labels": {"y": ONE_HOT.astype(np.int32), "loss": CROSS},
    "binary loss, ten outputs, sparse labels": {"loss": BINARY},
    "binary loss, ten outputs, one-hot labels": {"loss": BINARY, "y": ONE_HOT},
    "binary loss, one output": {"layers": ONE, "loss": BINARY, "y": Y % 2},
    "binary loss, labels up to 9": {"layers": ONE, "loss": BINARY},
    "binary loss, two outputs": {"layers": TWO, "loss": BINARY, "y": Y % 2},
    "regression (n,) on one output": {"layers": ONE, "loss": MSE, "y": Y.astype(np.float32)},
    "regression (n, 1) on one output": {"layers": ONE, "loss": MSE, "y": Y.astype(np.float32)[:, None]},
    "regression (n, 3) on one output": {"layers": ONE, "loss": MSE, "y": np.ones((IMAGES, 3), np.float32)},
    "regression (n, 3) on two outputs": {"layers": TWO, "loss": MSE, "y": np.ones((IMAGES, 3), np.float32)},
    "regression (n,) on ten outputs": {"loss": MAE, "y": Y.astype(np.float32)},
    "without Flatten, sparse": {"layers": (part("Dense", units=16, activation="sigmoid"), SOFTMAX)},
    "without Flatten, one-hot": {"layers": (part("Dense", units=16), SOFTMAX), "loss": CROSS, "y": ONE_HOT},
    "without Flatten, squared error": {"layers": (part("Dense", units=16), SOFTMAX), "loss": MSE, "y": ONE_HOT},
    "without Flatten, batches of 28": {
        "layers": (part("Dense", units=16), SOFTMAX),
        "loss": MSE,
        "y": ONE_HOT[:560],
        "x": X[:560],
        "batch_size": 28,
    },
    "flattened inputs to a convolution": {
        "layers": (part("Conv2D", filters=4, kernel_size=[3, 3]), part("Flatten"), SOFTMAX)
    },
    "a kernel larger than the image": {
        "layers": (
            part("Reshape", target_shape=[28, 28, 1]),
            part("Conv2D", filters=4, kernel_size=[29, 29]),
            part("Flatten"),
            SOFTMAX,
        )
    },
    "a shape that does not fit": {"layers": (part("Reshape", target_shape=[28, 27]), part("Flatten"), SOFTMAX)},
    "convolution in groups": {"layers": GROUPED},
    "channels first": {"layers": CHANNELS_FIRST},
    "inputs that are no numbers": {"x": NAN},
    "whole numbers as inputs": {"x": (X * 255).astype(np.uint8)},
    "sparse metric on wrong labels": {
        "loss": MSE,
        "layers": five()["layers"],
        "y": Y,
        "metrics": METRIC,
    },
    "sparse metric of labels too high": {"loss": MSE, "layers": ONE, "metrics": METRIC, "y": Y},
    "weights for each sample": {"sample_weight": np.ones(IMAGES, np.float32)},
    "weights of shape (n, 1)": {"sample_weight": np.ones((IMAGES, 1), np.float32)},
    "weights of shape (n, 2)": {"sample_weight": np.ones((IMAGES, 2), np.float32)},
    "weights for fewer samples": {"sample_weight": np.ones(IMAGES - 64, np.float32)},
    "labels for fewer samples": {"y": Y[: IMAGES - 64]},
    "class weights of no class": {"class_weight": ((77, 2.0),)},
    "a metric of top k": {"metrics": (part("SparseTopKCategoricalAccuracy", k=3, name="top"),), "y": corrupted(10)},
    "precision of sparse labels": {"metrics": (part("Precision", name="precision"),)},
    "precision of one-hot labels": {
        "metrics": (part("Precision", name="precision"),),
        "y": ONE_HOT,
        "loss": CROSS,
    },
    "AUC of logits": {"metrics": (part("AUC", name="auc"),), "layers": ONE, "loss": BINARY, "y": Y % 2},
}

ONLY_REFUSED = {"without Flatten, batches of 28", "a metric of top k"}
"""What plain Keras takes and the trainer may leave to the kernel."""


def raised(store: Trajectories, order: Order, metrics: tuple[Part, ...]) -> str:
    """The name of the error that plain Keras raises; empty where it trains."""
    try:
        plain_fit(store, order, metrics, epochs=1)
    except Exception as error:
        return type(error).__name__
    return ""


def mistaken(store: Trajectories, changes: Mapping[str, Any]) -> tuple[Order, tuple[Part, ...], str]:
    """An order, its metrics, and the name of both in the record."""
    metrics = changes.get("metrics", ACCURACY)
    order = order_in(store, **{name: value for name, value in changes.items() if name != "metrics"})
    return order, metrics, f"{order.key} {metrics_key(metrics)}"


@pytest.mark.parametrize("changes", MISTAKES.values(), ids=MISTAKES)
def test_every_mistake_that_plain_keras_refuses(
    desk: Desk, changes: dict[str, Any], request: pytest.FixtureRequest
) -> None:
    order, metrics, name = mistaken(desk.store, changes)
    theirs = plain_keras.seen(name, lambda: raised(desk.store, order, metrics))
    reply = desk.train(order, 0, metrics)  # all that can refuse comes before the first epoch
    refused = "raised" in reply
    if request.node.callspec.id in ONLY_REFUSED:
        assert refused or not theirs
    else:
        assert refused == bool(theirs), (theirs, reply)


def plain_runs() -> Iterator[tuple[str, Callable[[], Any]]]:
    """What `plain_keras` records: by name, all that plain Keras is asked for."""
    with tempfile.TemporaryDirectory() as folder:
        store = Trajectories(folder)
        for changes in SAME.values():
            order = order_in(store, shuffle=False, **changes)
            yield order.key, lambda order=order: two_plain_epochs(store, order)  # type: ignore[misc]
        for changes in MISTAKES.values():
            order, metrics, name = mistaken(store, changes)
            yield name, lambda order=order, metrics=metrics: raised(store, order, metrics)  # type: ignore[misc]


def test_the_record_is_of_these_orders() -> None:
    told = "record what plain Keras does with the new ones: python tests/training/plain_keras.py"
    assert set(plain_keras.recorded()["orders"]) == {name for name, _ in plain_runs()}, told


def test_a_refusal_leaves_nothing_behind(desk: Desk) -> None:
    """The network of a refused training is not kept ready, and what is asked next is trained as always."""
    bad = order_in(desk.store, y=corrupted(10))
    good = order_in(desk.store)
    for _ in range(2):
        assert "raised" in desk.train(bad, 1)
    desk.train(good, 2)
    first = desk.arrays(2)
    fresh = Desk(desk.folder)
    fresh.train(good, 2)
    for a, b in zip(first, fresh.arrays(2), strict=True):
        np.testing.assert_array_equal(a, b)


def test_checks_leave_weights_and_optimizer_as_they_are(desk: Desk) -> None:
    """With a learning rate of zero, an epoch gives back the weights that it was given, whatever was checked before."""
    order = order_in(desk.store, optimizer=part("SGD", learning_rate=0.0, momentum=0.9))
    model = plain(order)
    model.build((None, 28, 28))
    begin = [np.random.default_rng(0).normal(size=value.shape).astype(np.float32) for value in model.get_weights()]
    desk.train(order, 1, weights=begin)
    for a, b in zip(begin, desk.arrays(1), strict=True):
        np.testing.assert_array_equal(a, b)


# --- one compiled network for many orders -----------------------------------------------------------------------------

OTHER_X = X[::-1].copy()
DROPOUT = (part("Flatten"), part("Dense", units=16), part("Dropout", rate=0.5), SOFTMAX)

ONE_FORM: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "other images": ({"x": OTHER_X}, {}),
    "other labels": ({"y": Y[::-1].copy()}, {}),
    "the order of rows": ({"shuffle": False}, {"shuffle": True}),
    "a learning rate": ({"optimizer": ADAM}, {"optimizer": part("Adam", learning_rate=0.002)}),
    "class weights": ({"class_weight": ((0, 5.0),)}, {"class_weight": ((1, 3.0), (2, 0.5))}),
    "images under momentum": (
        {"x": OTHER_X, "optimizer": part("SGD", momentum=0.9)},
        {"optimizer": part("SGD", momentum=0.9)},
    ),
    "images under noise": ({"x": OTHER_X, "layers": DROPOUT}, {"layers": DROPOUT}),
    "images under moving statistics": ({"x": OTHER_X, "layers": CONVOLUTION}, {"layers": CONVOLUTION}),
    "images, a smaller last batch": ({"x": OTHER_X[:600], "y": Y[:600]}, {"x": X[:600], "y": Y[:600]}),
}
"""An earlier order and a later one that differ in what is named."""

OTHER_FORMS: Mapping[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a batch size": ({"batch_size": 32}, {}),
    "a number of images": ({"x": X[:600], "y": Y[:600]}, {}),
    "a type of labels": ({"y": Y.astype(np.float32)}, {}),
    "weights of samples": ({"sample_weight": np.ones(IMAGES, np.float32)}, {}),
    "an activation": ({"layers": (*HIDDEN, SOFTMAX)}, {}),
    "a loss": ({"y": ONE_HOT, "loss": CROSS}, {"y": ONE_HOT, "loss": MSE}),
    "an optimizer": ({"optimizer": ADAM}, {}),
    "an optimizer's momentum": ({"optimizer": part("SGD", momentum=0.9)}, {"optimizer": part("SGD", momentum=0.5)}),
}


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> list[Compiled]:
    """The networks that are compiled during a test."""
    made: list[Compiled] = []

    class Counted(Compiled):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            made.append(self)

    monkeypatch.setattr("grader.training.trainer.Compiled", Counted)
    return made


Left = tuple[list[bytes], dict[str, float]]
"""What two epochs leave: weights and optimizer's arrays, and the logs."""


def trained(desk: Desk, order: Order) -> Left:
    reply = desk.train(order, 2)
    assert "written" in reply, reply
    return [value.tobytes() for part in ("weights", "state") for value in desk.arrays(2, part)], desk.logs(2)


@pytest.mark.parametrize("orders", ONE_FORM.values(), ids=ONE_FORM)
def test_orders_of_one_form_are_trained_in_one_network_to_the_same_bits(
    desk: Desk, orders: tuple[dict[str, Any], dict[str, Any]], compiled: list[Compiled]
) -> None:
    earlier, later = (order_in(desk.store, **changes) for changes in orders)
    alone = trained(desk, later)  # in a network that has served no other
    one = trained(desk, earlier)
    assert trained(desk, later) == alone
    assert trained(desk, earlier) == one != alone
    assert len(compiled) == 1


@pytest.fixture(scope="module")
def long_served(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """A trainer that keeps the networks of all orders of other forms."""
    return Desk(tmp_path_factory.mktemp("forms"))


@pytest.fixture(scope="module")
def alone(long_served: Desk) -> Callable[[Order], Left]:
    """What an order leaves in a network that has served no other."""
    known: dict[str, Left] = {}

    def left(order: Order) -> Left:
        if order.key not in known:
            known[order.key] = trained(long_served, order)
        return known[order.key]

    return left


@pytest.mark.parametrize("orders", OTHER_FORMS.values(), ids=OTHER_FORMS)
def test_orders_of_another_form_have_a_network_of_their_own(
    long_served: Desk,
    alone: Callable[[Order], Left],
    orders: tuple[dict[str, Any], dict[str, Any]],
    compiled: list[Compiled],
) -> None:
    earlier, later = (order_in(long_served.store, **changes) for changes in orders)
    first = alone(later)
    compiled.clear()
    trained(long_served, earlier)
    assert len(compiled) == 1
    assert trained(long_served, later) == first
    assert len(compiled) == 1


def test_labels_are_checked_again_in_a_network_that_served_others(desk: Desk, compiled: list[Compiled]) -> None:
    assert "written" in desk.train(order_in(desk.store), 0)
    assert "raised" in desk.train(order_in(desk.store, y=corrupted(10, kind=Y.dtype).astype(Y.dtype)), 0)
    assert len(compiled) == 1


def test_networks_that_are_kept_are_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """By number and by bytes; the one used last stays, if there is room for it."""
    orders = [order_in(desk.store, batch_size=size, optimizer=ADAM) for size in (32, 40, 64)]
    monkeypatch.setattr("grader.training.trainer.IDLE_NETWORKS", 2)
    for order in orders:
        desk.train(order, 0)
    assert [key for key, _ in desk.trainer.idle] == [order.key for order in orders[1:]]
    monkeypatch.setattr("grader.training.trainer.MAX_IDLE_BYTES", 200_000)  # one takes 153 kB
    desk.train(orders[0], 0)
    assert [key for key, _ in desk.trainer.idle] == [orders[0].key]


# --- evaluating and predicting --------------------------------------------------------------------------------------


@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
def test_looks_give_what_plain_keras_gives(desk: Desk, weighted: bool) -> None:
    order = order_in(desk.store)
    model = plain(order)
    model.build((None, 28, 28))
    weight = np.linspace(0, 2, IMAGES, dtype=np.float32) if weighted else None
    theirs = model.evaluate(X, Y, batch_size=100, verbose=0, sample_weight=weight, return_dict=True)
    look = Look(
        at=Point("k", 1),
        layers=order.layers,
        input_shape=(28, 28),
        x=order.x,
        y=order.y,
        loss=order.loss,
        metrics=ACCURACY,
        sample_weight=None if weight is None else desk.store.put_data(weight),
    )
    import json

    ours = json.loads(desk.look(look, model.get_weights()))
    assert list(ours) == sorted(theirs)
    assert ours == pytest.approx(theirs, rel=1e-4)
    predict = replace(look, y=None, loss=None, metrics=(), sample_weight=None)
    (predicted,) = unpack(desk.look(predict, model.get_weights()))
    np.testing.assert_allclose(predicted, model.predict(X, verbose=0), rtol=1e-4, atol=1e-6)


# --- what is written --------------------------------------------------------------------------------------------------


def test_a_request_writes_so_much_and_can_be_gone_on_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifteen epochs in one request wrote 7.6 GB before anybody could count them."""
    desk = Desk(tmp_path)
    order = order_in(desk.store)
    monkeypatch.setattr("grader.training.trainer.MAX_WRITTEN", 80_000)
    assert [epoch for epoch, part in desk.train(order, 5)["written"] if part == "state"] == [2]
    assert not (tmp_path / "00003.weights").exists()
    trainings = Trainings(desk.store, tmp_path / "socket")
    monkeypatch.setattr(
        "grader.training.service._ask", lambda _trainer, request, _patience: desk.trainer.answer(request)
    )
    trainings.epoch(order, 5, ACCURACY)
    assert trainings.trained == 5
    monkeypatch.undo()
    again = desk.train(order, 5)
    assert len(again["written"]) == 11
    assert [array_digest(value) for value in desk.arrays(5)] == [
        array_digest(value) for value in desk.store.weights(Point(order.key, 5)) or ()
    ]
