"""What a notebook asks of the trusted side is bounded before anything is built for it."""

from __future__ import annotations

import asyncio
import contextlib
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from kernel_questions import EPOCH, ask, fit_on
from small_trainings import small_order

from grader.errors import NotTrainable
from grader.execution import desk as module
from grader.execution.desk import TrainingDesk
from grader.records import Layer, Network
from grader.training import allowed
from grader.training.building import size
from grader.training.compiled import Compiled, Data
from grader.training.keras_layers import run_keras_layer
from grader.training.networks import predict
from grader.training.orders import Look, Part, Point
from grader.training.service import Trainings
from grader.training.sizes import check_batch
from grader.training.trainer import Trainer
from grader.training.trajectories import Trajectories, array_digest
from grader.training.work import WORK_A_SECOND, Budget

pytest.importorskip("keras")

IMAGES = (8, 8, 1)


def part(name: str, /, **config: Any) -> Part:
    return Part(name, config)


def dense(*units: int) -> tuple[Part, ...]:
    return tuple(part("Dense", units=count) for count in units)


@dataclass(frozen=True)
class Demand:
    """A network, and what it is trained on."""

    layers: tuple[Part, ...]
    input_shape: tuple[int, ...] = IMAGES
    rows: int = 8
    labels: tuple[int, ...] = ()


TINY_ORDERS = {
    "a pool of a thousand million": Demand((part("MaxPooling2D", pool_size=10**9, strides=1, padding="same"),)),
    "means over a long window": Demand(
        (part("AveragePooling2D", pool_size=[2, 10**6], strides=1, padding="same"),), (8, 20, 1)
    ),
    "a step of a thousand million": Demand((part("MaxPooling2D", pool_size=1, strides=10**9, padding="same"),)),
    "taps far from one another": Demand(
        (part("Conv2D", filters=1, kernel_size=2, dilation_rate=10**6, padding="same"),)
    ),
    "a causal window": Demand(
        (part("Conv1D", filters=1, kernel_size=2, dilation_rate=10**8, padding="causal"),), (8, 1)
    ),
    "channels first": Demand(
        (part("MaxPooling2D", pool_size=10**5, strides=1, padding="same", data_format="channels_first"),), (1, 8, 8)
    ),
    "a border": Demand((part("ZeroPadding2D", padding=10**6),)),
    "activations in a row": Demand((*dense(20_000), *[part("Activation", activation="tanh")] * 5), (1,), 5_000),
    "a large batch": Demand((part("Conv2D", filters=64, kernel_size=3),), (28, 28, 1), 60_000),
    "labels against outputs": Demand(
        (part("Reshape", target_shape=[10_000, 1]),), (10_000,), rows=8, labels=(1, 10_000)
    ),
}


@pytest.mark.parametrize("name", TINY_ORDERS)
def test_a_tiny_order_takes_no_memory(name: str, tmp_path: Path) -> None:
    demand = TINY_ORDERS[name]
    order = small_order(
        Trajectories(str(tmp_path)),
        layers=demand.layers,
        input_shape=demand.input_shape,
        loss=part("MeanSquaredError"),
        batch_size=demand.rows,
    )
    x, y = np.zeros((demand.rows, 1), np.int8), np.zeros((demand.rows, *demand.labels), np.int8)
    with pytest.raises(ValueError, match=r"must (reach|have|take) .*Received"):
        Compiled(order, (), Data(x, y, None))


HONEST = {
    "dense, all rows at once": Demand((part("Flatten"), *dense(1024, 1024, 10)), (28, 28), 60_000),
    "dense and wide": Demand((part("Flatten"), *dense(4096, 4096, 10)), (28, 28), 2048),
    "two convolutions": Demand(
        (
            part("Conv2D", filters=32, kernel_size=3, padding="same"),
            part("MaxPooling2D", pool_size=2),
            part("Conv2D", filters=64, kernel_size=5, padding="same"),
            part("MaxPooling2D", pool_size=2, padding="same"),
            part("Flatten"),
            *dense(1024, 10),
        ),
        (28, 28, 1),
        2048,
    ),
    "many filters": Demand(tuple([part("Conv2D", filters=128, kernel_size=3)] * 2), (28, 28, 1), 512),
    "a window larger than what is left": Demand(
        (part("MaxPooling2D", pool_size=14), part("Conv2D", filters=8, kernel_size=5, padding="same")), (28, 28, 1), 64
    ),
    "taps in a long row": Demand(
        (part("Conv1D", filters=8, kernel_size=2, dilation_rate=512, padding="causal"),), (784, 1), 128
    ),
}


