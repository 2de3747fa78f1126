"""The wire: whatever the kernel writes is refused unless it follows the protocol. Nothing is unpickled or followed."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader.errors import ExchangeError
from grader.execution import exchange
from grader.execution.arrays import put_array
from grader.execution.exchange import ExchangeReader, FaultEvent

GOOD = json.dumps({"kind": "fault", "where": "x", "error": "y"})


def write_events(folder: Path, *lines: str) -> None:
    with (folder / "events.jsonl").open("a", encoding="utf-8") as file:
        file.writelines(line + "\n" for line in lines)


def save(folder: Path, array: np.ndarray) -> str:
    digest = hashlib.sha256(str((array.dtype.str, array.shape)).encode() + array.tobytes()).hexdigest()
    np.save(folder / f"{digest}.npy", array)
    return digest


def test_events_are_read_once_and_a_half_written_line_waits(tmp_path: Path) -> None:
    reader = ExchangeReader(tmp_path)
    assert list(reader.new_events()) == []
    write_events(tmp_path, GOOD)
    (tmp_path / "events.jsonl").open("a").write(GOOD[:10])
    assert [type(event) for event in reader.new_events()] == [FaultEvent]
    (tmp_path / "events.jsonl").open("a").write(GOOD[10:] + "\n")
    assert len(list(reader.new_events())) == 1
    assert list(reader.new_events()) == []


@pytest.mark.parametrize(
    "line",
    [
        "not json",
        "[]",
        "null",
        '{"kind": "fit"}',
        '{"kind": "import os"}',
        '{"kind": "fault", "where": "x", "error": 3}',
        '{"kind": "evaluate", "model": "m", "result": ["a"]}',
        '{"kind": "predict", "model": "m", "output": "../../etc/passwd"}',
        "[" * 100_000,
    ],
)
def test_malformed_events_are_refused_and_the_next_one_is_read(line: str, tmp_path: Path) -> None:
    reader = ExchangeReader(tmp_path)
    write_events(tmp_path, line, GOOD)
    assert [type(event) for event in reader.new_events()] == [FaultEvent]
    assert len(reader.refused) == 1


def test_too_many_events_end_the_exchange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "MAX_EVENTS", 5)
    write_events(tmp_path, *[GOOD] * 6)
    with pytest.raises(ExchangeError, match="5 events"):
        list(ExchangeReader(tmp_path).new_events())


def test_an_array_comes_through_unchanged(tmp_path: Path) -> None:
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    found = ExchangeReader(tmp_path).array(save(tmp_path, array))
    assert found is not None
    assert np.array_equal(found, array)


def test_an_array_under_another_digest_is_refused(tmp_path: Path) -> None:
    digest = save(tmp_path, np.zeros(3))
    (tmp_path / f"{digest}.npy").replace(tmp_path / f"{'0' * 64}.npy")
    assert ExchangeReader(tmp_path).array("0" * 64) is None


def test_a_pickle_is_never_loaded(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.system, (f"touch {tmp_path}/exploded",)

    (tmp_path / f"{'1' * 64}.npy").write_bytes(pickle.dumps(Bomb()))
    np.save(tmp_path / f"{'2' * 64}.npy", np.array([Bomb()], dtype=object), allow_pickle=True)
    reader = ExchangeReader(tmp_path)
    assert reader.array("1" * 64) is None
    assert reader.array("2" * 64) is None
    assert not (tmp_path / "exploded").exists()


def test_links_and_pipes_are_not_followed(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(GOOD + "\n")
    folder = tmp_path / "exchange"
    folder.mkdir()
    (folder / "events.jsonl").symlink_to(secret)
    with pytest.raises(ExchangeError, match="regular file"):
        list(ExchangeReader(folder).new_events())
    os.mkfifo(folder / f"{'3' * 64}.npy")
    assert ExchangeReader(folder).array("3" * 64) is None


def test_what_is_handed_over_does_not_follow_a_link_either(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("kept")
    (tmp_path / "ask.npy").symlink_to(victim)
    with pytest.raises(OSError, match="exists"):
        put_array(tmp_path, "ask.npy", np.zeros(2))
    assert victim.read_text() == "kept"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(max_size=20) | st.integers(),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(["kind", "model", "network", "x", "logs", "callbacks", "layers"]), inner)
        ),
        max_leaves=15,
    ),
    st.sampled_from(["fit", "evaluate", "built", "callback", "reply", "fault"]),
)
def test_no_message_makes_the_reader_fail(tmp_path: Path, value: object, kind: str) -> None:
    message = {"kind": kind, "model": "m", **value} if isinstance(value, dict) else value
    write_events(tmp_path, json.dumps(message))
    list(ExchangeReader(tmp_path).new_events())
