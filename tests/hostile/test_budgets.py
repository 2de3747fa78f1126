"""What a notebook asks of the trusted side is bounded before anything is built for it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_trainings import small_order

from grader.errors import NotTrainable
from grader.records import Layer, Network
from grader.training import allowed
from grader.training.building import size
from grader.training.compiled import Compiled, Data
from grader.training.keras_layers import run_keras_layer
from grader.training.networks import predict
from grader.training.orders import Look, Part, Point
from grader.training.sizes import check_batch
from grader.training.trainer import Trainer
from grader.training.trajectories import Trajectories

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
