"""Who computes next in the trainer: submissions take turns, however much each of them has ordered."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

LOOK_SECONDS = 0.5
"""How often somebody who waits for a turn looks whether it is still wanted."""
REMEMBERED = 1_000
"""Clients whose last turn is remembered."""


class HungUp(Exception):
    """Nobody waits for the answer any more."""


@dataclass(frozen=True, slots=True)
class Client:
    """Whom a request comes from."""

    name: str = ""
    """Of the submission."""
    gone: Callable[[], bool] = lambda: False
    """True once nobody waits for the answer any more."""

    def check(self) -> None:
        """Raise HungUp where nobody waits any more."""
        if self.gone():
            raise HungUp


class Turns:
    """So many places for short pieces of work. Of those who wait, whose last turn was longest ago is next."""

    def __init__(self, places: int) -> None:
        """Args: places: pieces at one time, at least 1."""
        self._free = places
        self._changed = threading.Condition()
        self._waiting: list[tuple[str, object]] = []
        self._last: OrderedDict[str, None] = OrderedDict()
        """Clients by their last turn, the earliest first."""

    @contextmanager
    def turn(self, client: Client) -> Iterator[None]:
        """Hold a place. Raises HungUp where nobody waits for the work any more before it is its turn."""
        ticket = (client.name, object())
        with self._changed:
            self._waiting.append(ticket)
            try:
                while not self._free or self._next() is not ticket:
                    self._changed.wait(LOOK_SECONDS)
                    client.check()
            finally:
                self._waiting.remove(ticket)
                self._changed.notify_all()
            self._free -= 1
            self._note(client.name)
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()

    def _next(self) -> tuple[str, object]:
        places = {name: place for place, name in enumerate(self._last)}
        return min(self._waiting, key=lambda ticket: places.get(ticket[0], -1))  # the first of equals came first

    def _note(self, name: str) -> None:
        self._last[name] = None
        self._last.move_to_end(name)
        while len(self._last) > REMEMBERED:
            self._last.popitem(last=False)
