"""No cell can make reading slow, however it is written."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest
from submission_notebooks import h, md, net, py, read

SLOWEST = 20.0
"""Seconds. An honest notebook takes less than a tenth of one."""

HOSTILE = {
    "comments that never end": md("<!--" * 30_000),
    "links that never end": md("![" * 30_000, "[a](" * 30_000),
    "numbers in a heading": md("pregunta " + "1," * 60_000),
    "numbers in many headings": md(*["pregunta " + "1,1y1,1y" * 200] * 60),
    "blanks": md("3.1" + " " * 100_000, " " * 100_000 + "pregunta"),
    "stars": md("*" * 100_000, "_ " * 50_000),
    "tags": md("<b" * 50_000, "<b>" * 50_000),
    "short sentences": md("a b c d. " * 30_000),
    "many headings": md(*["**Pregunta 3.1 (0.25 puntos)** ¿Por qué?"] * 5_000),
    "comment lines": py(*["# a = (b c"] * 30_000),
    "code comments": py(*["# a(b)"] * 30_000),
    "quotes": py("'" * 100_000, '"""' * 30_001),
    "a long sum": py("print(" + "+".join(["'a'"] * 20_000) + ")"),
    "a deep remainder": py("print('a'" + " % 1" * 900 + ")"),
    "deep brackets": py("(" * 50_000),
    "a deep chain": py("class A(" + "a." * 900 + "Callback): pass"),
    "bare numbers": md("5.2 a", *["6 a"] * 20_000, "7.1 b"),
    "blanks in a key": py("R['3" + " " * 90_000 + "x'] = 'hola a todos'"),
    "rules": py(*["# " + "=-" * 900 + " 3 " + "= " * 900 + "x"] * 50),
    "many keys": py(*["R['3.1'] = 'hola a todos'"] * 4_000),
    "many prints": py(*["print('hola a todos')"] * 4_000),
}


@pytest.mark.parametrize("cell", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_cell_is_read_in_bearable_time(cell: dict[str, Any], tmp_path: Path) -> None:
    start = time.process_time()
    read(tmp_path, h("1"), py(net()), cell, cell, h("3.1"))

    assert time.process_time() - start < SLOWEST
