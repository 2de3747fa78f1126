"""Store and trainer together: the same bits however an epoch is reached, and whoever dies on the way."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from small_trainings import ACCURACY, images, small_order
from waiting import read_line, wait_until

from grader.errors import NotTrainable
from grader.records import Array
from grader.training.orders import Look, Order, Part, Point
from grader.training.service import TrainerProcess, Trainings
from grader.training.trajectories import Trajectories, array_digest

EPOCHS = 30
DROPOUT = (
    Part("Flatten"),
    Part("Dropout", {"rate": 0.2}),
    Part("Dense", {"units": 10, "activation": "softmax"}),
)
"""Noise, too, has to be the same."""


@pytest.fixture(scope="module")
def trainer() -> Iterator[TrainerProcess]:
    """One trainer for all that do not kill it."""
    process = TrainerProcess()
    process.wait()
    yield process
    process.close()


@pytest.fixture
def store(tmp_path: Path) -> Trajectories:
    return Trajectories(str(tmp_path / "store"))


def order_in(store: Trajectories) -> Order:
    return small_order(store, layers=DROPOUT)


def bits(trainings: Trainings, order: Order, *epochs: int) -> list[str]:
    """Digests of weights, logs and the optimizer's state at the epochs."""
    found = []
    for epoch in epochs:
        weights, logs = trainings.epoch(order, epoch, ACCURACY)
        state = trainings.state(order, epoch, ACCURACY)
        found.append(" ".join([*(array_digest(value) for value in (*weights, *state)), json.dumps(logs)]))
    return found


@pytest.fixture(scope="module")
def one_go(trainer: TrainerProcess, tmp_path_factory: pytest.TempPathFactory) -> dict[int, str]:
    """The bits of epochs of thirty trained in one go, each epoch's weights and logs read afterwards."""
    store = Trajectories(str(tmp_path_factory.mktemp("one-go")))
    trainings, order = Trainings(store, trainer.socket), order_in(store)
    trainings.epoch(order, 1, ACCURACY, ahead=EPOCHS)
    assert trainings.trained == EPOCHS
    marked = {epoch: bits(trainings, order, epoch)[0] for epoch in (10, EPOCHS)}
    assert trainings.trained == EPOCHS
    return marked


# --- the same bits --------------------------------------------------------------------------------------------------


def test_ten_epochs_then_twenty_more(trainer: TrainerProcess, store: Trajectories, one_go: dict[int, str]) -> None:
    trainings, order = Trainings(store, trainer.socket), order_in(store)
    trainings.epoch(order, 1, ACCURACY, ahead=10)
    assert bits(trainings, order, 10) == [one_go[10]]
    trainings.epoch(order, 11, ACCURACY, ahead=EPOCHS)
    assert bits(trainings, order, EPOCHS) == [one_go[EPOCHS]]
    assert trainings.trained == EPOCHS


def test_one_epoch_at_a_time(trainer: TrainerProcess, store: Trajectories, one_go: dict[int, str]) -> None:
    trainings, order = Trainings(store, trainer.socket), order_in(store)
    for epoch in range(1, 11):
        trainings.epoch(order, epoch, ACCURACY)
    assert bits(trainings, order, 10) == [one_go[10]]


def test_another_trainer_goes_on_from_the_store(
    trainer: TrainerProcess, store: Trajectories, one_go: dict[int, str]
) -> None:
    order = order_in(store)
    Trainings(store, trainer.socket).epoch(order, 10, ACCURACY)
    other = TrainerProcess()
    other.wait()
    try:
        trainings = Trainings(store, other.socket)
        assert bits(trainings, order, EPOCHS) == [one_go[EPOCHS]]
        assert trainings.trained == EPOCHS - 10
    finally:
        other.close()


def test_a_replay_trains_nothing(trainer: TrainerProcess, store: Trajectories, one_go: dict[int, str]) -> None:
    order = order_in(store)
    Trainings(store, trainer.socket).epoch(order, EPOCHS, ACCURACY)
    trainings = Trainings(Trajectories(store.url), Path("/nonexistent/trainer"))
    assert bits(trainings, order, 10, EPOCHS) == [one_go[10], one_go[EPOCHS]]
    assert trainings.trained == 0


