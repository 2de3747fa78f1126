"""How much of the store one submission may fill."""

from __future__ import annotations

from grader.errors import TooMuch

SUBMISSION_BYTES = 5_000_000_000
"""Half of a store of the usual size, and ten times what students usually write: 60,000 images take 47 to 376 MB in one
form, five trainings of ten epochs with 200,000 weights, 120 MB at most. Also within it are five trainings of 30 epochs
with 2 million weights that callbacks look at after every epoch (3.6 GB).
"""


class StoreAllowance:
    """What one submission has had kept, in all its kernels.

    It counts alike what was there before and what was not: nothing depends on who came first, or on what a store has
    let go of. Beyond it the kernel trains by itself.
    """

    def __init__(self, store_bytes: float) -> None:
        """Args: store_bytes: what the whole store may hold."""
        self._most = min(SUBMISSION_BYTES, store_bytes)
        self._kept: dict[str, int] = {}

    def check(self, name: str) -> None:
        """Raise NotTrainable where nothing more is kept for this submission, unless it was counted before."""
        if name not in self._kept and sum(self._kept.values()) >= self._most:
            raise TooMuch(f"a notebook may have {self._most:.0f} bytes kept of its trainings. Received: more")

    def note(self, name: str, size: int) -> None:
        """Count something, once.

        Args:
            size: bytes.
        """
        self._kept.setdefault(name, size)
