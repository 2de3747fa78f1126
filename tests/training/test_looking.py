"""Evaluations and predictions beside trainings, and beside one another: the same bits, and nobody waits for all of one."""

from __future__ import annotations

import threading
from concurrent.futures import wait
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from small_trainings import ACCURACY, IMAGES, small_order
from test_trainer import Desk
from waiting import wait_until

from grader.records import Array
from grader.threads import begin
from grader.training import looking
from grader.training.building import build
from grader.training.looking import Looker, Rows
from grader.training.orders import Look, Order, Point
from grader.training.turns import Client

pytest.importorskip("keras")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
def desks(tmp_path: Path) -> list[Desk]:
    """Three who ask one trainer, each with a folder of its own, and the data of `small_order`."""
    made = [Desk(tmp_path / name) for name in ("a", "b", "c")]
    for each in made:
        each.folder.mkdir()
        each.trainer = made[0].trainer
        small_order(each.store)
    return made


@pytest.fixture
def parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of 200 rows: three whole ones and a smaller one."""
    monkeypatch.setattr(looking, "LOOK_BATCH", 200)


def evaluation(order: Order) -> Look:
    return Look(Point("k", 1), order.layers, order.input_shape, order.x, order.y, order.loss, ACCURACY)


def prediction(order: Order) -> Look:
    return Look(Point("k", 1), order.layers, order.input_shape, order.x)


def weights_of(order: Order) -> list[Array]:
    values = build(order.layers, order.input_shape).get_weights()
    return [np.random.default_rng(0).normal(size=value.shape).astype(np.float32) for value in values]


def rows(order: Order, desk: Desk, *, labels: bool) -> Rows:
    x, y = (desk.store.data(digest) for digest in (order.x, order.y))
    return Rows(x, y if labels else None, None, (10,), 200)


@pytest.mark.parametrize("kind", ["evaluate", "predict"])
def test_a_training_does_not_wait_for_a_look(desk: Desk, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    order = small_order(desk.store)
    look = prediction(order) if kind == "predict" else evaluation(order)
    goes_on, under_way = threading.Event(), threading.Event()
    real = getattr(Looker, kind)

    def slow(*arguments: Any) -> bytes:
        under_way.set()
        assert goes_on.wait(60)
        return bytes(real(*arguments))

    monkeypatch.setattr(Looker, kind, slow)
    looked = begin(desk.look, look, weights_of(order))
    assert under_way.wait(60)
    try:
        assert "written" in desk.train(order)
        assert not looked.done()
    finally:
        goes_on.set()
    assert looked.result(60)


@pytest.mark.usefixtures("parts")
def test_looks_at_once_give_what_each_gives_alone(desks: list[Desk]) -> None:
    order = small_order(desks[0].store)
    looks = [evaluation(order), prediction(order), replace(prediction(order), at=Point("other", 1))]
    values = [weights_of(order), weights_of(order), [2 * value for value in weights_of(order)]]
    alone = [desks[0].look(look, weights) for look, weights in zip(looks, values, strict=True)]
    for _ in range(5):
        at_once = [begin(each.look, look, value) for each, look, value in zip(desks, looks, values, strict=True)]
        assert [future.result(60) for future in at_once] == alone


@pytest.mark.usefixtures("parts")
@pytest.mark.parametrize("labels", [True, False], ids=["evaluation", "prediction"])
def test_whoever_computes_builds_nothing(desk: Desk, labels: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    import tensorflow as tf

    order = small_order(desk.store)
    looker = Looker(evaluation(order) if labels else prediction(order))
    given = rows(order, desk, labels=labels)
    looker.prepare(given)
    functions = (looker._evaluate, looker._predict)
    traced = [function.experimental_get_tracing_count() for function in functions]
    made: list[Any] = []
    monkeypatch.setattr(tf.Variable, "__init__", lambda *_args, **_more: made.append(1))
    (looker.evaluate if labels else looker.predict)(weights_of(order), given, threading.Lock)
    assert [function.experimental_get_tracing_count() for function in functions] == traced
    assert not made


def test_large_predictions_are_made_one_by_one(desks: list[Desk], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("grader.training.trainer.MANY_PREDICTED", 10 * IMAGES - 1)
    order, most = small_order(desks[0].store), list[int]()
    at_once, lock, goes_on = 0, threading.Lock(), threading.Event()

    def counted(*_: Any) -> bytes:
        nonlocal at_once
        with lock:
            at_once += 1
            most.append(at_once)
        goes_on.wait(60)
        with lock:
            at_once -= 1
        return b""

    monkeypatch.setattr(Looker, "predict", counted)
    looks = [begin(each.look, prediction(order), weights_of(order)) for each in desks]
    wait_until(lambda: len(desks[0].trainer._large._waiting) == 2)
    goes_on.set()
    assert not wait(looks, 60).not_done
    assert most == [1, 1, 1]


@pytest.mark.parametrize("after", [0, 2], ids=["at once", "after two epochs"])
def test_nothing_is_trained_for_who_has_hung_up(desk: Desk, after: int) -> None:
    order = small_order(desk.store)
    weights = lambda: list(desk.folder.glob("*.weights"))  # noqa: E731
    assert desk.train(order, 50, client=Client("gone", lambda: len(weights()) >= after)) == {}
    assert len(weights()) == after
    assert "written" in desk.train(order)
