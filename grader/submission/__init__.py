"""From any file to questions: a submitted notebook, normalised, each cell mapped to the question it answers.

``notebook`` repairs or refuses the file; ``assignment`` knows what students were given, ``forms`` its code however it
is typed; ``anchors`` finds headings and markers, ``naming``, ``markers`` and ``items`` tell which question each means,
``places`` maps the cells, ``passages`` and ``prose_in_code`` collect the student's prose; ``reading`` is the flow.
``workload`` foresees what a notebook will train; ``stopped`` tells what stopped it when it was run, ``slips`` what was
probably meant; ``looked_at`` keeps what a person has to see of it.
"""

from grader.submission.assignment import Assignment, read_assignment
from grader.submission.looked_at import looked_at
from grader.submission.reading import parse_submission, read_submission
from grader.submission.stopped import cell_errors
from grader.submission.workload import foresee

__all__ = [
    "Assignment", "cell_errors", "foresee", "looked_at", "parse_submission", "read_assignment", "read_submission",
]  # fmt: skip