@pytest.mark.parametrize("kind", ["memory", "local", "dir"])
def test_on_another_file_system(trainer: TrainerProcess, tmp_path: Path, one_go: dict[int, str], kind: str) -> None:
    url = {"memory": f"memory:/{tmp_path}", "local": f"local://{tmp_path}/s", "dir": f"dir::file://{tmp_path}"}[kind]
    store = Trajectories(url)
    trainings, order = Trainings(store, trainer.socket), order_in(store)
    assert bits(trainings, order, 10) == [one_go[10]]


def test_a_state_in_between_is_trained_again_and_is_the_same(trainer: TrainerProcess, store: Trajectories) -> None:
    trainings, order = Trainings(store, trainer.socket), order_in(store)
    trainings.epoch(order, 3, ACCURACY)
    state = trainings.state(order, 3, ACCURACY)
    for path in Path(store.url).rglob("*.state"):
        path.unlink()
    trainings.epoch(order, 1, ACCURACY, ahead=5)
    for a, b in zip(state, trainings.state(order, 3, ACCURACY), strict=True):
        np.testing.assert_array_equal(a, b)


def test_other_metrics_give_the_same_weights(trainer: TrainerProcess, store: Trajectories) -> None:
    trainings, order = Trainings(store, trainer.socket), order_in(store)
    weights, logs = trainings.epoch(order, 4, ACCURACY)
    again, others = trainings.epoch(order, 4, (Part("sparse_categorical_crossentropy"), Part("accuracy")))
    assert [array_digest(value) for value in weights] == [array_digest(value) for value in again]
    assert sorted(others) == ["accuracy", "loss", "sparse_categorical_crossentropy"]
    assert {name: others[name] for name in logs} == logs
    assert (
        trainings.epoch(order, 2, (Part("sparse_categorical_crossentropy"), Part("accuracy")))[1][
            "sparse_categorical_crossentropy"
        ]
        > 0
    )


def test_a_training_that_begins_where_another_was(trainer: TrainerProcess, store: Trajectories) -> None:
    trainings, order = Trainings(store, trainer.socket), order_in(store)
    trainings.epoch(order, 2, ACCURACY)
    trainings.state(order, 2, ACCURACY)
    begin = Point(order.key, 2)
    slower = small_order(
        store,
        layers=DROPOUT,
        optimizer=Part("Adam", {"learning_rate": 0.0}),
        weights=begin,
        optimizer_state=begin,
    )
    weights, _ = trainings.epoch(slower, 1, ACCURACY)
    for a, b in zip(weights, store.weights(begin) or (), strict=True):
        np.testing.assert_array_equal(a, b)
    assert int(trainings.state(slower, 1, ACCURACY)[0]) == 30


# --- two at once ----------------------------------------------------------------------------------------------------

WORKER = """
import sys, json
from pathlib import Path
sys.path.insert(0, sys.argv[4])
from small_trainings import ACCURACY
from test_service import bits, order_in
from grader.training.service import Trainings
from grader.training.trajectories import Trajectories
store = Trajectories(sys.argv[1])
trainings, order = Trainings(store, Path(sys.argv[2])), order_in(store)
print("ready", flush=True)
sys.stdin.readline()
ahead = int(sys.argv[3])
for epoch in range(1, ahead + 1):
    trainings.epoch(order, epoch, ACCURACY, ahead=ahead)
print(json.dumps([trainings.trained, bits(trainings, order, ahead)]), flush=True)
"""


def worker(store: Trajectories, socket: Path, epochs: int) -> subprocess.Popen[str]:
    """A process that is ready to have epochs trained, and begins at a line on its standard input."""
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, store.url, str(socket), str(epochs), str(Path(__file__).parent)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{Path(__file__).parents[2]}:{Path(__file__).parents[1]}"},
    )
    assert read_line(process) == "ready\n"
    return process


