"""What comes out of a kernel, by whatever way, takes no more memory here than its budget, and tells nothing of the host."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import nbformat
import numpy as np
import pytest
import zmq
from nbformat.v4 import new_code_cell, new_notebook
from small_trainings import small_order
from waiting import wait_until

from grader.execution import arrays, exchange
from grader.execution.assembly import Assembler
from grader.execution.client import Client, CountingSession, size_written
from grader.execution.desk import SOCKET, TrainingDesk
from grader.execution.exchange import ExchangeReader
from grader.execution.intake import Intake
from grader.execution.observer import Observer
from grader.execution.relay import FRAME_BYTES, Frames, Relay, received_bytes
from grader.execution.watchdog import Watchdog
from grader.rubric.rubric import Limits
from grader.training.allowance import StoreAllowance
from grader.training.trajectories import Trajectories
from grader.training.work import Budget

# --- sockets ----------------------------------------------------------------------------------------------------------

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"NULL".ljust(20, b"\0") + bytes(32)
READY = b"\x04\x19\x05READY\x0bSocket-Type\x00\x00\x00\x03PUB"
PORT = 1


def frame(content: bytes, *, more: bool = False) -> bytes:
    """A part of a message, as ZMTP 3 writes it."""
    if len(content) < 256:
        return bytes([more, len(content)]) + content
    return bytes([more | 2]) + len(content).to_bytes(8, "big") + content


@dataclass
class Kernel:
    """A kernel's socket on which anything can be sent."""

    path: Path
    sent: int = 0
    wait: Callable[[], object] = lambda: None
    """Is called before each piece."""
    connections: list[socket.socket] = field(default_factory=list)

    def send_for_ever(self, beginning: bytes, piece: bytes) -> None:
        """Send to whoever connects, until the connection ends."""
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(self.path))
        listening.listen()
        self.connections.append(listening)

        def send(connection: socket.socket) -> None:
            with contextlib.suppress(OSError):
                connection.sendall(beginning)
                said = b"" if READY in beginning else b"READY"
                while b"READY" not in said:  # whoever is not ready yet ends the connection at the first message
                    said += connection.recv(1_000)
                while True:
                    self.wait()
                    connection.sendall(piece)
                    self.sent += len(piece)

        def accept() -> None:
            with contextlib.suppress(OSError):
                while True:
                    send(listening.accept()[0])

        threading.Thread(target=accept, daemon=True).start()


@pytest.fixture
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    folder = Path(tmp_path_factory.mktemp("k"))
    made = Kernel(folder / f"k-{PORT}")
    yield made
    for each in made.connections:
        each.close()


