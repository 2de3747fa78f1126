"""Starts the kernel: ``python -m _kernel_recorder EXCHANGE_FOLDER BOUNDS -f CONNECTION_FILE``."""

from __future__ import annotations

import sys
from pathlib import Path

from .kernel import start_kernel

exchange, bounds, *arguments = sys.argv[1:]
if bounds:
    from .bounds import take_on  # only Linux has what it needs

    take_on(bounds)
start_kernel(Path(exchange), arguments)
