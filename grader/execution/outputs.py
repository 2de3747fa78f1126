"""What cells showed, from Jupyter's form to records."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from grader.records import CellStatus, Output, Raised

MAX_OUTPUT_TEXT = 1_000_000
"""Characters of one output that are kept."""
USAGE_ERROR = re.compile(r"UsageError: (.*)")
"""How IPython tells of a magic that it does not know: it prints this, and runs nothing of the cell."""
ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]")


def read_outputs(outputs: list[Any]) -> tuple[Output, ...]:
    """Outputs of a run as records, streams that were split joined again."""
    records: list[Output] = []
    for output in outputs:
        record = _output(output)
        if record.kind == "stream" and records and records[-1].kind == "stream" and records[-1].name == record.name:
            record = replace(record, text=(records.pop().text + record.text)[:MAX_OUTPUT_TEXT])
        records.append(record)
    return tuple(records)


def _output(output: Any) -> Output:
    kind = output.get("output_type")
    if kind == "stream":
        return Output("stream", plain(output.get("text", "")), str(output.get("name", "stdout")))
    if kind == "error":
        trace = "\n".join(str(line) for line in output.get("traceback", []))
        return Output("error", plain(trace), str(output.get("ename", "")), plain(str(output.get("evalue", ""))))
    data = output.get("data", {})
    image = any(str(key).startswith("image/") for key in data)
    return Output("data", plain(data.get("text/plain", "")), has_image=image)


def plain(text: Any) -> str:
    """Text without terminal colours, cut where it is too long."""
    return ANSI.sub("", "".join(text) if isinstance(text, list) else str(text))[:MAX_OUTPUT_TEXT]


def ending(outputs: list[Any]) -> tuple[CellStatus, Raised | None]:
    """How a cell ended, by its outputs: the last exception counts."""
    for output in reversed(outputs):
        if output.get("output_type") == "error":
            name = str(output.get("ename", ""))
            return CellStatus.ERROR, Raised(name, plain(str(output.get("evalue", "")))[:5000], (name,))
        usage = USAGE_ERROR.match(plain(output.get("text", ""))) if output.get("name") == "stderr" else None
        if usage is not None:
            return CellStatus.ERROR, Raised("UsageError", usage.group(1)[:5000], ("UsageError",))
    return CellStatus.OK, None
