"""Submissions take turns, however much one of them has ordered."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager

from waiting import wait_until

from grader.threads import begin
from grader.training.turns import Client, HungUp, Turns


@contextmanager
def held(turns: Turns) -> Iterator[None]:
    """A place that is taken while others come."""
    with turns.turn(Client("holder")):
        yield


def order(turns: Turns, client: Client, done: list[str]) -> Future[None]:
    """Wait for a turn in a thread; returns once it waits."""

    def take() -> None:
        with turns.turn(client):
            done.append(client.name)

    before = len(turns._waiting)
    future = begin(take)
    wait_until(lambda: len(turns._waiting) > before)
    return future


def test_a_submission_with_many_orders_lets_others_in_between() -> None:
    turns, done = Turns(1), list[str]()
    with held(turns):
        waiting = [order(turns, Client(name), done) for name in ("many", "many", "many", "one", "other", "one")]
    assert not wait(waiting, 20).not_done
    assert done == ["many", "one", "other", "many", "one", "many"]


def test_so_many_at_a_time() -> None:
    turns, at_once, most, lock = Turns(2), 0, 0, threading.Lock()
    meeting = threading.Barrier(2)

    def work() -> None:
        nonlocal at_once, most
        with turns.turn(Client()):
            with lock:
                at_once += 1
                most = max(most, at_once)
            meeting.wait(20)
            with lock:
                at_once -= 1

    assert not wait([begin(work) for _ in range(6)], 20).not_done
    assert most == 2


def test_who_hangs_up_gets_no_turn() -> None:
    turns, done = Turns(1), list[str]()
    with held(turns):
        first = order(turns, Client("first", lambda: True), done)
        second = order(turns, Client("second"), done)
        assert isinstance(first.exception(20), HungUp)
    assert not wait([second], 20).not_done
    assert done == ["second"]
