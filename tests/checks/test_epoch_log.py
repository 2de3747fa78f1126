"""Logs as they stand in students' saved outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from made_evidence import NETWORK, cells, context
from shipped import RUBRIC

from grader.checks.epoch_log import ACCURACY, check_epoch_log, covers, finished_bars, plain, read_log
from grader.records import Callback, Evidence, Finding, Output, Place, Training, Transcript
from grader.training.data import DataSet, load_data

KERAS_2 = "".join(
    f"Epoch {n}/3\n938/938 [==============================] - 3s 3ms/step - loss: 0.5957 - accuracy: 0.8008\n"
    for n in (1, 2, 3)
)
KERAS_3 = "".join(
    f"Epoch {n}/3\n\x1b[1m  1/938\x1b[0m ━━━ 5:13 335ms/step - accuracy: 0.1 - loss: 2.3\x08\x08\x08\x08\r"
    f"938/938 ━━━━━━━━━━━━━━━━━━━━ 2s 2ms/step - accuracy: 0.72{n} - loss: 0.91\n"
    for n in (1, 2, 3)
)
LINES = "".join(
    f"Epoch {n}/3\n938/938 - 2s - 2ms/step - accuracy: 0.8 - loss: 0.5 - val_loss: 0.6\n" for n in (1, 2, 3)
)
HISTORY = "{'loss': [0.6, 0.5, 0.4], 'acc': [0.8, 0.85, 0.86], 'val_loss': [0.6, 0.5, 0.5]}"
TABLE = "   accuracy      loss\n0    0.7900    0.6500\n1    0.8400    0.4500\n2    0.8600    0.4000\n"
SPANISH = "".join(f"Época {n}: pérdida = 0,45 - exactitud = 0,81\n" for n in (1, 2, 3))
FROM_ZERO = "".join(f"epoch {n} loss 0.45 accuracy 0.81\n" for n in (0, 1, 2))

COMPLETE: Mapping[str, list[Output]] = {
    "Keras 2 bars": [Output("stream", KERAS_2, "stdout")],
    "Keras 3 bars with carriage returns": [Output("stream", KERAS_3, "stdout")],
    "one line an epoch": [Output("stream", LINES, "stdout")],
    "a printed history": [Output("stream", HISTORY, "stdout")],
    "a history as result": [Output("data", HISTORY)],
    "a table": [Output("data", TABLE)],
    "a student's own lines, in Spanish": [Output("stream", SPANISH, "stdout")],
    "counted from zero": [Output("stream", FROM_ZERO, "stdout")],
    "split by a warning": [
        Output("stream", KERAS_2[:130], "stdout"),
        Output("stream", "WARNING: something\n", "stderr"),
        Output("stream", KERAS_2[130:], "stdout"),
    ],
    "after a failed try": [Output("stream", "Epoch 1/3\n" + KERAS_2, "stdout")],
    "two trainings, one after the other": [Output("stream", KERAS_2 + KERAS_2.replace("/3\n", "/3 \n"), "stdout")],
    "lines with a counter": [Output("stream", "".join(f"[{n}/3] loss=0.45 acc=0.81\n" for n in (1, 2, 3)), "stdout")],
    "tqdm": [
        Output(
            "stream", "".join(f"\r{n}/3 [00:03<00:30, 3.4s/epoch, loss=0.5, accuracy=0.8]" for n in (1, 2, 3)), "stderr"
        )
    ],
    "a table with rules": [
        Output(
            "data",
            "|   |  loss | accuracy |\n|--:|:-----:|:--------:|\n| 0 | 0.5 | 0.8 |\n| 1 | 0.4 | 0.8 |\n| 2 | 0.4 | 0.9 |",
        )
    ],
    "lines of a CSV file": [Output("stream", "epoch,accuracy,loss\n0,0.8,0.5\n1,0.8,0.4\n2,0.9,0.3\n", "stdout")],
    "lists of NumPy's numbers": [
        Output("stream", "[np.float64(0.6), np.float64(0.5), np.float64(0.4)]\n[0.8, 0.85, 0.86]\n", "stdout")
    ],
    "two bare lists": [Output("stream", "[0.6, 0.5, 0.4]\n[0.8, 0.85, 0.86]\n", "stdout")],
}

INCOMPLETE: Mapping[str, list[Output]] = {
    "nothing": [],
    "no accuracy": [Output("stream", KERAS_2.replace(" - accuracy: 0.8008", ""), "stdout")],
    "no loss": [Output("stream", KERAS_2.replace("loss: 0.5957 - ", ""), "stdout")],
    "only validation": [
        Output("stream", KERAS_2.replace("loss", "val_loss").replace("accuracy", "val_accuracy"), "stdout")
    ],
    "two of three": [Output("stream", KERAS_2[: KERAS_2.index("Epoch 3")], "stdout")],
    "another length": [Output("stream", LINES + "Epoch 4/4\n1/1 - accuracy: 0.8 - loss: 0.5\n", "stdout")],
    "an error": [Output("error", KERAS_2, "ValueError", "x")],
    "only the result object": [Output("data", "<keras.src.callbacks.history.History at 0x7f>")],
    "steps of one epoch": [
        Output("stream", "".join(f"{n}/3 [=====>.....] - loss: 0.5 - accuracy: 0.8\n" for n in (1, 2, 3)), "stdout")
    ],
    "a counter that stops early": [Output("stream", "1/3 loss=0.5 acc=0.8\n2/3 loss=0.5 acc=0.8\n", "stdout")],
    "a vector of predictions": [Output("stream", "[1.2e-05 3.1e-07 9.9e-01]", "stdout")],
}


@pytest.mark.parametrize("name", COMPLETE)
def test_complete_log_is_recognised(name: str) -> None:
    assert any(covers(run, 3) for run in read_log(COMPLETE[name])), read_log(COMPLETE[name])


@pytest.mark.parametrize("name", INCOMPLETE)
def test_incomplete_log_is_not(name: str) -> None:
    assert not any(covers(run, 3) for run in read_log(INCOMPLETE[name])), read_log(INCOMPLETE[name])


def test_bars_of_single_epochs_are_counted() -> None:
    """``fit(epochs=1)`` ten times: Keras says no "Epoch 1/1"."""
    lines = "938/938 - 2s - 2ms/step - accuracy: 0.8 - loss: 0.5\n" * 3 + "938/938 - 2s - 2ms/step - loss: 0.5\n"
    bars = "".join(f" {n}/938 ━━━ 5:13 335ms/step - accuracy: 0.1 - loss: 2.3\r" for n in (1, 500, 938))
    assert finished_bars([Output("stream", lines, "stdout"), Output("stream", bars + "\n", "stdout")]) == 4


def test_a_huge_output_is_read_in_time() -> None:
    text = "x\x08" * 200_000 + "\r" * 100_000 + KERAS_2 * 300
    assert read_log([Output("stream", text, "stdout")])


# --- a training that a callback may end -------------------------------------------------------------------------------

EARLY = Callback("k", "EarlyStopping", ("EarlyStopping", "Callback"))
STOPS = Callback("s", "Parar", ("Parar*", "Callback"), own=True, transcripts=(Transcript("falling", (0.5,), 1),))
PRINTS = Callback("p", "Reloj", ("Reloj*", "Callback"), own=True, transcripts=(Transcript("falling", (0.5,), None),))


def log_of(epochs: int, total: int) -> str:
    return "".join(f"Epoch {n}/{total}\n938/938 - 2s - accuracy: 0.8 - loss: 0.5\n" for n in range(1, epochs + 1))


def judged(data: DataSet, saved: dict[int, Output], *callbacks: Callback, ran: int = 4, asked: int = 10) -> Finding:
    """Question 1, whose training in cell 1 ran today for so many epochs."""
    training = Training(0, 1, "m", NETWORK, epochs=ran, epochs_asked=asked, callbacks=callbacks)
    at = context("1", RUBRIC, data, Evidence({}, (training,)), cells=cells(saved), answer=training)
    at = replace(at, submission=replace(at.submission, places={"1": Place("1", (1, 2))}))
    criterion = next(item for item in at.question.criteria if item.id == "epoch_log")
    return check_epoch_log(criterion, at)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def data(data_slice: Path) -> DataSet:
    return load_data(data_slice)


@pytest.mark.parametrize("shown", [3, 4, 7, 10])
@pytest.mark.parametrize("stopper", [EARLY, STOPS], ids=["Keras's own", "the student's"])
def test_where_a_callback_may_stop_the_saved_log_may_have_other_epochs(
    shown: int, stopper: Callback, data: DataSet
) -> None:
    found = judged(data, {1: Output("stream", log_of(shown, 10), "stdout")}, stopper)
    assert found.status == "passed"
    assert found.message.values["epochs"] == shown


NOT_ITS_LOG: Mapping[str, tuple[str, str, tuple[Callback, ...]]] = {
    "nothing stops it": (log_of(7, 10), "stream", ()),
    "a callback that only prints": (log_of(7, 10), "stream", (PRINTS,)),
    "more epochs than fit was given": (log_of(12, 12), "stream", (EARLY,)),
    "the log of another call": (log_of(7, 20), "stream", (EARLY,)),
    "an epoch is missing": (log_of(7, 10).replace("Epoch 3/10", "Epoch 4/10"), "stream", (EARLY,)),
    "the last epoch is not whole": (log_of(7, 10) + "Epoch 8/10\n100/938 ...", "stream", (EARLY,)),
    "it was broken off": (log_of(7, 10), "error", (EARLY,)),
}


@pytest.mark.parametrize(("text", "kind", "callbacks"), NOT_ITS_LOG.values(), ids=NOT_ITS_LOG)
def test_any_other_log_is_not_this_codes(text: str, kind: str, callbacks: tuple[Callback, ...], data: DataSet) -> None:
    saved = [Output("stream", text, "stdout"), *([Output("error", "", "KeyboardInterrupt")] if kind == "error" else [])]
    training = Training(0, 1, "m", NETWORK, epochs=4, epochs_asked=10, callbacks=callbacks)
    shown = tuple(replace(cell, outputs=tuple(saved)) if cell.index == 1 else cell for cell in cells())
    at = context("1", RUBRIC, data, Evidence({}, (training,)), cells=shown, answer=training)
    criterion = next(item for item in at.question.criteria if item.id == "epoch_log")
    assert check_epoch_log(criterion, at).status == "failed"  # type: ignore[arg-type]


def test_a_log_of_cells_that_train_nothing_today_has_its_own_epochs(data: DataSet) -> None:
    saved = {1: Output("stream", log_of(10, 10), "stdout")}
    broken = [Training(number, 1, "m", NETWORK, epochs=0, epochs_asked=10) for number in (0, 1)]
    at = context("1", RUBRIC, data, Evidence({}, tuple(broken)), cells=cells(saved), answer=broken[-1])
    at = replace(at, submission=replace(at.submission, places={"1": Place("1", (1, 2))}))
    criterion = next(item for item in at.question.criteria if item.id == "epoch_log")
    found = check_epoch_log(criterion, at)  # type: ignore[arg-type]
    assert (found.status, found.message.values["epochs"]) == ("passed", 10)


def test_a_message_quotes_the_log_of_its_own_cell(data: DataSet) -> None:
    """The next cell of the place shows more epochs."""
    saved = {1: Output("stream", log_of(3, 10), "stdout"), 2: Output("stream", log_of(15, 15), "stdout")}
    found = judged(data, saved, ran=10)
    assert (found.status, found.message.values["shown"]) == ("failed", 3)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        pytest.param("   loss  test_acc\n3  0.22  0.91\n", [], id="a table's head before a row's number"),
        pytest.param("accuracy:\n0.91", ["0.91"], id="the number in the next line, after a colon"),
        pytest.param("accuracy = 0.91", ["0.91"], id="beside it"),
        pytest.param("'accuracy': 0.91", ["0.91"], id="in a dictionary"),
        pytest.param("accuracy de 91%", ["91%"], id="in words"),
    ],
)
def test_an_accuracy_stands_beside_its_name_or_after_a_sign(text: str, found: list[str]) -> None:
    assert [match[1] for match in ACCURACY.finditer(text)] == found


@pytest.mark.parametrize(
    ("text", "left"),
    [
        pytest.param("abc\x08\x08d", "ad", id="two letters back"),
        pytest.param("a\nb\x08\x08\x08c", "a\nc", id="never beyond the line"),
        pytest.param("\x08a", "a", id="at the beginning"),
        pytest.param("ab\x08\x08\x08c\x08d", "d", id="more than there are"),
        pytest.param("a" * 50_000 + "\x08" * 49_999 + " " * 8_000_000, "a" + " " * 8_000_000, id="tens of thousands"),
    ],
)
def test_a_backspace_takes_the_letter_before_it_along(text: str, left: str) -> None:
    """Erasing one pair in each pass over the text took judging its whole time."""
    assert plain(text) == left
