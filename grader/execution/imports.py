"""What is left of a cell after an import that fails: an absent package must not take the rest of a notebook along."""

from __future__ import annotations

import ast
import re

FAILING_LINE = re.compile(r"^-+> ?(\d+) ", re.M)
"""The line that IPython's traceback points at."""
MAGIC = re.compile(r"^(\s*)[%!]", re.M)


def after_failed_import(source: str, traceback: str) -> str | None:
    """The statements of a cell that follow a failed top-level import; None where the failure is of another kind.

    Args:
        traceback: IPython's, without colours.
    """
    line = FAILING_LINE.search(traceback)
    if line is None:
        return None
    try:
        statements = ast.parse(MAGIC.sub(r"\1#", source)).body
    except (SyntaxError, ValueError, RecursionError):
        return None
    number = int(line.group(1))
    for position, statement in enumerate(statements):
        if statement.lineno <= number <= (statement.end_lineno or statement.lineno):
            if not isinstance(statement, (ast.Import, ast.ImportFrom)) or position + 1 == len(statements):
                return None
            rest = statements[position + 1].lineno - 1
            return "\n".join(source.splitlines()[rest:])
    return None
