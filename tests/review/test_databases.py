"""Several reviewers at one gradebook: SQLite, and a real PostgreSQL server where Debian's is installed."""

from __future__ import annotations

import multiprocessing
import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from desks import RUBRIC, served
from many_marks import EACH, mark_many
from written_class import Written, make_class, make_results

from grader.gradebook import Gradebook
from grader.records import HumanMark

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))


def unprivileged() -> str | None:
    """A user for the server, which refuses to run as root; None for whoever runs the tests."""
    return "nobody" if os.getuid() == 0 else None


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of an empty database on a server of this test's own."""
    if not BINARIES:
        pytest.skip("needs a PostgreSQL server: apt-get install postgresql")
    user = unprivileged()
    folder = Path(f"/tmp/pg-{os.getpid()}")
    folder.mkdir(mode=0o700)
    if user is not None:
        entry = pwd.getpwnam(user)
        os.chown(folder, entry.pw_uid, entry.pw_gid)
    data = folder / "data"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    start = [str(BINARIES[-1] / "initdb"), "-D", str(data), "-U", "grader", "-A", "trust", "-E", "UTF8", "--no-sync"]
    subprocess.run(start, check=True, capture_output=True, user=user, cwd=folder, env={"LC_ALL": "C.UTF-8"})
    command = [
        str(BINARIES[-1] / "postgres"), "-D", str(data), "-p", str(port), "-k", str(folder), "-c", "fsync=off",
        "-c", "listen_addresses=127.0.0.1", "-c", "timezone=America/Lima",
    ]  # fmt: skip
    process = subprocess.Popen(command, user=user, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        for _ in range(600):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield f"postgresql+psycopg://grader@127.0.0.1:{port}/postgres"
    finally:
        process.send_signal(signal.SIGINT)  # a "fast" shutdown: it does not wait for those who are still connected
        process.wait(timeout=30)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'gradebook.db'}"
    found: str = request.getfixturevalue("server")
    return found


def newest_mark(book: Gradebook) -> int:
    return max((mark.number for mark in book.history_since(0)), default=0)


def test_two_who_mark_at_once_lose_nothing(url: str) -> None:
    book = Gradebook(url)
    start = newest_mark(book)
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=mark_many, args=(url, who)) for who in ("ana", "luz")]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    marks = book.history_since(start)
    assert [mark.number for mark in marks] == sorted({mark.number for mark in marks})
    for who in ("ana", "luz"):
        own = [mark.submission for mark in marks if mark.who == who]
        assert own == [f"submission {number}" for number in range(EACH)]


def test_what_was_marked_since_is_refused(url: str) -> None:
    book = Gradebook(url)
    seen = newest_mark(book)
    mark = HumanMark("ana", "9", "callback_used", 0.5, "teacher")
    assert len(book.add_marks([mark], seen=seen)) == 1
    assert book.add_marks([mark], seen=seen) == ()


def test_times_are_kept_in_utc(url: str) -> None:
    book = Gradebook(url)
    began = datetime.now(UTC)
    (given,) = book.add_marks([HumanMark("ana", "8.3", "memorises", 0.1, "teacher", "¿Por qué? ☺")])
    (kept,) = [mark for mark in book.history("ana") if mark.number == given.number]
    assert kept == given
    assert kept.at is not None
    assert abs((kept.at - began).total_seconds()) < 60


def test_a_desk_works_on_a_database_server(server: str, tmp_path: Path) -> None:
    results = list(make_results(RUBRIC, {"8.3": [Written("Overfitting \ud83d \0 ☺", {})]}, 3))
    make_class(tmp_path / "out", results, RUBRIC, server, "en").close()
    with served(tmp_path / "out", server) as one, served(tmp_path / "out", server, who="luz") as two:
        name = results[0].submission
        form = {"q": "8.3", "c": "overfitting", "points": "0.1", "seen": one.room.newest}
        assert one.browser().post("/mark", form | {"s": one.room.code(name)}).status_code == 200
        refused = two.browser().post("/mark", form | {"s": two.room.code(name), "points": "0"})
        assert "Not saved: ana marked this in the meantime" in refused.text
        assert one.room.marks[name, "8.3", "overfitting"].points == 0.1
