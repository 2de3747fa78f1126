"""Whatever stands in a notebook, a rubric or a message: read, or refused in one line. No crash, hang or endless memory."""

from __future__ import annotations

import copy
import hashlib
import io
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shipped import RUBRIC

from grader.errors import RubricError, SubmissionError
from grader.execution.assembly import Assembler
from grader.execution.desk import TrainingDesk
from grader.execution.exchange import ExchangeReader
from grader.rubric.loading import load_rubric
from grader.submission import parse_submission, read_assignment
from grader.training.service import Trainings
from grader.training.trajectories import Trajectories

ASSIGNMENT = read_assignment(RUBRIC.assignment_paths)
NOTEBOOK = json.loads((ROOT / "reference" / "solution.ipynb").read_text(encoding="utf-8"))

fuzz = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from([10**30, -1, 1e308, "\ud800", "code", "../x", "0" * 64]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


def spots(node: Any) -> list[tuple[Any, Any]]:
    """Every place in a document that something else can stand in."""
    keys = list(node) if isinstance(node, dict) else list(range(len(node))) if isinstance(node, list) else []
    return [(node, key) for key in keys] + [spot for key in keys for spot in spots(node[key])]


def mutated(data: st.DataObject, document: Any) -> Any:
    """The document with some of its parts replaced by anything, by another of its parts, or gone."""
    changed = copy.deepcopy(document)
    for _ in range(data.draw(st.integers(1, 4))):
        places = spots(changed)
        if not places:
            break
        parent, key = data.draw(st.sampled_from(places))
        match data.draw(st.sampled_from(["anything", "another", "gone"])):
            case "anything":
                parent[key] = data.draw(ANYTHING)
            case "another":
                other, place = data.draw(st.sampled_from(places))
                parent[key] = copy.deepcopy(other[place])
            case "gone":
                del parent[key]
    return changed


def damaged(data: st.DataObject, content: bytes) -> bytes:
    """Bytes with some cut out, repeated, or replaced."""
    changed = bytearray(content)
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(changed)))
        stop = min(len(changed), start + data.draw(st.integers(0, 40)))
        piece = data.draw(st.binary(max_size=8) | st.just(bytes(changed[start:stop]) * 3))
        changed[start:stop] = piece
    return bytes(changed)


# --- notebooks --------------------------------------------------------------------------------------------------------


def read(raw: bytes) -> None:
    try:
        parse_submission(raw, Path("x.ipynb"), "x", RUBRIC, ASSIGNMENT)
        return
    except SubmissionError as error:
        said = str(error)
    assert re.fullmatch(r"x\.ipynb: .* Received: .*", said)


@fuzz
@given(data=st.data())
def test_a_changed_notebook_is_read_or_refused(data: st.DataObject) -> None:
    read(json.dumps(mutated(data, NOTEBOOK)).encode("utf-8", "surrogatepass"))


@fuzz
@given(data=st.data())
def test_a_damaged_notebook_is_read_or_refused(data: st.DataObject) -> None:
    read(damaged(data, json.dumps(NOTEBOOK).encode()))


@fuzz
@given(document=ANYTHING, raw=st.binary(max_size=200))
def test_anything_is_read_or_refused(document: Any, raw: bytes) -> None:
    read(json.dumps(document).encode("utf-8", "surrogatepass"))
    read(raw)


# --- rubrics ----------------------------------------------------------------------------------------------------------

SMALL_RUBRIC = """\
title: {en: Trial}
language: en
points: 3
review_below: 0.7
classes: [[camiseta, T-shirt], [pantalón, Trouser], [c], [d], [e], [f], [g], [h], [i], [j]]
limits: {seconds_per_cell: 60, memory_mb: 2000}
questions:
  - id: "1"
    title: {en: A network}
    prompt: Definir una red.
    points: 1.5
    training: {hidden: [128], epochs: 10, vectorised: true, own_callback: false}
    criteria:
      - {check: hidden_layers, points: 1.5, units: [128], title: {en: The hidden layer}}
  - id: "1b"
    title: {en: A larger one}
    prompt: Con otra.
    points: 0.5
    training: {hidden: [512]}
    criteria:
      - {check: network_trained, points: 0.5, like: "1", units: [512]}
  - id: "2"
    title: {en: Words}
    prompt: Explicar.
    points: 1
    criteria:
      - {check: concept, points: 0.5, words: {LOSS: [loss, perdida]}, ways: [LOSS & sube|aumenta, a + b], against: [no]}
      - {check: predicted_class, points: 0.5, models_of: ["1"]}
"""


def load(path: Path, raw: bytes) -> None:
    path.write_bytes(raw)
    try:
        load_rubric(path)
        return
    except RubricError as error:
        said = str(error)
    assert re.match(rf"{re.escape(str(path))}:\d+: .+ Received: ", said, re.DOTALL), said
    assert len(said) < 20_000


