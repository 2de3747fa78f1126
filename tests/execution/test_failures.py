"""What of a cell goes on after a statement of it has failed, and what never does."""

from __future__ import annotations

import ast
import errno

import pytest

from grader.execution.exchange import WireFailed
from grader.execution.failures import MOST_FAILURES, Parts, Where, may_go_on, rest_of
from grader.execution.names import known_from
from grader.records import Cell, Output, Raised

IMPORTS = "import numpy as np\nimport tensorflow as tf\nimport matplotlib.pyplot as plt"
ABSENT = Raised("ModuleNotFoundError", "No module named 'x'", ("ModuleNotFoundError", "ImportError", "Exception"))


def kept(source: str, line: int, column: int = 0, earlier: tuple[str, ...] = ()) -> list[str]:
    """The lines that go on."""
    rest = rest_of(source, Where(line, column), known_from(map(ast.parse, earlier)))
    assert rest is not None
    return [line for line in rest.source.split("\n") if line not in ("#", "")]


@pytest.mark.parametrize(
    ("source", "line", "goes_on"),
    [
        pytest.param(f"%matplotlib widget\n{IMPORTS}", 1, IMPORTS.split("\n"), id="a-widget"),
        pytest.param(f"\n\n%matplotlib widget\n{IMPORTS}", 1, IMPORTS.split("\n"), id="below-blank-lines"),
        pytest.param(f"%load_ext tensorboard\n!ls\n{IMPORTS}", 1,
                     ["get_ipython().system('ls')", *IMPORTS.split("\n")], id="an-extension"),
        pytest.param(f"import os\nos.chdir('/drive')\n{IMPORTS}\nprint(os.getcwd())", 2,
                     [*IMPORTS.split("\n"), "print(os.getcwd())"], id="a-folder"),
        pytest.param("import tensorflow as tf\nassert tf.config.list_physical_devices('GPU'), 'no GPU'\nx = tf.ones(3)",
                     2, ["x = tf.ones(3)"], id="an-assertion"),
        pytest.param("if not gpu:\n    raise SystemError('no GPU')\nx = 1", 2, ["x = 1"], id="raised-on-purpose"),
        pytest.param("import seaborn as sns\nsns.set()\nimport numpy as np", 1, ["import numpy as np"],
                     id="an-absent-package-and-what-uses-it"),
        pytest.param("units = int(ask())\nmodel = build(units)\nepochs = 10", 1, ["epochs = 10"], id="what-it-assigns"),
        pytest.param("a = b = f()\nc = a + 1\nd = c\ne = 2", 1, ["e = 2"], id="and-what-follows-from-that"),
        pytest.param("model.load_weights('w')\nmodel.fit(x)\nother.fit(x)", 1, ["other.fit(x)"],
                     id="what-it-calls-a-method-on"),
        pytest.param("x[0] = f()\nprint(x)\ny.z = 1\nprint(z)", 1, ["y.z = 1", "print(z)"], id="what-it-changes"),
        pytest.param("model.layers[0].trainable = f()\nmodel.fit(x)\nn = 1", 1, ["n = 1"], id="a-part-of-a-part"),
        pytest.param("model.get_layer(0).set_weights(w)\nmodel.fit(x)\nn = 1", 1, ["n = 1"], id="through-a-call"),
        pytest.param("import os; os.chdir('/x'); import numpy as np", 1, ["import numpy as np"], id="on-one-line"),
        pytest.param("f(\n  1,\n  2)\nx = '''a\n b'''\n", 2, ["x = '''a", " b'''"], id="statements-of-many-lines"),
        pytest.param("with open('x') as f:\n    text = f.read()\nprint(text)\nx = [text for text in 'ab']", 1,
                     ["x = [text for text in 'ab']"], id="a-block-and-a-name-of-a-comprehension"),
        pytest.param("import pandas as pd\ndef show(t):\n    return pd.DataFrame(t)\nshow(1)\nclass A:\n    pass", 1,
                     ["def show(t):", "    return pd.DataFrame(t)", "class A:", "    pass"],
                     id="a-function-is-defined-and-not-called"),
    ],
)  # fmt: skip
def test_what_has_nothing_to_do_with_it_goes_on(source: str, line: int, goes_on: list[str]) -> None:
    column = source.index("os.chdir") if ";" in source else 0
    assert kept(source, line, column) == goes_on


@pytest.mark.parametrize(
    ("failed", "goes_on"),
    [
        pytest.param("tf.keras.utils.plot_model(model)", True, id="a-function-of-a-library-is-given-the-network"),
        pytest.param("train(model)", False, id="a-function-of-their-own-is-given-it"),
        pytest.param("go()", False, id="a-function-of-their-own-names-it"),
        pytest.param("outer()", False, id="a-function-calls-that-function"),
        pytest.param("print(model.summary())", False, id="a-method-of-it-is-called"),
        pytest.param("plt.rcParams['x'] = 1", True, id="settings-of-a-library"),
    ],
)
def test_a_network_that_may_have_changed_is_not_trained_on(failed: str, goes_on: bool) -> None:
    before = (
        "from tensorflow import keras\nimport tensorflow as tf\nimport matplotlib.pyplot as plt",
        "def go(n=1):\n    global model\n    model = 1\ndef outer():\n    go()\ndef train(m):\n    m.fit(x)",
    )
    assert kept(f"{failed}\nmodel.fit(x)", 1, earlier=before) == (["model.fit(x)"] if goes_on else [])


