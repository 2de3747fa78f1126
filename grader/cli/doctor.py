"""`grader doctor`: what this machine can do."""

from __future__ import annotations

from grader.cli.exit_codes import FAULT, OK
from grader.cli.options import DataFolder, SystemLanguage, data_folder, system_language

EXAMPLE = "grader doctor"


def doctor(data: DataFolder = None, language: SystemLanguage = None) -> int:
    """Try what this machine can do to hold a hostile notebook, look for data and packages, and say what to do."""
    from rich.console import Console

    from grader.execution.protection import protections
    from grader.reports.translation import Translator
    from grader.rubric.rubric import Limits
    from grader.terminal import extras_table, protections_table
    from grader.training.data import load_data

    folder = data_folder(data)
    load_data(folder)
    console, translator = Console(), Translator(language or system_language())
    told = translator.say("Data set: {folder}", folder=str(folder))
    console.print(told, highlight=False, soft_wrap=True, markup=False)
    console.print(extras_table(translator))
    with console.status(translator.say("Trying the sandbox.")):
        found = protections(folder, Limits())
    console.print(protections_table(found, translator))
    return OK if all(protection.held == "full" for protection in found) else FAULT
