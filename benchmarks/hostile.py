"""Peak memory of the grader's own processes while notebooks try to swell them.

    python benchmarks/hostile.py [--workers 2]

Grades a small class: honest notebooks, and for each way that is known to make the trusted side take memory one that
goes it as far as it leads. Prints a line for the main process, the largest worker and the largest trainer: the most
memory that one such process ever had in use, in MB, without the kernels, which have limits of their own.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import nbformat
import psutil
from measure import BUILD, ROOT, end, family, heading, row

LOOK_EVERY = 0.1
WORK = BUILD / "hostile"
SETUP = """\
import numpy as np, tensorflow as tf
(x, y), (tx, ty) = tf.keras.datasets.fashion_mnist.load_data()
x, tx = (x / 255.0).astype('float32'), (tx / 255.0).astype('float32')
def network(*units, last=10):
    layers = [tf.keras.layers.Flatten()] + [tf.keras.layers.Dense(n, 'relu') for n in units]
    made = tf.keras.Sequential([tf.keras.Input((28, 28)), *layers, tf.keras.layers.Dense(last, 'softmax')])
    made.compile('adam', 'sparse_categorical_crossentropy', metrics=['accuracy'])
    return made
"""
HONEST = "m = network(128)\nm.fit(x, y, epochs=3, verbose=0)\nm.evaluate(tx, ty)\nm.predict(tx)"
FIRST = "m = network(16)\nm.fit(x[:6000], y[:6000], epochs=1, verbose=0)\n"
ATTACKS = {
    "all-rows-at-once": "network(1024, 1024).fit(x, y, epochs=2, batch_size=60000)",
    "many-weights": (
        "watch = tf.keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: None)\n"
        "network(6000, 7000).fit(x[:600], y[:600], epochs=4, callbacks=[watch])"
    ),
    "a-wide-prediction": "m = network(8, last=1600)\nm.fit(x[:600], y[:600], epochs=1)\nm.predict(x)",
    "data-in-many-forms": (
        "for n in range(6):\n    network(8).fit((x + n).astype('float64'), y, epochs=1, batch_size=6000, verbose=0)"
    ),
    "junk-as-events": "f = open('/opt/kernel/exchange/events.jsonl', 'ab')\nfor _ in range(19): f.write(b'[' * 10**7)",
    "long-events": (
        "import json\nline = json.dumps({'kind': 'reply', 'nonce': 'x', 'reply': {'a': [0] * 2_000_000}}) + '\\n'\n"
        "f = open('/opt/kernel/exchange/events.jsonl', 'a')\nfor _ in range(25): f.write(line)"
    ),
    "much-output": "for _ in range(200): print('x' * 10**5)",
    "a-described-layer": (
        "m = tf.keras.Sequential([tf.keras.Input((28, 28, 1)), tf.keras.layers.UpSampling2D(40),"
        " tf.keras.layers.GlobalAveragePooling2D(), tf.keras.layers.Dense(10, 'softmax')])\n"
        "m.compile('adam', 'sparse_categorical_crossentropy')\nm.fit(x[:64, ..., None], y[:64], epochs=1)"
    ),
}
LIMITS = ("--seconds-per-cell", "120", "--seconds-per-submission", "180", "--memory-mb", "5000")


def make_class(folder: Path) -> int:
    folder.mkdir(parents=True)
    sources = {
        **{f"honest-{n}": f"{HONEST}\n{n}" for n in range(3)},
        **{n: FIRST + code for n, code in ATTACKS.items()},
    }
    for name, code in sources.items():
        cells = [nbformat.v4.new_code_cell(source) for source in (SETUP, code)]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), folder / f"{name}.ipynb")
    return len(sources)


def own_processes(main: psutil.Process) -> Iterator[tuple[str, psutil.Process]]:
    """The grader's own, by their roles."""
    for process in family(main):
        with contextlib.suppress(psutil.Error):
            words = process.cmdline()
            if "grader.training.trainer" in words and words[0] != "bwrap":
                yield "trainer", process
            elif process.pid == main.pid:
                yield "main process", process
            elif "grader.executors.child" in " ".join(words[:3]):
                yield "worker", process


def peak_mb(process: psutil.Process) -> float:
    """The most memory that a process has had in use."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{process.pid}/status").read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", default="2")
    options = parser.parse_args()
    shutil.rmtree(WORK, ignore_errors=True)
    count = make_class(WORK / "submissions")
    command = [sys.executable, "-m", "grader", "grade", str(WORK / "submissions"), "--out", str(WORK / "out"), *LIMITS]
    command += ["--rubric", "fashion_mnist", "--store", str(WORK / "store"), "--store-gb", "1"]
    peaks: defaultdict[str, float] = defaultdict(float)
    largest_store, began = 0.0, time.monotonic()
    process = subprocess.Popen([*command, "--workers", options.workers], cwd=ROOT, env=dict(os.environ))
    try:
        while process.poll() is None:
            for role, member in own_processes(psutil.Process(process.pid)):
                peaks[role] = max(peaks[role], peak_mb(member))
            largest_store = max(largest_store, used_mb(WORK / "store"))
            time.sleep(LOOK_EVERY)
    finally:
        end(process)
    results = [json.loads(path.read_text(encoding="utf-8")) for path in (WORK / "out").glob("*/result.json")]
    print(
        f"\n{count} notebooks in {time.monotonic() - began:.0f} s; status:", dict(Counter(r["status"] for r in results))
    )
    print(f"the store, with a bound of 1000 MB: {largest_store:.0f} MB\n\n{heading('peak memory', 'MB')}")
    for role, value in peaks.items():
        print(row(role, f"{value:.0f}"))


def used_mb(folder: Path) -> float:
    """What a store's files hold; some of them go while they are counted."""
    total = 0
    for place in ("trajectories", "looks", "data"):
        for path in (folder / place).rglob("*"):
            with contextlib.suppress(OSError):
                total += path.stat().st_size
    return total / 1e6


if __name__ == "__main__":
    main()
