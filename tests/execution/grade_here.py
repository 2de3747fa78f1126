"""Runs a notebook in a warm and in a cold kernel from wherever the grader is installed, and prints what each showed.

``python grade_here.py DATA NOTEBOOK`` prints a JSON list: the last cell's text in the warm kernel, and in the cold one.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from unittest import mock

from grader.execution.attempts import run_submission
from grader.execution.sandbox import check_sandbox
from grader.execution.warm import Nurseries, nurseries
from grader.library import find_rubric
from grader.rubric.loading import load_rubric
from grader.submission import Assignment, read_submission


def main(data: Path, notebook: Path) -> None:
    """Run it twice."""
    check_sandbox("bwrap")
    rubric = load_rubric(find_rubric("fashion_mnist"))
    submission = read_submission(notebook, "notebook", rubric, Assignment())

    def shown() -> str:
        evidence = run_submission(submission, rubric, sandbox="bwrap", limits=rubric.limits, data=data)
        run = evidence.runs[max(evidence.runs)]
        assert run.raised is None, run
        return run.text

    warm = shown()
    nurseries(data).close()
    with mock.patch.object(Nurseries, "get", return_value=None):
        print(json.dumps([warm, shown()]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
