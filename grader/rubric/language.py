"""The languages that rubrics, reports and messages are written in."""

from typing import Literal

Language = Literal["es", "en"]