def test_the_small_rubric_is_valid(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text(SMALL_RUBRIC)
    assert load_rubric(tmp_path / "x.yaml").points == 3


@fuzz
@given(data=st.data())
def test_a_damaged_rubric_is_valid_or_refused_with_its_line(data: st.DataObject, tmp_path: Path) -> None:
    load(tmp_path / "x.yaml", damaged(data, SMALL_RUBRIC.encode()))


YAML_WORDS = st.sampled_from(
    [
        "null",
        ".nan",
        ".inf",
        "-1",
        "0",
        "1e999",
        "~",
        "[]",
        "{}",
        "*a",
        "yes",
        "'",
        "---",
        "...",
        ">-",
        "é",
        "concept",
        "hidden_layers",
        "0x10",
        "0o7",
        "1_000",
        "2024-01-01",
        "&a [*a]",
        "!!python/name:os.system",
        "!!set {a}",
        "!!binary aGk=",
        "<<: *a",
        "? [a]",
        "%YAML 9",
        '"1"',
        "{1: 2}",
        "\t",
        "|",
        "[" * 3_000,
        "{a: " * 500,
        "9" * 5_000,
    ]
)


@fuzz
@given(data=st.data())
def test_a_changed_rubric_is_valid_or_refused_with_its_line(data: st.DataObject, tmp_path: Path) -> None:
    words = re.split(r"(\s+|[\[\]{},:])", SMALL_RUBRIC)
    for _ in range(data.draw(st.integers(1, 3))):
        words[data.draw(st.integers(0, len(words) - 1))] = data.draw(YAML_WORDS)
    load(tmp_path / "x.yaml", "".join(words).encode())


LAUGHS = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 30))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param(LAUGHS + SMALL_RUBRIC, "at most 200000 values", id="aliases of aliases"),
        pytest.param(
            "x: &x [" + "a, " * 10_000 + "]\n" + SMALL_RUBRIC.replace("[camiseta, T-shirt]", ", ".join(["*x"] * 1_000)),
            "at most 200000 values",
            id="one alias used often",
        ),
        pytest.param("x: &x {y: *x}\n" + SMALL_RUBRIC, "at most 200000 values", id="an alias of itself"),
        pytest.param("title: " + "[" * 100_000, "x.yaml:1: brackets may stand 50 deep", id="brackets"),
        pytest.param("\n".join(" " * n + "a:" for n in range(900)), "valid YAML", id="depth"),
        pytest.param("# " + "x" * 3_000_000, "at most 500000 bytes", id="length"),
        pytest.param(
            SMALL_RUBRIC.replace("[loss, perdida]", "[" + ", ".join("abcdefghijklmnopqrst") + "]").replace("LOSS & sube", "LOSS LOSS LOSS LOSS"),
            "at most 20000 sequences",
            id="a way of many words",
        ),
        pytest.param(SMALL_RUBRIC.replace("points: 3", "points: .inf"), "finite", id="endless points"),
    ],
)  # fmt: skip
def test_a_bomb_is_refused(text: str, says: str, tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    with pytest.raises(RubricError, match=says):
        load_rubric(path)


# --- messages ---------------------------------------------------------------------------------------------------------


def save(folder: Path, array: np.ndarray) -> str:
    digest = hashlib.sha256(str((array.dtype.str, array.shape)).encode() + array.tobytes()).hexdigest()
    np.save(folder / f"{digest}.npy", array)
    return digest


ARRAYS = [
    np.array(3.0),
    np.zeros(0, np.float32),
    np.zeros((0, 5)),
    np.full((4, 4), np.nan),
    np.ones((2, 3, 4), np.int8),
    np.array([np.inf, -np.inf]),
    np.ones(10, bool),
    np.ones((28, 28), np.float32),
    np.ones((784, 4), np.float32),
    np.ones(4, np.float32),
]


def messages(digests: list[str]) -> list[dict[str, Any]]:
    """One message of each kind, with every part that it can have."""
    layer = {"names": ["Dense", "Layer"], "config": {"units": 4, "activation": "sigmoid"}, "weights": digests[-2:],
             "activation": "sigmoid", "probe": [0.5, 0.1], "input": digests[7], "output": digests[9]}  # fmt: skip
    network = {"layers": [layer, layer], "trace": {"input": digests[7], "output": digests[9], "calls": [layer]},
               "input_shape": [None, 28, 28], "output_shape": [None, 4], "weights": digests[-2:]}  # fmt: skip
    rows = {
        "shape": [60, 28, 28],
        "dtype": "float32",
        "sha256": "ab",
        "rows": [1, 2],
        "sample": digests[4],
        "batch_size": 4,
    }
    callback = {
        "id": "c",
        "name": "C",
        "names": ["Callback"],
        "is_callback": True,
        "own": True,
        "hooks": ["on_epoch_end"],
    }
    compiled = {"optimizer": ["Adam"], "loss": "mse", "metrics": ["accuracy"], "learning_rate": 0.1}
    raised = {"name": "ValueError", "message": "x", "names": ["Exception"]}
    return [
        {"kind": "fit", "model": "m", "network": network, "compiled": compiled, "x": rows, "y": rows, "callbacks": [callback],
         "batch_size": 64, "epochs_asked": 2, "epochs": 2, "steps": 20, "logs": [{"loss": 1.0}], "raised": raised,
         "training": 0, "answered": 2},
        {"kind": "evaluate", "model": "m", "network": network, "x": rows, "y": rows, "result": [0.1], "output": digests[3]},
        {"kind": "built", "model": "m", "network": network, "compiled": compiled, "loop_steps": 3},
        {"kind": "callback", **callback},
        {"kind": "reply", "nonce": "n", "reply": {"a": [1]}},
        {"kind": "fault", "where": "w", "error": "e"},
    ]  # fmt: skip


def take_in(folder: Path, content: bytes) -> None:
    (folder / "events.jsonl").write_bytes(content)
    reader = ExchangeReader(folder)
    assembler = Assembler(reader)
    for event in reader.new_events():
        assembler.add(event, 0)
    assert all(len(reason) < 400 for reason in reader.refused)


def test_the_messages_follow_the_protocol(tmp_path: Path) -> None:
    reader = ExchangeReader(tmp_path)
    lines = [json.dumps(message) for message in messages([save(tmp_path, array) for array in ARRAYS])]
    (tmp_path / "events.jsonl").write_text("\n".join(lines) + "\n")
    assert len(list(reader.new_events())) == len(lines)
    assert not reader.refused


@fuzz
@given(data=st.data())
def test_a_changed_message_is_taken_in_or_refused(data: st.DataObject, tmp_path: Path) -> None:
    digests = data.draw(st.permutations([save(tmp_path, array) for array in ARRAYS]))
    message = mutated(data, data.draw(st.sampled_from(messages(digests))))
    take_in(tmp_path, json.dumps(message).encode() + b"\n")


@fuzz
@given(data=st.data())
def test_a_damaged_message_is_taken_in_or_refused(data: st.DataObject, tmp_path: Path) -> None:
    lines = [json.dumps(message).encode() + b"\n" for message in messages(["0" * 64] * 10)]
    take_in(tmp_path, damaged(data, b"".join(lines)))


@fuzz
@given(data=st.data())
def test_a_damaged_array_is_read_or_refused(data: st.DataObject, tmp_path: Path) -> None:
    buffer = io.BytesIO()
    np.save(buffer, data.draw(st.sampled_from(ARRAYS)))
    (tmp_path / f"{'1' * 64}.npy").write_bytes(damaged(data, buffer.getvalue()))
    reader = ExchangeReader(tmp_path)
    assert reader.array("1" * 64) is None, "no damage matches the digest"
    assert len(reader.refused) == 1


@pytest.mark.parametrize(
    ("shape", "dtype"),
    [
        ((10**14,), "<f8"),
        ((2**62, 4), "<f8"),
        ((-1, -8), "<f4"),
        ((10**6, 10**6), "<U0"),
        ((2**31, 2**31, 2**31), "|V0"),
    ],
    ids=str,
)
def test_a_header_that_promises_too_much_is_refused_before_room_is_made(
    shape: tuple[int, ...], dtype: str, tmp_path: Path
) -> None:
    header = str({"descr": dtype, "fortran_order": False, "shape": shape}).encode().ljust(117) + b"\n"
    content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(64)
    (tmp_path / f"{'1' * 64}.npy").write_bytes(content)
    reader = ExchangeReader(tmp_path)
    assert reader.array("1" * 64) is None
    assert "an array must" in reader.refused[0]


QUESTION = {
    "op": "fit",
    "layers": [{"name": "Flatten", "config": {}}, {"name": "Dense", "config": {"units": 10, "activation": "softmax"}}],
    "input_shape": [28, 28],
    "optimizer": {"name": "Adam", "config": {"learning_rate": 0.001}},
    "loss": {"name": "SparseCategoricalCrossentropy", "config": {}},
    "metrics": [{"name": "SparseCategoricalAccuracy", "config": {}}],
    "x": "a" * 64,
    "y": "b" * 64,
    "class_weight": [[0, 1.5]],
    "batch_size": 64,
    "weights": [0, 1],
}  # fmt: skip


@fuzz
@given(data=st.data())
def test_a_question_to_the_trainer_is_answered_whatever_it_says(data: st.DataObject, tmp_path: Path) -> None:
    """The store is empty, so that no question gets as far as training."""
    desk = TrainingDesk(tmp_path, Trainings(Trajectories(str(tmp_path / "store")), tmp_path / "none" / "s"))
    changed = mutated(
        data, QUESTION | {"op": data.draw(st.sampled_from(["fit", "epoch", "state", "evaluate", "predict"]))}
    )
    for line in (json.dumps(changed).encode(), damaged(data, json.dumps(QUESTION).encode())):
        answer, arrays = desk.answer(line)
        assert set(answer) in ({"kernel"}, {"need"})
        assert not arrays
        assert answer.get("kernel") != "the trainer failed"
