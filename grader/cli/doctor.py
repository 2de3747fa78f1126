"""`grader doctor`: what this machine can do."""

from __future__ import annotations

from grader.cli.exit_codes import FAULT, OK
from grader.cli.options import DataFolder, data_folder

EXAMPLE = "grader doctor"


def doctor(data: DataFolder = None) -> int:
    """Try what this machine can do to hold a hostile notebook, look for data and packages, and say what to do."""
    from rich.console import Console

    from grader.execution.protection import protections
    from grader.rubric.rubric import Limits
    from grader.terminal import extras_table, protections_table
    from grader.training.data import load_data

    folder = data_folder(data)
    load_data(folder)
    console = Console()
    console.print(f"Data set: {folder}", highlight=False, soft_wrap=True, markup=False)
    console.print(extras_table())
    with console.status("Trying the sandbox."):
        found = protections(folder, Limits())
    console.print(protections_table(found))
    return OK if all(protection.held == "full" for protection in found) else FAULT