@pytest.mark.parametrize("name", HONEST)
def test_networks_for_images_are_within_the_bounds(name: str) -> None:
    demand = HONEST[name]
    check_batch(size(demand.layers, demand.input_shape), demand.rows, demand.labels)


def test_a_prediction_gives_no_more_than_can_be_held(tmp_path: Path) -> None:
    store = Trajectories(str(tmp_path))
    x = store.put_data(np.zeros((6_000, 1), np.int8))
    request = {
        "op": "look",
        "look": asdict(Look(Point("", 1), dense(20_000), (1,), x)),
        "weights": "",
        "folder": str(tmp_path),
        "files": {x: str(store.data_file(x, tmp_path))},
    }
    assert "a prediction must give" in Trainer().answer(request)["raised"]["message"]


def test_a_metric_counts_for_no_more_thresholds_than_ten_times_the_usual() -> None:
    assert allowed.metric("AUC", {"num_thresholds": 200, "name": "auc"}).config["num_thresholds"] == 200
    with pytest.raises(NotTrainable, match="num_thresholds"):
        allowed.metric("AUC", {"num_thresholds": 10**9, "name": "auc"})


LIES: dict[str, tuple[Layer, tuple[int, ...]]] = {
    "an up-sampling of 900": (Layer("UpSampling2D", config={"size": [900, 900]}), (8, 28, 28, 1)),
    "a border": (Layer("ZeroPadding2D", config={"padding": 4096}), (8, 28, 28, 1)),
    "a wide window": (
        Layer("MaxPooling2D", config={"pool_size": 4096, "strides": 1, "padding": "same"}),
        (8, 28, 28, 1),
    ),
    "filters without their weights": (Layer("Conv2D", config={"filters": 4096, "kernel_size": 28}), (8, 28, 28, 1)),
    "many rows": (Layer("UpSampling2D", config={"size": [8, 8]}), (5_000, 28, 28, 1)),
}


@pytest.mark.parametrize("name", LIES)
def test_a_layer_that_a_kernel_describes_takes_no_memory_here(name: str) -> None:
    layer, shape = LIES[name]
    with pytest.raises(ValueError, match=r"must (reach|have|give) .*Received"):
        run_keras_layer(layer, np.broadcast_to(np.float32(0), shape))


def test_a_wide_network_is_computed_in_small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[int] = []

    def noted(layer: Layer, values: np.ndarray) -> np.ndarray:
        rows.append(len(values))
        return values

    monkeypatch.setattr("grader.training.networks.run_layer", noted)
    for wide in (50_000, 5_000_000):
        network = Network((Layer("Dense", output_shape=(wide,)),), (1,), (1,), "", chain=True)
        predict(network, np.zeros((1_000, 1), np.float32))
    assert rows == [1_000, *[10] * 100]


# --- work -----------------------------------------------------------------------------------------------------------

X, Y = np.zeros((60_000, 4), np.int8), np.zeros(60_000, np.uint8)
FIT = fit_on(X, Y, units=10, batch_size=64)


@pytest.fixture
def little(tmp_path: Path) -> TrainingDesk:
    """A desk of a submission that may ask for as much as in 20 seconds; whatever is taken there, no trainer is to be had."""
    nobody = Trainings(Trajectories(str(tmp_path / "store")), tmp_path / "nobody" / "s")
    for array in (X, Y):
        nobody.store.put_data(array)
    return TrainingDesk(tmp_path, nobody.for_submission("little", Budget(20 * WORK_A_SECOND)))


