"""`grader check --sandbox none` on Windows and macOS: nothing that only Linux has, and one program, the kernel."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from course import Class

CELLS = [
    "import sys\nunwanted = {'_kernel_recorder.bounds', '_kernel_recorder.nursery'} & set(sys.modules)\n"
    "assert not unwanted, unwanted",
    "numbers = [1, 2]",
    "print(nunbers)",
]


def test_a_whole_check_without_what_only_linux_has(course: Class) -> None:
    course.hand_in("ana", CELLS, "## 1")
    page = course.root / "page.html"
    words = ["check", str(course.folder / "ana.ipynb"), "--rubric", str(course.root / "rubric.yaml")]
    words += ["--sandbox", "none", "--html", str(page)]
    script = Path(__file__).with_name("elsewhere.py")
    own = {**os.environ, "TMPDIR": str(course.root)}  # graders beside it remove folders that nobody has locked
    done = subprocess.run([sys.executable, str(script), *words], capture_output=True, text=True, check=False, env=own)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if "✗" in line] == ["✗ Cell 4  print(nunbers)"]
    assert "In all: 0 of 1.5 points" in done.stdout
    assert "print(nunbers)" in page.read_text(encoding="utf-8")
    (kernel,) = json.loads(done.stderr.splitlines()[-1])
    assert "_kernel_recorder" in kernel
