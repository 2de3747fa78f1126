"""An interrupt that a library would swallow is remembered."""

from __future__ import annotations

import signal
import threading
import weakref

import pytest

from grader.interrupts import NUMBERS, Interrupts

ALL = pytest.mark.parametrize("number", NUMBERS, ids=["Ctrl-C", "SIGTERM"])


@pytest.fixture(autouse=True)
def raising(monkeypatch: pytest.MonkeyPatch) -> object:
    """Both raise KeyboardInterrupt, as in every command."""
    before = {number: signal.signal(number, signal.default_int_handler) for number in NUMBERS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class Dying:
    """Something whose end is heard by a callback."""


@ALL
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_one_inside_a_callback_comes_to_light(number: signal.Signals) -> None:
    """Python prints what a weak reference's callback raises, and goes on."""
    with Interrupts() as interrupts:
        dying = Dying()
        listening = weakref.ref(dying, lambda _: signal.raise_signal(number))
        del dying
        assert listening() is None
        with pytest.raises(KeyboardInterrupt):
            interrupts.check()


@ALL
def test_any_other_is_raised_at_once(number: signal.Signals) -> None:
    with pytest.raises(KeyboardInterrupt), Interrupts():
        signal.raise_signal(number)


@ALL
def test_one_can_be_handed_over_instead(number: signal.Signals) -> None:
    told = []
    with Interrupts(lambda: told.append(number)) as interrupts:
        signal.raise_signal(number)
    assert told == [number]
    with pytest.raises(KeyboardInterrupt):
        interrupts.check()


def test_nothing_is_raised_where_none_came_and_handlers_are_given_back() -> None:
    with Interrupts() as interrupts:
        interrupts.check()
    assert [signal.getsignal(number) for number in NUMBERS] == [signal.default_int_handler] * 2


def test_another_thread_hears_none() -> None:
    def run() -> None:
        with Interrupts() as interrupts:
            interrupts.check()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