def test_settings_of_a_library_are_named_exactly() -> None:
    source = "import matplotlib.pyplot as plt\nplt.rcParams['x'] = f()\nplt.plot(x)\nprint(plt.rcParams)"
    assert kept(source, 2) == ["plt.plot(x)"]


def test_the_failed_line_is_told_as_it_was_written() -> None:
    rest = rest_of("\n%matplotlib widget\nx = 1", Where(1))
    assert rest is not None
    assert rest.failed == "%matplotlib widget"


@pytest.mark.parametrize("source", ["def f(:", "x = 1\n" * 60_000, "-" * 3_000 + "1", "%%html\n<p>", ""])
def test_what_cannot_be_read_does_not_go_on(source: str) -> None:
    rest = rest_of(source, Where(1))
    assert rest is None or not rest.source


@pytest.mark.parametrize(
    ("name", "names", "number", "goes_on"),
    [
        pytest.param("UsageError", ("UsageError", "Exception"), None, True, id="a-magic"),
        pytest.param("NoGPU", ("NoGPU", "Exception"), None, True, id="an-error-of-their-own"),
        pytest.param(
            "FileNotFoundError", ("FileNotFoundError", "OSError", "Exception"), errno.ENOENT, True, id="no-folder"
        ),
        pytest.param("SystemExit", ("SystemExit",), None, False, id="an-exit"),
        pytest.param("KeyboardInterrupt", ("KeyboardInterrupt",), None, False, id="an-interrupt"),
        pytest.param("Mine", ("Mine", "KeyboardInterrupt"), None, False, id="one-that-is-an-interrupt"),
        pytest.param("Mine", ("Mine",), None, False, id="none-that-except-would-catch"),
        pytest.param("MemoryError", ("MemoryError", "Exception"), None, False, id="memory"),
        pytest.param("EOFError", ("EOFError", "Exception"), None, False, id="asked-too-often"),
        pytest.param("OSError", ("OSError", "Exception"), errno.EROFS, False, id="refused-to-write"),
        pytest.param("OSError", ("OSError", "Exception"), errno.ENOSPC, False, id="no-space"),
        pytest.param("PermissionError", ("PermissionError", "OSError", "Exception"), errno.EPERM, False, id="refused"),
    ],
)
def test_limits_exits_interrupts_and_refusals_end_a_cell(
    name: str, names: tuple[str, ...], number: int | None, goes_on: bool
) -> None:
    assert may_go_on(Raised(name, "", names), Where(1, errno=number)) is goes_on


def parts(source: str, *outputs: Output) -> Parts:
    return Parts(Cell(0, "code", source, outputs), ())


TRACE = "Traceback (most recent call last)\n<ipython-input-3> in <module>\n      1 x = 1\n----> 2 model.fit(a)\n"


@pytest.mark.parametrize(
    ("raised", "saved", "goes_on"),
    [
        pytest.param("ValueError", Output("error", "", "ValueError"), False, id="the-same"),
        pytest.param("ImportError", Output("error", "", "ModuleNotFoundError"), False, id="by-its-newer-name"),
        pytest.param("ValueError", Output("error", ""), False, id="saved-without-a-name"),
        pytest.param(
            "ValueError", Output("error", TRACE, "InvalidArgumentError"), False, id="another-at-the-same-line"
        ),
        pytest.param("UsageError", Output("stream", "UsageError: Line magic", "stderr"), False, id="a-magic's"),
        pytest.param("ValueError", Output("error", "", "KeyError"), True, id="another"),
        pytest.param("ValueError", Output("stream", "ValueError: caught", "stdout"), True, id="only-printed"),
    ],
)
def test_an_error_that_was_saved_stops_its_cell_as_it_did(raised: str, saved: Output, goes_on: bool) -> None:
    running = parts("x = 1\nmodel.fit(a)\ny = 2", saved)
    assert running.go_on(Raised(raised, ""), WireFailed(name=raised, names=[raised, "Exception"], line=2)) is goes_on
    assert running.failures[0].went_on is goes_on
    assert ("y" in running.failures[0].lacking) is not goes_on


def test_a_cell_goes_on_after_each_failure_and_not_for_ever() -> None:
    running = parts("a()\n" * 100)
    number = 1
    while running.go_on(ABSENT, WireFailed(name=ABSENT.name, names=list(ABSENT.names), line=number)):
        number += 1
        assert running.source.split("\n")[number - 1] == "a()"
    assert number == len(running.failures) == MOST_FAILURES


def test_without_a_word_of_the_recorder_nothing_goes_on() -> None:
    running = parts("import x\ny = 1")
    assert not running.go_on(ABSENT, None)
    assert not running.go_on(ABSENT, WireFailed(name="Other", names=["Exception"], line=1))
    assert running.failures[0].lacking == ("x", "y")
