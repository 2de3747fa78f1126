"""A trainer that an order swells begins anew: the order is refused, and everybody else is served."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from small_trainings import ACCURACY, small_order

from grader.errors import NotTrainable
from grader.processes import OwnedProcess, make_folder
from grader.training.orders import Part
from grader.training.service import TrainerProcess, Trainings
from grader.training.trajectories import Trajectories

WITH_A_LIMIT = """
import sys
from grader.training import trainer
trainer.MOST_RESIDENT_BYTES = 1_000_000_000
trainer.main()
"""
"""A trainer takes 600 MB to train a small network, and 1.5 GB for one of 14 million weights."""
WIDE = (Part("Flatten"), Part("Dense", {"units": 3_000}), Part("Dense", {"units": 4_000}), Part("Dense", {"units": 10}))


class SmallTrainer(TrainerProcess):
    """A trainer with little memory, until it has begun anew."""

    started = 0

    def __init__(self) -> None:
        folder = make_folder("t-")
        self.socket = folder / "s"
        type(self).started += 1
        with (folder / "log").open("wb") as log:
            OwnedProcess.__init__(
                self,
                folder,
                [sys.executable, "-c", WITH_A_LIMIT, str(self.socket)],
                stdin=subprocess.PIPE,
                stderr=log,
                cwd=Path(__file__).parents[2],
            )


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> Iterator[SmallTrainer]:
    monkeypatch.setattr("grader.training.service.TrainerProcess", SmallTrainer)
    monkeypatch.setattr(SmallTrainer, "started", 0)
    with contextlib.closing(SmallTrainer()) as made:
        made.wait()
        yield made


def test_an_order_that_takes_too_much_memory_costs_whoever_asked(small: SmallTrainer, tmp_path: Path) -> None:
    trainings, pid = Trainings(Trajectories(str(tmp_path)), small.socket), small.pid
    hungry, other = trainings.for_submission("hungry"), trainings.for_submission("other")
    order = small_order(trainings.store)
    other.epoch(order, 1, ACCURACY)
    with pytest.raises(NotTrainable, match="fit into the trainer's memory"):
        hungry.epoch(small_order(trainings.store, layers=WIDE), 1, ACCURACY)
    assert small.started == 2, "it was tried alone, in a trainer that has ended since"
    with pytest.raises(NotTrainable, match="fit into the trainer's memory"):
        hungry.epoch(order, 2, ACCURACY)
    other.epoch(order, 2, ACCURACY)
    assert small.started == 2
    assert small.alive
    assert small.pid == pid
