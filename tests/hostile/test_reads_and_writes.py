"""What a hostile notebook may see and touch: its own room, and nothing of the grader, its user or other notebooks."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from conftest import ROOT, Grade
from student import CORRECT, SETUP, cells

from grader.records import CellStatus, Evidence
from grader.rubric.rubric import Limits

LIMITS = Limits(seconds_per_cell=60)

READS: dict[str, str] = {
    "rubric, reference, gradebook and other submissions": """
import os
wanted = ("fashion_mnist.yaml", "solution.ipynb", "gradebook.db", "expected_marks.yaml", "grades.csv", "trajectories.py")
print([os.path.join(path, name) for path, _, names in os.walk("/") if not path.startswith("/proc")
       for name in names if name in wanted])
""",
    "the environment": """
import os
print([name for name in os.environ if "SECRET" in name])
print([pid for pid in os.listdir("/proc") if pid.isdigit() and os.path.exists(f"/proc/{pid}/environ")
       and os.access(f"/proc/{pid}/environ", os.R_OK) and b"SECRET" in open(f"/proc/{pid}/environ", "rb").read()])
""",
    "files through the roots and folders of other processes": f"""
import os
found = []
for pid in os.listdir("/proc"):
    for way in ("root", "cwd", "map_files", "fd") if pid.isdigit() else ():
        path = f"/proc/{{pid}}/{{way}}{ROOT}/rubrics"
        try:
            found += [path] if os.path.exists(path) else []
        except OSError:
            pass
print(found)
""",
    "open descriptors that were left to it": """
import os
kinds = [os.readlink(f"/proc/self/fd/{number}") for number in os.listdir("/proc/self/fd")
         if os.path.exists(f"/proc/self/fd/{number}")]
print([kind for kind in kinds if kind.startswith("/") and not kind.startswith(
    ("/dev/", "/home/student", "/opt/kernel/exchange", "/usr", "/proc", "/tmp", "/lib"))])
""",
    "memory of its nursery": """
import os
found = []
for pid in os.listdir("/proc"):
    if pid.isdigit() and pid != os.readlink('/proc/self'):
        try:
            found.append(open(f"/proc/{pid}/mem", "rb"))
        except OSError:
            pass
