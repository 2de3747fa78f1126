"""Starts the kernel: ``python -m _kernel_recorder EXCHANGE_FOLDER -f CONNECTION_FILE``."""

from __future__ import annotations

import sys
from pathlib import Path

from .kernel import start_kernel

start_kernel(Path(sys.argv[1]), sys.argv[2:])