def begin(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def result(process: subprocess.Popen[str]) -> tuple[int, list[str]]:
    trained, found = json.loads(read_line(process))
    assert process.wait(60) == 0
    return trained, found


def test_of_two_processes_one_trains_and_the_other_waits(
    trainer: TrainerProcess, store: Trajectories, one_go: dict[int, str]
) -> None:
    order_in(store)
    both = [worker(store, trainer.socket, 10) for _ in range(2)]
    for process in both:
        begin(process)
    results = [result(process) for process in both]
    assert [found for _, found in results] == [[one_go[10]]] * 2
    assert sum(trained for trained, _ in results) == 10


def test_two_processes_with_trainers_of_their_own(
    trainer: TrainerProcess, store: Trajectories, one_go: dict[int, str]
) -> None:
    other = TrainerProcess()
    other.wait()
    try:
        order_in(store)
        both = [worker(store, process.socket, 10) for process in (trainer, other)]
        for process in both:
            begin(process)
        results = [result(process) for process in both]
    finally:
        other.close()
    assert [found for _, found in results] == [[one_go[10]]] * 2
    assert sum(trained for trained, _ in results) == 10


# --- someone dies ---------------------------------------------------------------------------------------------------

LONG = 60
"""More epochs than are trained before a signal comes."""


def until_it_trains(store: Trajectories) -> None:
    wait_until(lambda: any(path.name != "breaking" for path in Path(store.url, "locks").glob("*")))


def test_after_the_writer_was_killed(trainer: TrainerProcess, store: Trajectories, one_go: dict[int, str]) -> None:
    """The process that holds the lock dies while its epochs are trained: the next one trains them."""
    order = order_in(store)
    process = worker(store, trainer.socket, LONG)
    begin(process)
    until_it_trains(store)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    trainings = Trainings(store, trainer.socket)
    assert bits(trainings, order, 10) == [one_go[10]]


def test_after_the_trainer_was_killed(store: Trajectories, one_go: dict[int, str]) -> None:
    """The trainer dies in the middle of training: another takes its place, and nothing is lost."""
    own = TrainerProcess()
    own.wait()
    killed = threading.Event()

    def kill_in_the_middle() -> None:
        while len(list(own.socket.parent.glob("w-*/*.weights"))) < 5:
            time.sleep(0.002)
        for process in [*psutil.Process(own.pid).children(recursive=True), psutil.Process(own.pid)]:
            process.kill()
        killed.set()

    trainings, order = Trainings(store, own.socket), order_in(store)
    threading.Thread(target=kill_in_the_middle, daemon=True).start()
    trainings.epoch(order, 1, ACCURACY, ahead=LONG)
    assert killed.is_set()
    assert trainings.trained == LONG
    assert bits(trainings, order, 10, EPOCHS) == [one_go[10], one_go[EPOCHS]]
    own.close()


def test_a_trainer_is_started_once_something_has_to_be_trained(
    trainer: TrainerProcess, store: Trajectories, one_go: dict[int, str]
) -> None:
    order = order_in(store)
    Trainings(store, trainer.socket).epoch(order, 10, ACCURACY)
    trainings, before = Trainings(store, None), descendants()
    assert bits(trainings, order, 10) == [one_go[10]]
    assert descendants() <= before
    assert bits(trainings, order, EPOCHS) == [one_go[EPOCHS]]
    assert descendants() - before


def descendants() -> set[int]:
    return {process.pid for process in psutil.Process().children(recursive=True)}


# --- damage ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", ["*.weights", "*.logs", "*.state"], ids=["weights", "logs", "states"])
def test_what_is_damaged_is_trained_again(
    trainer: TrainerProcess, store: Trajectories, one_go: dict[int, str], pattern: str
) -> None:
    trainings, order = Trainings(store, trainer.socket), order_in(store)
    trainings.epoch(order, 10, ACCURACY)
    for number, path in enumerate(sorted(Path(store.url).rglob(pattern))):
        content = path.read_bytes()
        path.write_bytes(content[:-1] if number % 2 else content[:-1] + bytes([content[-1] ^ 1]))
    assert bits(trainings, order, 10) == [one_go[10]]
    for epoch in range(1, 11):
        assert len(trainings.epoch(order, epoch, ACCURACY, ahead=10)[0]) == 2


def test_one_damaged_epoch_among_many(trainer: TrainerProcess, store: Trajectories) -> None:
    """An epoch in the middle is asked for while the trainer's network and the store's states are further on."""
    trainings, order = Trainings(store, trainer.socket), order_in(store)
    before = bits(trainings, order, 3)
    trainings.epoch(order, 12, ACCURACY)
    for path in Path(store.url).rglob("00003.*"):
        path.write_bytes(b"damaged")
    trainings.epoch(order, 3, ACCURACY, ahead=EPOCHS)
    assert bits(trainings, order, 3) == before


def test_damaged_data_is_asked_for_again(trainer: TrainerProcess, store: Trajectories) -> None:
    """A trainer that has not read the data yet finds the damage; the entry goes, and is handed over anew."""
    unread = images()[0] * np.float32(0.5)

    def order_in_store() -> Order:
        return small_order(store, layers=DROPOUT, x=unread)

    trainings, order = Trainings(store, trainer.socket), order_in_store()
    path = store.data_file(order.x, Path(store.url))
    assert path is not None
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(Exception, match="damaged"):
        trainings.epoch(order, 1, ACCURACY)
    assert not store.has_data(order.x)
    assert store.has_data(order.y)
    assert order_in_store() == order
    trainings.epoch(order, 1, ACCURACY)


# --- refusals and looks ---------------------------------------------------------------------------------------------


def test_what_keras_refuses_is_refused_every_time(trainer: TrainerProcess, store: Trajectories) -> None:
    trainings = Trainings(store, trainer.socket)
    labels = np.full(640, 10)
    order = small_order(store, y=labels)
    for _ in range(2):
        with pytest.raises(NotTrainable, match="Keras must take the training"):
            trainings.epoch(order, 1, ACCURACY)
    assert trainings.trained == 0
    assert not [path for path in Path(store.url, "locks").glob("*") if path.name != "breaking"]


def test_looks_are_made_once(trainer: TrainerProcess, store: Trajectories) -> None:
    trainings, order = Trainings(store, trainer.socket), order_in(store)
    look = Look(Point(order.key, 2), order.layers, order.input_shape, order.x, order.y, order.loss, ACCURACY)
    predict = Look(Point(order.key, 2), order.layers, order.input_shape, order.x)
    first: list[Array | bytes] = [
        trainings.look(look, order, ACCURACY),
        trainings.prediction(predict, order, ACCURACY),
    ]
    again = Trainings(Trajectories(store.url), Path("/nonexistent/trainer"))
    assert again.look(look, order, ACCURACY) == first[0]
    np.testing.assert_array_equal(again.prediction(predict, order, ACCURACY), first[1])
    assert sorted(json.loads(first[0])) == ["accuracy", "loss"]


def test_a_trainer_ends_with_the_process_that_started_it() -> None:
    code = (
        "from grader.training.service import TrainerProcess\n"
        "process = TrainerProcess(); process.wait(); print(process.pid, flush=True); input()"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    pid = int(read_line(starter))
    children = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    starter.kill()
    starter.wait(10)
    psutil.wait_procs(children, timeout=20)
    assert not any(child.is_running() and child.status() != psutil.STATUS_ZOMBIE for child in children)


FULL_TRAINER = """
import sys
from grader.training import trainer
trainer.MAX_RESIDENT_BYTES = 1
trainer.main()
"""


def _command_line(pid: int) -> list[str]:
    """Of a process; empty in the moment in which it becomes another program, where it looks like a zombie."""
    try:
        return psutil.Process(pid).cmdline()
    except psutil.ZombieProcess:
        return []


def test_a_trainer_that_has_grown_begins_anew_and_nobody_notices(
    store: Trajectories, tmp_path: Path, one_go: dict[int, str]
) -> None:
    path = tmp_path / "s"
    process = subprocess.Popen(
        [sys.executable, "-c", FULL_TRAINER, str(path)], stdin=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    try:
        wait_until(lambda: path.exists() or process.poll() is not None)
        trainings, order = Trainings(store, path), order_in(store)
        assert bits(trainings, order, 10) == [one_go[10]]
        wait_until(lambda: "grader.training.trainer" in _command_line(process.pid))
        assert bits(trainings, order, EPOCHS) == [one_go[EPOCHS]]
        assert process.poll() is None
    finally:
        process.kill()
        process.wait(10)
