"""Serves the desk on the loopback interface, or another one that was asked for, until it is interrupted."""

from __future__ import annotations

import errno
import os
import secrets
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import uvicorn

from grader.errors import Phrase, UsageError
from grader.interrupts import Interrupts
from grader.publishing import ClassBook
from grader.reports.translation import Translator
from grader.review.app import Desk
from grader.review.classroom import Classroom
from grader.review.guard import LOOPBACK, Guard
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
        """Serve until told to end."""
        self.server.run(sockets=[self.socket])

    def end(self) -> None:
        """Tell the server to end, also if it has not begun."""
        self.server.should_exit = True


@contextmanager
def open_desk(
    graded: ClassBook,
    out: Path,
    *,
    who: str,
    listen: str = LOOPBACK[0],
    port: int = 0,
    blind: bool = False,
    model: LanguageModel | None = None,
) -> Iterator[OpenDesk]:
    """Make a desk for a class, and let go of everything at the end.

    Args:
        listen: IPv4 address of this machine that the desk is served on. Only browsers that reach it by a name of their
            own loopback interface are answered, as through a port that is published there.
        port: 0 for any that is free.

    Raises:
        UsageError: the port is taken, or the address is none of this machine's.
    """
    room = Classroom(graded, blind=blind)
    try:
        with _listen(listen, port) as listening:
            taken = int(listening.getsockname()[1])
            token = secrets.token_urlsafe(24)
            translator = Translator(graded.language)
            desk = Desk(room, translator, out, model)
            guard = Guard(desk.app(), token=token, who=who, port=taken, translator=translator)
            config = uvicorn.Config(guard, log_level="warning", access_log=False, lifespan="off", ws="none")
            yield OpenDesk(uvicorn.Server(config), listening, room, f"http://{LOOPBACK[0]}:{taken}/?token={token}")
    finally:
        room.close()


def serve_desk(
    graded: ClassBook,
    out: Path,
    announce: Callable[[str], None],
    *,
    who: str,
    listen: str = LOOPBACK[0],
    port: int = 0,
    blind: bool = False,
    model_url: str = "",
    model_name: str = "",
) -> None:
    """Serve a class's desk until Ctrl-C.

    Args:
        announce: is told the address, once it can be opened.
        listen: IPv4 address of this machine, as in `open_desk`.

    Raises:
        UsageError: the port is taken, or the address is none of this machine's.
        KeyboardInterrupt: it was interrupted.
    """
    model = LanguageModel(model_url, model_name, os.environ.get(API_KEY, "")) if model_url else None
    with open_desk(graded, out, who=who, listen=listen, port=port, blind=blind, model=model) as desk:
        with Interrupts(desk.end) as interrupts:
            announce(desk.address)
            desk.run()
        interrupts.check()


def _listen(address: str, port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((address, port))
        listening.listen(128)
    except OSError as error:
        listening.close()
        if error.errno == errno.EADDRNOTAVAIL or isinstance(error, socket.gaierror):
            rule, received = Phrase("--listen must be an IPv4 address of this machine"), address
        else:
            rule, received = Phrase("--port must be one that is free"), str(port)
        raise UsageError(
            "{rule}. Received: {received} ({reason})", rule=rule, received=received, reason=error.strerror
        ) from error
    return listening
