"""`grader check`: a student's own notebook, before it is handed in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from grader.cli.exit_codes import FAULT, OK
from grader.cli.options import RunOptions, data_folder, with_run_options
from grader.errors import UsageError

EXAMPLE = "grader check my_notebook.ipynb --rubric rubrics/fashion_mnist.yaml --sandbox none"


@with_run_options
def check(
    notebook: Annotated[Path, typer.Argument(metavar="NOTEBOOK", help="Your notebook.")],
    run: RunOptions,
) -> int:
    """Check your own notebook before you hand it in: what the rubric shows students, with hints."""
    from rich.console import Console

    from grader.execution import check_sandbox, check_unseen
    from grader.executors import Finished, LocalExecutor
    from grader.jobs import Job, fault, is_faulty, read_file
    from grader.pipeline import SECONDS_TO_JUDGE, grade_one
    from grader.reports import Translator
    from grader.rubric.loading import load_rubric
    from grader.submission import read_assignment
    from grader.terminal import print_self_check
    from grader.training.data import load_data

    rubric = load_rubric(run.rubric)
    if not notebook.is_file():
        raise UsageError(f"NOTEBOOK must be a file. Received: {notebook}")
    check_sandbox(run.sandbox_kind())
    check_unseen(run.sandbox_kind(), (notebook, *rubric.files))
    data = data_folder(run.data, rubric)
    load_data(data)
    job = Job(
        submission="notebook",
        path=notebook,
        file=read_file(notebook),
        rubric=rubric,
        assignment=read_assignment(rubric.assignment_path),
        sandbox=run.sandbox_kind(),
        limits=run.limits_for(rubric),
        data=data,
        store=run.training_store(),
    )
    console, translator = Console(), Translator(run.language_for(rubric))
    with console.status("Running and checking the notebook; this takes as long as running it."):
        seconds = job.limits.seconds_per_submission + SECONDS_TO_JUDGE
        with LocalExecutor(1) as executor:
            ending = list(executor.run(grade_one, [job], seconds=seconds))[-1]
    result = ending.value if isinstance(ending, Finished) else fault(job, getattr(ending, "reason", ""))
    print_self_check(console, result, rubric, translator)
    return FAULT if is_faulty(result) else OK
