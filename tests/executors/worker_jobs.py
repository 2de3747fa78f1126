"""What tests have executors do. A worker process imports this module for its first job, and nothing heavy with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from grader.errors import UsageError
from grader.threads import begin


def double(number: int) -> int:
    return 2 * number


def nap(seconds: float) -> float:
    time.sleep(seconds)
    return seconds


def raise_on_two(number: int) -> int:
    if number == 2:
        raise ValueError("two is not liked")
    return number


def return_what_cannot_be_sent(number: int) -> Any:
    return (lambda: None) if number == 2 else number


def killed_on_two(number: int) -> int:
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def exit_zero_on_two(number: int) -> int:
    if number == 2:
        os._exit(0)
    return number


def exit_one_on_two(number: int) -> int:
    if number == 2:
        os._exit(1)
    return number


def die_once(marker: str) -> str:
    if marker and not Path(marker).exists():
        Path(marker).touch()
        os._exit(137)
    return marker


def start_a_child_and_hang(pid_file: str) -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    Path(pid_file).write_text(str(child.pid))
    time.sleep(600)


def pid_of_worker(_: int) -> int:
    return os.getpid()


def interrupt_a_child(_: int) -> int:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], stderr=subprocess.DEVNULL)
    time.sleep(0.5)
    child.send_signal(signal.SIGINT)
    return child.wait(30)


def interrupt_oneself(number: int) -> int:
    os.kill(os.getpid(), signal.SIGINT)
    return number


def leave_a_thread_hanging(_: int) -> int:
    begin(threading.Event().wait)
    return os.getpid()


def same(value: bytes) -> bytes:
    return value


def leave_a_sign(folder: str) -> None:
    Path(folder, str(os.getpid())).touch()


def signs_left(folder: str) -> list[str]:
    return [str(os.getpid()), *sorted(os.listdir(folder))]  # noqa: PTH208


def die(_: object) -> None:
    os._exit(1)


def look_and_be_content() -> None:
    return None


def look_and_refuse() -> None:
    raise UsageError("a machine must be liked. Received: this one")


def kill_the_dask_worker_on_two(number: int) -> int:
    if number == 2:
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(60)
    return number


def dask_worker(_: int) -> int:
    time.sleep(0.5)
    return os.getppid()


def refuse_where_it_is_empty(folder: Path) -> None:
    if not any(folder.iterdir()):
        raise UsageError(f"there must be something in {folder}. Received: nothing")
