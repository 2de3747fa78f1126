"""Serves the desk on the loopback interface until it is interrupted."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from grader.errors import UsageError
from grader.publishing import ClassBook
from grader.reports.translation import Translator
from grader.review.app import Desk
from grader.review.classroom import Classroom
from grader.review.guard import Guard
from grader.review.second_opinion import API_KEY, LanguageModel


@dataclass(frozen=True, slots=True)
class OpenDesk:
    """A desk that is ready to be served."""

    server: uvicorn.Server
    socket: socket.socket
    room: Classroom
    address: str
    """With the token: whoever knows it may mark."""

    def run(self) -> None:
        """Serve until interrupted or told to end."""
        self.server.run(sockets=[self.socket])


@contextmanager
def open_desk(
    graded: ClassBook,
    out: Path,
    *,
    who: str,
    port: int = 0,
    blind: bool = False,
    model: LanguageModel | None = None,
) -> Iterator[OpenDesk]:
    """Make a desk for a class, and let go of everything at the end.

    Args:
        port: 0 for any that is free.

    Raises:
        UsageError: the port is taken.
    """
    room = Classroom(graded, blind=blind)
    try:
        with _listen(port) as listening:
            taken = int(listening.getsockname()[1])
            token = secrets.token_urlsafe(24)
            desk = Desk(room, Translator(graded.language), out, model)
            guard = Guard(desk.app(), token=token, who=who, port=taken)
            config = uvicorn.Config(guard, log_level="warning", access_log=False, lifespan="off", ws="none")
            yield OpenDesk(uvicorn.Server(config), listening, room, f"http://127.0.0.1:{taken}/?token={token}")
    finally:
        room.close()


def serve_desk(
    graded: ClassBook,
    out: Path,
    announce: Callable[[str], None],
    *,
    who: str,
    port: int = 0,
    blind: bool = False,
    model_url: str = "",
    model_name: str = "",
) -> None:
    """Serve a class's desk until Ctrl-C.

    Args:
        announce: is told the address, once it can be opened.

    Raises:
        UsageError: the port is taken.
    """
    model = LanguageModel(model_url, model_name, os.environ.get(API_KEY, "")) if model_url else None
    with open_desk(graded, out, who=who, port=port, blind=blind, model=model) as desk:
        announce(desk.address)
        desk.run()


def _listen(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        raise UsageError(f"--port must be one that is free. Received: {port} ({error.strerror})") from error
    return listening
