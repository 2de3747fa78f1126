"""Running notebooks: what a cell may do, and what each limit does. Every notebook runs in a real sandboxed kernel."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
import pytest
from conftest import ROOT, Grade
from student import cells

from grader.records import CellStatus
from grader.rubric.rubric import Limits

LIMITS = Limits(seconds_per_cell=60)


def test_a_cell_that_raises_does_not_stop_the_notebook(grade: Grade) -> None:
    evidence = grade(
        cells(
            "1 / 0",
            "print('after')",
            "def f(:",
            "print('later')",
            "raise SystemExit",
            "print('last')",
            "# x\n%%time\n1",
        )
    ).evidence
    assert [evidence.runs[i].status for i in range(6)] == ["error", "ok", "error", "ok", "error", "ok"]
    assert evidence.runs[6].status == "error", "a cell magic below a comment: IPython runs nothing of it"
    assert evidence.runs[0].raised is not None
    assert evidence.runs[0].raised.name == "ZeroDivisionError"
    assert evidence.runs[1].text == "after\n"
    assert evidence.cut_short is None


def test_a_line_that_fails_does_not_take_the_rest_of_its_cell_along(grade: Grade) -> None:
    evidence = grade(
        cells(
            "%matplotlib no_such_backend\nimport math",
            "import no_such_package as nsp\nfrom math import no_such_name\nnsp.f()\nx = math.pi",
            "print(x)",
            "import os\nos.chdir('/media/drive'); y = 1\nassert not y, 'no GPU'\nx = 2",
            "print(x, y)",
            "import sys\nsys.exit()\nx = 3",
            "x = 4\nbytearray(10**18)\nx = 5",
            "print(x)",
            "nsp.f()",
        )
    ).evidence
    errors = CellStatus.ERROR
    assert [run.status for run in evidence.runs.values()] == [
        errors,
        errors,
        "ok",
        errors,
        "ok",
        errors,
        errors,
        "ok",
        errors,
    ]
    assert [evidence.runs[index].text.split() for index in (2, 4, 7)] == [["3.141592653589793"], ["2", "1"], ["4"]]
    assert [[failure.line for failure in evidence.runs[index].failures] for index in (0, 1, 3, 5)] == [
        ["%matplotlib no_such_backend"],
        ["import no_such_package as nsp", "from math import no_such_name"],
        ["os.chdir('/media/drive'); y = 1", "assert not y, 'no GPU'"],
        ["sys.exit()"],
    ]
    assert evidence.runs[1].failures[0].lacking == ("nsp",)
    assert evidence.cause_of(8) == 1


def test_what_is_trained_after_a_failure_is_left_to_a_person(grade: Grade) -> None:
    """A student who raises on purpose before an unwelcome line gains nothing by it."""
    evidence = grade(
        cells(
            "import numpy as np, keras\nx, y = np.ones((8, 2)), np.ones(8)",
            "def net():\n    made = keras.Sequential([keras.layers.Dense(1)])\n    made.compile('sgd', 'mse')\n"
            "    return made",
            "first, second = net(), net()\nfirst.fit(x, y, verbose=0)\nraise ValueError('to skip the rest')\n"
            "first.fit(x, y, epochs=2, verbose=0)\nsecond.fit(x, y, verbose=0)",
            "second.fit(x, y, verbose=0)",
        )
    ).evidence
    trainings = [training for training in evidence.trainings if not training.built_only]
    assert [(training.cell, training.epochs, training.provisional is not None) for training in trainings] == [
        (2, 1, False),
        (2, 2, True),
        (2, 1, True),
        (3, 1, False),
    ]


def test_input_gets_what_the_saved_output_shows_or_an_empty_line(grade: Grade) -> None:
    notebook = cells(
        "def ask(text):\n    return input(text)",
        "print([ask('Neuronas: '), ask('\\n¿Nombre? '), ask('Épocas: '), input(), input('Largo: ')])",
        "import getpass\nprint([getpass.getpass()])\nfor _ in range(30):\n    input('more? ')\nx = 1",
        "print('x' in globals())",
    )
    shown = "Neuronas: 128\n¿Nombre? Ana\nÉpocas:\nLargo: " + "x" * 201 + "\n"
    notebook.cells[1].outputs = [nbformat.v4.new_output("stream", name="stdout", text=shown)]
    evidence = grade(notebook).evidence
    assert evidence.runs[1].text.splitlines()[-1] == "['128', 'Ana', '', '', '']"
    raised = evidence.runs[2].raised
    assert raised is not None
    assert raised.name == "EOFError"
    assert evidence.runs[3].text == "False\n", "a cell never goes on after that"
    assert len(evidence.remarks) == 20
    assert evidence.remarks[0].values == {"cell": 2, "prompt": "Neuronas:", "answer": "128"}


def test_what_lies_beside_the_notebook_is_there_also_by_its_platforms_paths(grade: Grade) -> None:
    beside = {
        "mis_redes.py": b"def crear():\n    return 128\n",
        "datos/x.csv": b"1,2\n",
        "numpy.py": b"raise RuntimeError('a module that would stand for an installed one')\n",
    }
    evidence = grade(
        cells(
            "import os\nos.chdir('/content/drive/MyDrive/Master/Practica1')\nprint(os.getcwd())",
            "import numpy\nfrom mis_redes import crear\nprint(crear(), open('datos/x.csv').read())",
            "print(open('/content/datos/x.csv').read(), open('/kaggle/working/datos/x.csv').read())",
            "open('/kaggle/working/salida.txt', 'w').write('x')\nprint(os.path.exists('/home/student/numpy.py'))",
            "import mis_otras_redes",
        ),
        beside=beside,
    ).evidence
    assert [run.status for run in evidence.runs.values()] == [CellStatus.OK] * 4 + [CellStatus.ERROR]
    assert [evidence.runs[index].text.split() for index in (1, 2, 3)] == [["128", "1,2"], ["1,2", "1,2"], ["False"]]


def test_cells_run_in_the_order_that_their_numbers_show(grade: Grade) -> None:
    notebook = cells(
        "import numpy as np, keras\nx, y = np.ones((8, 2)), np.ones(8)",
        "model.fit(x, y, verbose=0)\nprint(times)",
        "model = keras.Sequential([keras.layers.Dense(1)])\nmodel.compile('sgd', 'mse')",
        "times = 1",
        "times = times + 1\nprint(times)",
    )
    for cell, number in zip(notebook.cells, (1, 4, 2, 3, 5), strict=True):
        cell.execution_count = number
    evidence = grade(notebook).evidence
    assert list(evidence.runs) == [0, 2, 3, 1, 4]
    assert {run.status for run in evidence.runs.values()} == {CellStatus.OK}
    assert evidence.runs[4].text == "2\n", "no cell runs twice"
    (training,) = [training for training in evidence.trainings if not training.built_only]
    assert training.provisional is not None
    assert len(evidence.remarks) == 2


def test_colab_does_not_break_the_run(grade: Grade) -> None:
    evidence = grade(
        cells(
            "%tensorflow_version 2.x\nfrom google.colab import drive, files, output\nimport google.protobuf",
            "drive.mount('/content/drive')\nprint(files.upload())\nfiles.download('x')",
            "!pip install numpy\n%pip install numpy\n!nvidia-smi\nprint('done')",
        )
    ).evidence
    assert [run.status for run in evidence.runs.values()] == [CellStatus.OK] * 3
    assert "{}" in evidence.runs[1].text
    assert "done" in evidence.runs[2].text


def test_images_that_the_student_lets_go_of_are_freed(grade: Grade) -> None:
    """A notebook loads and scales its images twice; 376 MB more are a kernel too many on a small machine."""
    network = (
        "def network(*layers, outputs=10):\n"
        "    model = keras.Sequential([keras.Input((28, 28)), *layers, keras.layers.Dense(outputs, 'softmax')])\n"
        "    model.compile('adam', 'sparse_categorical_crossentropy', metrics=['accuracy'])\n"
        "    return model"
    )
    evidence = grade(
        cells(
            "import weakref, keras, numpy as np\nfrom keras.datasets import fashion_mnist",
            network,
            "(x, y), _ = fashion_mnist.load_data()\nx, y = x[:640] / 255.0, y[:640]\nheld = weakref.ref(x)",
            "model = network(keras.layers.Flatten())\nmodel.fit(x, y, batch_size=64, verbose=0)\nmodel.evaluate(x, y)",
            "flat = model.predict(x)",
            "network(keras.layers.Flatten(), outputs=5).fit(x, y, batch_size=64)",
            "network().fit(x, y, batch_size=64)",
            "try:\n    network().fit(x, y, batch_size=64)\nexcept ValueError as error:\n    print(error)",
            "del x",
            "print(held() is None)",
        )
    ).evidence
    assert [evidence.runs[index].status for index in (5, 6, 7)] == [CellStatus.ERROR, CellStatus.ERROR, CellStatus.OK]
    assert evidence.runs[9].text == "True\n"


def test_the_sandbox_shows_nothing_that_is_none_of_its_business(grade: Grade, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("marks")
    hidden = [str(ROOT / name) for name in ("rubrics", "reference", "tests", "grader")] + [str(tmp_path), "/etc/shadow"]
    with socket.create_server(("127.0.0.1", 0)) as server:
        address = server.getsockname()
        evidence = grade(
            cells(
                f"import os, socket, pathlib\nprint([path for path in {hidden} if os.path.exists(path)])",
                f"socket.create_connection({address}, timeout=2)",
                "print([p for p in os.listdir('/proc') if p.isdigit()])",
                "pathlib.Path('/usr/lib/x').write_text('x')",
                "pathlib.Path('mine.txt').write_text('x'); print(os.getcwd(), sorted(os.listdir()))",
                "import grader",
            )
        ).evidence
    assert evidence.runs[0].text == "[]\n"
    assert evidence.runs[1].raised is not None
    assert evidence.runs[1].raised.name == "ConnectionRefusedError"
    assert len(evidence.runs[2].text.split()) <= 3
    assert evidence.runs[3].status is CellStatus.ERROR
    assert "mine.txt" in evidence.runs[4].text
    assert evidence.runs[5].status is CellStatus.ERROR


CUT_SHORT: Mapping[str, tuple[list[str], dict[str, Any], str, list[str]]] = {
    "a cell's time, interrupted": (
        ["import time\ntime.sleep(60)", "print('after')"],
        {"seconds_per_cell": 2},
        "interrupted",
        ["timeout", "ok"],
    ),
    "a cell's time, deaf to interrupts": (
        [
            "import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: time.sleep(1)",
            "print('after')",
        ],
        {"seconds_per_cell": 2},
        "could not be interrupted",
        ["timeout", "ok"],
    ),
    "the notebook's time": (
        ["import time", "time.sleep(60)", "print('after')"],
        {"seconds_per_submission": 5},
        "took longer than",
        ["ok", "timeout", "not_run"],
    ),
    "memory": (
        ["print('before')", "x = [bytearray(10**8) for _ in range(20)]\nimport time\ntime.sleep(20)", "print('after')"],
        {"memory_mb": 800},
        "memory",
        ["ok", "error", "ok"],
    ),
    "output": (
        ["print('before')", "for _ in range(10**7): print('x' * 1000)", "print('after')"],
        {"output_mb": 1},
        "showed more",
        ["ok", "error", "ok"],
    ),
    "files": (
        [
            "print('before')",
            "import time\nfor i in range(40):\n    with open(f'big{i}', 'wb') as f: f.write(bytes(10**7))\n    time.sleep(0.1)",
        ],
        {"files_mb": 50},
        "files",
        ["ok", "error"],
    ),
    "processes": (
        ["import subprocess, time\nkept = [subprocess.Popen(['sleep', '30']) for _ in range(40)]\ntime.sleep(20)"],
        {"processes": 20},
        "processes",
        ["error"],
    ),
    "a kernel that dies": (
        ["print('before')", "import os\nos._exit(1)", "print('after')"],
        {},
        "ended",
        ["ok", "error", "ok"],
    ),
}


@pytest.mark.usefixtures("little_patience")
@pytest.mark.parametrize("limit", CUT_SHORT)
def test_a_limit_cuts_the_run_short_and_keeps_what_ran(limit: str, grade: Grade) -> None:
    sources, changes, reason, statuses = CUT_SHORT[limit]
    evidence = grade(cells(*sources), Limits(**{"seconds_per_cell": 60, **changes})).evidence
    assert evidence.cut_short is not None
    assert reason in evidence.cut_short.text
    assert [str(run.status) for run in evidence.runs.values()] == statuses
