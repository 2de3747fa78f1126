"""The very first run: grading one notebook with nothing to replay, against running it plainly with nbclient.

    python benchmarks/one_submission.py [--notebook reference/solution.ipynb] [--rounds 1]

Each round runs, in turn and alone, on the full data set: the notebook plainly with nbclient; `grader grade` of it with
an empty store, so that everything is trained; and the same again with the store that this left, so that everything is
replayed. Both sides pay for their start. Prints medians of wall time, how many times faster than plain, and the peak
memory of what each side starts.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

from measure import BUILD, ROOT, Measure, heading, measured, measured_command, row, run_plainly

PLAIN, COLD, REPLAYED = "plain nbclient", "grader, empty store", "grader, replayed"


def grade(notebook: Path, store: Path, out: Path) -> Measure:
    """Grade a folder with this one notebook, in a process of its own."""
    folder = out / "submissions"
    folder.mkdir(parents=True)
    shutil.copyfile(notebook, folder / notebook.name)
    command = [sys.executable, "-m", "grader", "grade", str(folder), "--out", str(out / "out"), "--workers", "1"]
    command += ["--rubric", str(ROOT / "rubrics" / "fashion_mnist.yaml"), "--store", str(store)]
    return measured_command(command, BUILD / "logs" / f"{out.name}.log")


def main() -> None:
    """Run all sides in turn and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--notebook", type=Path, default=ROOT / "reference" / "solution.ipynb")
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()
    sides: dict[str, list[Measure]] = {PLAIN: [], COLD: [], REPLAYED: []}
    for _ in range(options.rounds):
        with tempfile.TemporaryDirectory(prefix="one-") as scratch:
            store = Path(scratch) / "store"
            sides[COLD].append(grade(options.notebook, store, Path(scratch) / "cold"))
            sides[REPLAYED].append(grade(options.notebook, store, Path(scratch) / "replayed"))
        sides[PLAIN].append(measured(lambda: run_plainly(options.notebook)))
    medians = {name: statistics.median(item.seconds for item in rounds) for name, rounds in sides.items()}
    print(heading(options.notebook.name, "seconds", "times plain's speed", "peak MB"))
    for name, rounds in sides.items():
        peak = max(item.peak_mb.get("all", 0.0) for item in rounds)
        print(row(name, f"{medians[name]:.1f}", f"{medians[PLAIN] / medians[name]:.2f}", f"{peak:.0f}"))


if __name__ == "__main__":
    main()
