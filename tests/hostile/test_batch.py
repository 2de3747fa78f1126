"""A batch with attackers in it: the others have the marks that they get alone, and the time is bounded."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from course import RUBRIC, Class, Run
from pool import Pool

from grader.execution.cgroups import parents_of_groups

BUILD = (
    "import tensorflow as tf\n"
    "m = tf.keras.Sequential([tf.keras.layers.Flatten(input_shape=(28, 28)), tf.keras.layers.Dense({units}, 'sigmoid'), "
    "tf.keras.layers.Dense(10, 'softmax')])\nm.compile('{optimizer}', 'sparse_categorical_crossentropy')"
)
HONEST = {
    "right": [BUILD.format(units=128, optimizer="adam")],
    "narrow": [BUILD.format(units=64, optimizer="adam")],
    "slow": [BUILD.format(units=128, optimizer="sgd")],
    "wrong": [BUILD.format(units=32, optimizer="sgd")],
    "empty": ["print('nothing')"],
}
COPIES = 2
"""Of each honest notebook."""
ATTACKERS = [
    ["while True: pass"],
    ["import signal, time\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\nwhile True: time.sleep(1)"],
    ["x = []\nwhile True: x.append(bytearray(10**7))"],
    ["import os; os._exit(1)"],
    ["import os, signal; os.kill(os.getppid(), signal.SIGKILL); os.killpg(0, signal.SIGKILL)"],
    [
        "import tensorflow as tf\n"
        "m = tf.keras.Sequential([tf.keras.layers.Reshape((28, 28, 1), input_shape=(28, 28)), "
        "tf.keras.layers.MaxPooling2D(10**9, padding='same'), tf.keras.layers.Flatten(), "
        "tf.keras.layers.Dense(10, 'softmax')])\nm.compile('adam', 'sparse_categorical_crossentropy')\n"
        "import numpy as np\nm.fit(np.ones((8, 28, 28), 'float32'), np.zeros(8, 'uint8'))"
    ],
    ["while True: print('x' * 10**6)"],
    ["import os\nfor n in range(3, 256):\n    try: os.write(n, b'junk' * 1000)\n    except OSError: pass"],
    ["f = open('big', 'wb')\nwhile True: f.write(bytes(10**7))"],
    ["import os\nfor i in range(10**6): os.close(os.open(f'f{i}', os.O_CREAT))"],
    ["import shutil; shutil.rmtree('/', ignore_errors=True)"],
    ["import os\nfor n in range(3, 300):\n    try: os.close(n)\n    except OSError: pass"],
    ["open('/opt/kernel/exchange/events.jsonl', 'ab').write(b'{\"kind\": \"reply\"}\\n' * 10**7)"],
]
BOMBS = [
    ["import os\nwhile True: os.fork()"],
    ["import threading, time\nwhile True: threading.Thread(target=time.sleep, args=(99,), daemon=True).start()"],
]
"""Only where a control group holds them; elsewhere harmless ones take their place, and `grader doctor` says so."""
LIMITS = ("--seconds-per-cell", "5", "--seconds-per-submission", "20", "--memory-mb", "1500", "--files-mb", "200")
SECONDS_A_SUBMISSION = 20 + 15 + 60
"""The limit, the time to answer an interrupt, and the starts of up to four kernels on a busy machine."""


FEW_PROCESSES = RUBRIC.replace("limits: {", f"limits: {{processes: {48 + 8 * (os.cpu_count() or 1)}, ")
"""Enough for TensorFlow's threads; a fork bomb of 256 processes keeps a small machine busy for half a minute."""


@pytest.fixture
def alone(tmp_path: Path, run: Callable[..., Run]) -> Class:
    (tmp_path / "alone").mkdir()
    return Class(tmp_path / "alone", run)


def marks_of(graded: Class, name: str) -> Any:
    result = graded.result(name)
    return [
        (question["score"], [(finding["status"], finding["message"]) for finding in question["findings"]])
        for question in result["questions"]
    ]


def test_fifteen_attackers_among_ten_honest_change_no_mark(course: Class, alone: Class, pool: Pool) -> None:
    for graded in (alone, course):
        (graded.root / "rubric.yaml").write_text(FEW_PROCESSES)
    for name, code in HONEST.items():
        alone.hand_in(name, code)
        for copy in range(COPIES):
            course.hand_in(f"{name}-{copy}", [*code, f"copy = {copy}"])
    bombs = BOMBS if "pids" in parents_of_groups() else [["import os; os.abort()"], ["raise SystemExit"]]
    for number, attack in enumerate([*ATTACKERS, *bombs]):
        course.hand_in(f"attacker-{number}", attack)
    assert alone.grade(*LIMITS).code == 0
    began = time.monotonic()
    with pool.impatient(workers=2):
        done = course.grade("--workers", "2", *LIMITS)
    assert time.monotonic() - began < 25 * SECONDS_A_SUBMISSION / 2
    assert done.code == 0, done.err
    assert len(course.marks()) == 25
    for name in HONEST:
        for copy in range(COPIES):
            assert marks_of(course, f"{name}-{copy}") == marks_of(alone, name)