BEYOND: dict[str, dict[str, Any]] = {
    "50 million weights": {"layers": [{"name": "Dense", "config": {"units": 7_000}}] * 3},
    "batches of one row, and many weights": {
        "layers": [{"name": "Dense", "config": {"units": 1_000}}] * 2,
        "batch_size": 1,
    },
    "wide windows": {
        "layers": [
            {"name": "Reshape", "config": {"target_shape": [2, 2, 1]}},
            {"name": "ZeroPadding2D", "config": {"padding": 100}},
            {"name": "MaxPooling2D", "config": {"pool_size": 32, "strides": 1, "padding": "same"}},
        ]
    },
    "an epoch of millions of rows": {
        "layers": [{"name": "Dense", "config": {"units": 2_000}}] * 2,
        "pipeline": {
            "rows": 60_000,
            "stages": [{"op": "repeat", "count": 80}, {"op": "batch", "count": 64}],
        },
    },
}


@pytest.mark.parametrize("name", BEYOND)
def test_more_work_than_a_submission_may_ask_for_is_its_kernels_own(little: TrainingDesk, name: str) -> None:
    assert ask(little, {**FIT, **BEYOND[name]}) == {"training": 0}
    refused = ask(little, EPOCH)["kernel"]
    assert "products" in refused
    assert not little.failure, "it is refused, and nobody was asked"


def test_many_small_orders_come_to_an_end(little: TrainingDesk) -> None:
    """Each is little, and building it is not."""
    answers: list[dict[str, Any]] = []
    while len(answers) < module.MAX_ORDERS and "training" in (
        answer := ask(little, {**FIT, "batch_size": len(answers) + 1})
    ):
        answers.append(answer)
        with contextlib.suppress(NotTrainable):
            little._trainings.budget.take_epochs(little.taken[-1].point(1), "m", *little._work_of(little.taken[-1]), 1)
    assert 1 < len(answers) < 30


def test_data_that_is_other_than_it_is_called_is_work_each_time(little: TrainingDesk, tmp_path: Path) -> None:
    name = "0" * 64
    np.save(tmp_path / f"{name}.npy", X)
    before = little._trainings.budget.used
    assert ask(little, {**FIT, "x": name}) == {"need": [name]}
    assert little._trainings.budget.used - before > X.nbytes


def test_a_kernel_that_has_asked_for_all_waits_on_its_own_time(
    little: TrainingDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(_line: bytes) -> tuple[dict[str, Any], tuple[()]]:
        time.sleep(0.3)
        return {}, ()

    monkeypatch.setattr(little, "answer", slow)

    async def waits() -> list[float]:
        await little.open()
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / module.SOCKET))
        found = []
        for over in (False, True):
            before, little._trainings.budget.over = little.waited, over
            writer.write(b"{}\n")
            await asyncio.wait_for(reader.readline(), 20)
            found.append(little.waited - before)
        writer.close()
        await little.close()
        return found

    first, second = asyncio.run(waits())
    assert first >= 0.3
    assert second == 0


def test_what_is_asked_for_counts_alike_trained_or_replayed(tmp_path: Path, trainings: Trainings) -> None:
    for array in (SMALL_X, SMALL_Y):
        trainings.store.put_data(array)
    question = {**FIT, "x": array_digest(SMALL_X), "y": array_digest(SMALL_Y), "batch_size": 30}
    look = {"op": "predict", "at": [0, 3], "layers": FIT["layers"], "input_shape": [4], "x": question["x"]}
    used, trained = [], []
    for number in range(2):
        budget = Budget()
        asked = trainings.for_submission(f"{number}", budget)
        desk = TrainingDesk(tmp_path, asked)
        answers = [ask(desk, question), *(ask(desk, {**EPOCH, "epoch": epoch, "ahead": 5}) for epoch in (1, 2, 3))]
        answers += [ask(desk, {"op": "state", "training": 0, "epoch": 3}), ask(desk, look)]
        assert not any("kernel" in answer for answer in answers), answers
        used.append(budget.used)
        trained.append(desk.taken[0].trained)
    assert used[0] == used[1] > 0
    assert trained == [True, False]


SMALL_X = np.random.default_rng(7).random((90, 4), dtype=np.float32)
SMALL_Y = (SMALL_X.sum(axis=1) > 2).astype(np.uint8)
