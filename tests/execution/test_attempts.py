"""What becomes of a notebook whose kernels end: each cell has the run that it can have, and nothing is counted twice."""

from __future__ import annotations

import os

from conftest import Grade
from student import CORRECT, SETUP, cells, notebook

from grader.rubric.rubric import Limits

ENDS = "import os; os._exit(1)\n"
LIMITS = Limits(seconds_per_cell=120)
SECONDS_UNTIL_THE_FIRST = 12
"""The first kernel has started by then, whatever else the machine does."""


def test_trainings_of_a_lost_cell_and_of_all_others_are_kept_once(grade: Grade) -> None:
    evidence = grade(
        cells(
            SETUP,
            CORRECT["4.1"],
            CORRECT["1"].replace("epochs=10", "epochs=1") + ENDS,
            "m512.predict(test_images, verbose=0)",
        ),
        LIMITS,
    ).evidence
    assert [(training.cell, training.epochs) for training in evidence.trainings if not training.built_only] == [
        (1, 2),
        (2, 1),
    ]
    assert [training.id for training in evidence.trainings] == list(range(len(evidence.trainings)))
    assert [call.cell for call in evidence.calls] == [3]
    assert evidence.calls[0].model == next(item for item in evidence.trainings if item.cell == 1).model
    assert evidence.cut_short is not None
    assert evidence.cut_short.values == {"cell": 3}
    assert [remark.values for remark in evidence.remarks] == [{"cell": 3}]


def test_what_needs_a_lost_cell_is_not_the_students_fault(grade: Grade) -> None:
    """Question 4.1 ends its kernel before it trains; 5.1 and 5.2 ask about its network, and are not judged."""
    graded = grade(notebook({"4.1": ENDS + CORRECT["4.1"], "9": None}), LIMITS)
    assert graded.points("1") == 3.5
    assert graded.points("4.2") == 0.25
    assert graded.points("8.2") == 0.2
    finding = graded.finding("4.1", "network_trained")
    assert (finding.status, finding.points) == ("skipped", 0)
    assert finding.message.values["cell"] == finding.cells[0] + 1


def test_a_fresh_kernel_that_fails_earlier_says_nothing(grade: Grade) -> None:
    """A cell that works in one kernel only keeps that kernel's evidence; what was not run then stays so."""
    fickle = "import os, time\nassert os.times().elapsed < {limit}"
    grade(cells("'the nursery is warm'"), LIMITS)
    limit = os.times().elapsed + SECONDS_UNTIL_THE_FIRST
    wait = f"import os, time\nwhile os.times().elapsed < {limit}: time.sleep(0.1)"
    evidence = grade(cells("x = 1", fickle.format(limit=limit), wait, ENDS, "print('after')"), LIMITS).evidence
    assert [str(run.status) for run in evidence.runs.values()] == ["ok", "ok", "ok", "error", "not_run"]