print(found)
""",
}


@pytest.mark.parametrize("attack", READS.values(), ids=READS)
def test_nothing_is_there_to_be_read(attack: str, grade: Grade, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COURSE_SECRET", "marks")
    evidence = grade(cells(attack), LIMITS).evidence
    assert set(evidence.runs[0].text.split()) == {"[]"}, evidence.runs[0]


def test_nothing_of_the_users_home_is_there(grade: Grade) -> None:
    with tempfile.NamedTemporaryFile(dir=Path.home()) as own:
        evidence = grade(cells(f"import os; print(os.path.exists({own.name!r}))"), LIMITS).evidence
    assert evidence.runs[0].text == "False\n"


REFUSED: dict[str, str] = {
    "the system": "open('/usr/lib/x', 'w')",
    "the recorder": "open('/opt/kernel/modules/_kernel_recorder/watcher.py', 'a')",
    "the Python installation": "import numpy; open(numpy.__file__, 'a')",
    "the data set": "open('.keras/datasets/fashion-mnist/train-labels-idx1-ubyte.gz', 'r+b')",
    "the root": "import os; os.mkdir('/mine')",
    "a new mount over the recorder": (
        "import ctypes, os\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "if libc.mount(b'tmpfs', b'/opt/kernel/modules', b'tmpfs', 0, None): raise OSError(ctypes.get_errno(), 'mount')"
    ),
    "its own control group": (
        "import glob\nwanted = [p for p in glob.glob('/sys/fs/cgroup/**/memory.max', recursive=True)\n"
        "          + glob.glob('/sys/fs/cgroup/**/memory.limit_in_bytes', recursive=True)]\nopen(wanted[0], 'w').write('1')"
    ),
    "its own limits": "import resource; resource.setrlimit(resource.RLIMIT_DATA, (resource.RLIM_INFINITY,) * 2)",
}


@pytest.mark.parametrize("attack", REFUSED.values(), ids=REFUSED)
def test_nothing_outside_its_room_can_be_changed(attack: str, grade: Grade) -> None:
    evidence = grade(cells(attack, "print('after')"), LIMITS).evidence
    assert evidence.runs[0].status is CellStatus.ERROR
    assert evidence.runs[1].text == "after\n"


LINKS: dict[str, str] = {
    "to a file of the host's": "os.symlink({target!r}, {name!r})",
    "to a folder of the host's": "os.symlink({folder!r}, {name!r})",
    "in the exchange folder": "os.symlink({target!r}, '/opt/kernel/exchange/' + 'a' * 64 + '.npy')",
    "in place of the events": (
        "os.rename('/opt/kernel/exchange/events.jsonl', '/opt/kernel/exchange/old')\n"
        "os.symlink({target!r}, '/opt/kernel/exchange/events.jsonl')"
    ),
    "in place of the trainer's socket": (
        "os.rename('/opt/kernel/exchange/trainer', '/opt/kernel/exchange/old')\n"
        "os.symlink({target!r}, '/opt/kernel/exchange/trainer')"
    ),
}


@pytest.mark.parametrize("attack", LINKS.values(), ids=LINKS)
def test_a_link_out_of_the_room_leads_nobody(attack: str, grade: Grade, tmp_path: Path) -> None:
    target = tmp_path / "marks"
    target.write_text("10")
    code = attack.format(target=str(target), folder=str(tmp_path), name=f"link-{os.getpid()}")
    evidence = grade(cells(f"import os\n{code}", SETUP, CORRECT["1"].replace("epochs=10", "epochs=1")), LIMITS).evidence
    assert target.read_text() == "10"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["marks"]
    assert evidence.runs[2].status is CellStatus.OK


FULL: dict[str, tuple[str, Callable[[Evidence], bool]]] = {
    "the disk": (
        "import time\nwhile True:\n    with open(f'f{time.time()}', 'wb') as f: f.write(bytes(10**7))",
        lambda evidence: evidence.cut_short is not None and "MB of files" in evidence.cut_short.text,
    ),
    "one large file": (
        "with open('big', 'wb') as f:\n    while True: f.write(bytes(10**7))",
        lambda evidence: evidence.runs[0].status is CellStatus.ERROR,
    ),
    "a file that is all holes": (
        "open('big', 'wb').truncate(10**12)",
        lambda evidence: evidence.runs[0].raised is not None and evidence.runs[0].raised.name == "OSError",
    ),
    "a million files": (
        "import os\nfor i in range(10**6):\n    os.close(os.open(f'f{i}', os.O_CREAT))",
        lambda evidence: evidence.cut_short is not None and "files" in evidence.cut_short.text,
    ),
    "a million files in memory": (
        "import os\nfor i in range(10**6):\n    os.close(os.open(f'/tmp/f{i}', os.O_CREAT))",
        lambda evidence: evidence.runs[0].raised is not None and "No space" in evidence.runs[0].raised.message,
    ),
    "the temporary files": (
        "with open('/tmp/big', 'wb') as f:\n    while True: f.write(bytes(10**7))",
        lambda evidence: evidence.runs[0].raised is not None,
    ),
    "the folder of its channels": (
        "import time\nlines = [line.split()[4] for line in open('/proc/self/mountinfo')]\n"
        "wire = next(place for place in lines if place.endswith('/wire'))\n"
        "while True:\n    with open(f'{wire}/f{time.time()}', 'wb') as f: f.write(bytes(10**7))",
        lambda evidence: evidence.cut_short is not None and "MB of files" in evidence.cut_short.text,
    ),
    "the exchange folder": (
        "import time\nwhile True:\n    with open(f'/opt/kernel/exchange/f{time.time()}', 'wb') as f: f.write(bytes(10**7))",
        lambda evidence: evidence.cut_short is not None and "MB of files" in evidence.cut_short.text,
    ),
}


@pytest.mark.parametrize(("attack", "held"), FULL.values(), ids=FULL)
def test_what_it_writes_has_a_limit(
    attack: str, held: Callable[[Evidence], bool], grade: Grade, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("grader.execution.watchdog.MAX_FILES", 20_000)  # to make and remove more takes half a minute
    free = psutil.disk_usage("/tmp").free
    evidence = grade(
        cells("print('before')", "print('x')", attack, "print('after')"), LIMITS.model_copy(update={"files_mb": 200})
    ).evidence
    shifted = Evidence({0: evidence.runs[2]}, cut_short=evidence.cut_short)
    assert held(shifted), (evidence.runs[2], evidence.cut_short)
    assert evidence.runs[3].text == "after\n"
    assert psutil.disk_usage("/tmp").free > free - 200e6, "nothing is left behind"