@contextlib.contextmanager
def relayed(kernel: Kernel, most: int) -> Iterator[Relay]:
    """A relay in a loop that a thread of its own runs, as a session's."""
    relay = Relay(str(kernel.path).removesuffix(f"-{PORT}"), [PORT], most)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    asyncio.run_coroutine_threadsafe(relay.open(), loop).result(20)

    async def close() -> None:
        relay.close()
        await asyncio.sleep(0.05)  # what was cancelled ends

    try:
        yield relay
    finally:
        asyncio.run_coroutine_threadsafe(close(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(20)
        loop.close()


STREAMS: dict[str, tuple[bytes, bytes]] = {
    "messages that nobody reads": (GREETING + READY, frame(b"x" * 100_000)),
    "a message of parts that never ends": (GREETING + READY, frame(b"x" * 100_000, more=True)),
    "empty parts": (GREETING + READY, frame(b"", more=True) * 10_000),
    "a part that is said to be huge": (GREETING + READY + b"\x02" + (1 << 40).to_bytes(8, "big"), b"x" * 100_000),
    "an older protocol, that counts otherwise": (b"\x01\x00", b"\x01\x01" * 10_000),
    "no protocol": (b"", b"GET / HTTP/1.1\r\n" * 1_000),
}


@pytest.mark.parametrize("name", STREAMS)
def test_what_a_kernel_sends_and_nobody_reads_is_bounded(name: str, kernel: Kernel) -> None:
    kernel.send_for_ever(*STREAMS[name])
    with relayed(kernel, 4_000_000) as relay, zmq.Context() as context, context.socket(zmq.SUB) as client:
        client.linger = 0
        client.subscribe(b"")
        client.connect(f"ipc://{relay.address}-{PORT}")
        wait_until(lambda: relay.flooded)
        assert kernel.sent < 6_000_000


def test_what_is_read_makes_room_for_more(kernel: Kernel) -> None:
    turn = threading.Semaphore(10)
    kernel.wait = turn.acquire
    kernel.send_for_ever(GREETING + READY, frame(b"x" * 100_000))
    with relayed(kernel, 2_000_000) as relay, zmq.Context() as context, context.socket(zmq.SUB) as client:
        client.linger, client.rcvtimeo = 0, 20_000
        client.subscribe(b"")
        client.connect(f"ipc://{relay.address}-{PORT}")
        for _ in range(100):
            relay.read += received_bytes(client.recv_multipart())
            turn.release()
            assert not relay.flooded


@pytest.mark.parametrize("cut", [1, 2, 7, 64, 100_000])
def test_frames_are_counted_wherever_a_stream_is_cut(cut: int) -> None:
    parts = [b"", b"a", b"x" * 255, b"x" * 256, b"x" * 70_000]
    stream = GREETING + b"".join(frame(part, more=True) for part in parts)
    frames = Frames()
    counted = sum(frames.count(stream[at : at + cut]) for at in range(0, len(stream), cut))
    assert counted == received_bytes(parts) == sum(map(len, parts)) + len(parts) * FRAME_BYTES


def test_a_link_in_place_of_a_kernels_socket_is_not_followed(kernel: Kernel) -> None:
    host = Kernel(kernel.path.with_name("host"))
    host.send_for_ever(GREETING, b"secret")
    kernel.path.symlink_to(host.path)
    with relayed(kernel, 10**9) as relay, socket.socket(socket.AF_UNIX) as client:
        client.settimeout(20)
        client.connect(f"{relay.address}-{PORT}")
        assert client.recv(10) == b""
    assert not host.sent


def test_a_signature_is_not_kept_however_long_it_is() -> None:
    session = CountingSession(key=b"k")
    for at in range(100):
        with pytest.raises(ValueError, match="Signature"):
            session.deserialize([b"%d" % at * 1_000, b"{}", b"{}", b"{}", b"{}"])
    assert not session.digest_history
    assert not session.clone().digest_history


def test_a_message_is_not_unpacked_where_it_would_fill_the_memory() -> None:
    session = CountingSession(key=b"")
    with pytest.raises(ValueError, match="values"):
        session.unpack(b"[" + b"[]," * 1_000_000 + b"[]]")
    assert session.unpack(b'"' + b"[]," * 1_000_000 + b'"') == "[]," * 1_000_000


# --- what a notebook keeps of it --------------------------------------------------------------------------------------


def message(kind: str, /, **content: Any) -> dict[str, Any]:
    header = {"msg_id": "m", "msg_type": kind}
    return {
        **header,
        "header": header,
        "parent_header": {"msg_id": "asked"},
        "metadata": {},
        "content": content,
        "buffers": [],
    }


def display(data: Any, metadata: Any = None, name: str | None = None, kind: str = "display_data") -> dict[str, Any]:
    transient = {} if name is None else {"display_id": name}
    return message(kind, data=data, metadata=metadata or {}, transient=transient)


def nested(depth: int, inner: Any) -> Any:
    for _ in range(depth):
        inner = [inner]
    return inner


TEXT = {"text/plain": "x"}
SHOWS: dict[str, Callable[[int], dict[str, Any]]] = {
    "text": lambda _: message("stream", name="stdout", text="x" * 1_000),
    "control characters": lambda _: message("stream", name="stdout", text="\x01" * 1_000),
    "empty outputs": lambda _: display({}),
    "keys": lambda at: display(TEXT, {f"{at}-{key}" * 10: 1 for key in range(100)}),
    "keys inside keys": lambda _: display({"application/json": {"a" * 1_000: {"b" * 1_000: {}}}}),
    "numbers, deep inside": lambda _: display({"application/json": nested(200, [1] * 100)}),
    "one output in many places": lambda at: display(TEXT if at < 500 else {"text/plain": "x" * 10_000}, None, "d",
                                                    "display_data" if at < 500 else "update_display_data"),
    "what is no output": lambda _: message("comm_open", comm_id="c", target_name="t", data={"state": {"x" * 1_000: 1}}),
    "states of a widget": lambda at: message("comm_msg", comm_id=f"{at}", data={"state": {"x": "x" * 1_000}}),
    "input": lambda _: message("execute_input", code="x" * 1_000, execution_count=1),
}  # fmt: skip
BUDGET = 1_000_000


def showing() -> Client:
    client = Client(new_notebook(cells=[new_code_cell("x", metadata={"execution": {}})]))
    client.output_left, client.clear_before_next_output = BUDGET, False
    return client


@pytest.mark.parametrize("name", SHOWS)
def test_what_is_kept_of_all_messages_is_bounded(name: str) -> None:
    client = showing()
    tracemalloc.start()
    for at in range(20_000):
        client.process_message(SHOWS[name](at), client.nb.cells[0], 0)
        if client.flooded:
            break
    assert client.flooded
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 20 * BUDGET
    assert len(nbformat.writes(client.nb)) < 1.5 * BUDGET


def test_a_count_that_is_no_number_is_not_kept() -> None:
    client = showing()
    with pytest.raises(ValueError, match="number"):
        client.process_message(
            message("status", execution_state="busy", execution_count={"x": []}), client.nb.cells[0], 0
        )


def test_an_honest_figure_and_log_are_counted_by_their_text() -> None:
    log = "Epoch 1/10\r\x1b[1m938/938\x1b[0m ━━━━ \b\b loss: 0.5\n" * 100
    assert len(log) < size_written({"name": "stdout", "text": log}) < 1.3 * len(log)


# --- events -----------------------------------------------------------------------------------------------------------


def write_events(folder: Path, *lines: str) -> None:
    with (folder / "events.jsonl").open("a", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)


def reply(nonce: str, value: Any) -> str:
    return json.dumps({"kind": "reply", "nonce": nonce, "reply": {"value": value}})


class Asked(Observer):
    """An observer of what is in a folder."""

    def __init__(self, folder: Path, rubric: Any) -> None:
        reader = ExchangeReader(folder)

        async def ask(*_words: Any, **_more: Any) -> None:
            return None

        super().__init__(reader, Assembler(reader), ask, folder, folder, rubric)


def test_replies_that_nobody_asked_for_are_not_kept(tmp_path: Path, slice_rubric: Any) -> None:
    observer = Asked(tmp_path, slice_rubric)
    write_events(tmp_path, reply("n", 7))
    assert observer.take_in(0)  # what is made once is not measured
    write_events(tmp_path, *[reply(f"n{at}", ["x" * 100] * 1_000) for at in range(200)], reply("asked", 7))
    observer.asked = "asked"
    tracemalloc.start()
    assert observer.take_in(0)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert observer.reply == {"value": 7}
    assert held < 1e6
    assert peak < 3e6, "they are 20 MB, and read one by one"


EVENTS: dict[str, tuple[str, str]] = {
    "many": ('{"kind": "old", "name": "x"}', "MAX_EVENTS"),
    "long": (reply("n", "x" * 10_000), "MAX_EVENTS_BYTES"),
    "full": (reply("n", [[]] * 1_000), "MAX_VALUES"),
    "full of keys": (reply("n", {f"{key}": 1 for key in range(1_000)}), "MAX_VALUES"),
    "deep": (reply("n", nested(200, 1)), "MAX_VALUES"),
}


@pytest.mark.parametrize(("line", "budget"), EVENTS.values(), ids=EVENTS)
def test_all_events_together_have_a_budget(
    line: str, budget: str, tmp_path: Path, slice_rubric: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exchange, budget, 50_000 if budget != "MAX_EVENTS" else 200)
    observer = Asked(tmp_path, slice_rubric)
    for _ in range(500):
        write_events(tmp_path, line)
        if not observer.take_in(0):
            break
    else:
        pytest.fail("there was no end to it")
    write_events(tmp_path, reply("asked", 7))
    observer.asked = "asked"
    assert not observer.take_in(0), "nothing more is read"
    assert observer.reply is None
    assert len(observer.remarks) == 1


def test_an_event_that_is_too_long_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "MAX_EVENT_BYTES", 1_000)
    reader = ExchangeReader(tmp_path)
    short = '{"kind": "old", "name": "x"}'
    write_events(tmp_path, short, reply("n", "x" * 5_000), short)
    assert len(list(reader.new_events())) == 2
    (tmp_path / "events.jsonl").open("a").write("y" * 2_500)
    assert list(reader.new_events()) == []
    write_events(tmp_path, "z", short)
    assert len(list(reader.new_events())) == 1
    assert len(reader.refused) == 2


def test_events_that_grow_while_they_are_read_are_left_for_the_next_look(tmp_path: Path) -> None:
    reader = ExchangeReader(tmp_path)
    write_events(tmp_path, *['{"kind": "old", "name": "x"}'] * 3)
    read = 0
    for _event in reader.new_events():
        write_events(tmp_path, '{"kind": "old", "name": "x"}')
        read += 1
    assert read == 3


# --- arrays -----------------------------------------------------------------------------------------------------------


def digest_of(array: np.ndarray) -> str:
    return hashlib.sha256(str((array.dtype.str, array.shape)).encode() + array.tobytes()).hexdigest()


def sparse(folder: Path, megabytes: int, columns: int) -> str:
    """A file of zeros that takes no room on the disk."""
    array = np.zeros((megabytes * 1_000_000 // columns, columns), np.uint8)
    path = folder / f"{digest_of(array)}.npy"
    np.save(path, array[:0].reshape(0, columns))
    header = (
        path.read_bytes()
        .replace(b"(0, ", f"({len(array)}, ".encode())
        .replace(b" " * (len(str(len(array))) - 1) + b"\n", b"\n")
    )
    with path.open("wb") as file:
        file.write(header)
        file.truncate(len(header) + array.nbytes)
    return path.stem


def test_arrays_have_a_budget_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "MAX_HELD_BYTES", 25_000_000)
    reader = ExchangeReader(tmp_path)
    digests = [sparse(tmp_path, 10, columns) for columns in (1, 2, 4, 5)]
    held = [reader.array(digest) for digest in digests]
    assert [array is not None for array in held] == [True, True, False, False]
    reader.forget_arrays()
    assert reader.array(digests[2]) is None, "the first are held still"
    assert reader.array(digests[0]) is held[0], "what is held is not read again"
    views = [array.reshape(-1)[1:] for array in held if array is not None]
    held.clear()
    reader.forget_arrays()
    assert reader.array(digests[2]) is None, "so are parts of them"
    views.clear()
    assert reader.array(digests[2]) is not None


def test_arrays_that_are_let_go_of_count_for_the_time_they_take(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(arrays, "MAX_LOADED_BYTES", 35_000_000)
    reader = ExchangeReader(tmp_path)
    digest = sparse(tmp_path, 10, 1)
    read = 0
    while reader.array(digest) is not None:
        reader.forget_arrays()
        read += 1
    assert read == 3


# --- links ------------------------------------------------------------------------------------------------------------


BEHIND: dict[str, Callable[[Path], None]] = {
    "nothing": lambda _path: None,
    "a link to a file": lambda path: path.symlink_to("/etc/hostname"),
    "a link to a file that is closed to us": lambda path: path.symlink_to("/etc/shadow"),
    "a link to a folder": lambda path: path.symlink_to("/etc"),
    "a link to what is not there": lambda path: path.symlink_to("/etc/not there"),
    "a link through what is no folder": lambda path: path.symlink_to("/etc/hostname/x"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a folder": Path.mkdir,
    "a pipe": os.mkfifo,
}


@pytest.mark.parametrize("name", BEHIND)
def test_what_stands_under_a_digest_and_is_no_file_tells_nothing(name: str, tmp_path: Path) -> None:
    store = Trajectories(str(tmp_path / "store"))
    order = small_order(store)
    unknown = replace(order, x="0" * 64)
    BEHIND[name](tmp_path / f"{order.x}.npy")
    BEHIND[name](tmp_path / f"{unknown.x}.npy")
    intake = Intake(tmp_path, store, StoreAllowance(store.max_bytes))
    assert intake.shared(order, ())[2] == [], "the store has it"
    assert intake.shared(unknown, ())[2] == [unknown.x]


# --- answers ----------------------------------------------------------------------------------------------------------


def test_answers_that_nobody_reads_do_not_pile_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainings: Any = SimpleNamespace(store=Trajectories(str(tmp_path / "store")), abandon=lambda: None, budget=Budget())
    trainings.for_submission = lambda _submission: trainings
    desk = TrainingDesk(tmp_path, trainings)
    monkeypatch.setattr(desk, "answer", lambda _line: ({}, [np.zeros(1_000_000, np.uint8)]))

    async def ask_and_read_nothing() -> list[int]:
        await desk.open()
        unread, asking = [], []
        for _ in range(8):
            reader, writer = await asyncio.open_unix_connection(tmp_path / SOCKET, limit=1)
            asking.append(writer)
            writer.write(b"{}\n")
            await reader.read(1)  # the answer begins
            unread.append(sum(each.transport.get_write_buffer_size() for each in desk._connections))
        for writer in asking:
            writer.transport.abort()
        await desk.close()
        return unread

    assert max(asyncio.run(ask_and_read_nothing())) <= 1_000_000


# --- the watchdog -----------------------------------------------------------------------------------------------------

SWELLS = "import time\nx = []\nwhile True: x.append(bytearray(b'x') * 5_000_000); time.sleep(0.02)"


def test_a_kernel_is_watched_while_its_evidence_is_read(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", SWELLS])
    watchdog = Watchdog(Limits(memory_mb=100), (tmp_path,), lambda: process.pid)

    async def read_evidence() -> None:
        watchdog.start()
        process.wait(timeout=30)  # nothing else of this loop goes on meanwhile

    try:
        asyncio.run(read_evidence())
        assert watchdog.exceeded is not None
        assert watchdog.peak_memory_mb < 1_000
    finally:
        watchdog.close()
        process.kill()
        process.wait()


def test_a_look_that_fails_is_not_the_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looks = iter([OSError("once"), None])
    watchdog = Watchdog(Limits(), (tmp_path,), lambda: None)

    def look() -> Any:
        found = next(looks, "too much")
        if isinstance(found, OSError):
            raise found
        return found

    monkeypatch.setattr("grader.execution.watchdog.INTERVAL", 0.01)
    monkeypatch.setattr(watchdog, "_look", look)
    watchdog.start()
    assert wait_until(lambda: watchdog.exceeded) == "too much"
    watchdog.close()
