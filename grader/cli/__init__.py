"""The command line: one module a command, the options that several share in `options`, all registered in `app`.

No module here imports at its top what takes long: a command imports what it needs when it is run.
"""

from grader.cli.app import main

__all__ = ["main"]
