"""The command line that starts a kernel apart from everything it has no business with.

With ``bwrap`` the kernel sees a read-only system, the Python installation, the data set, a private home and ``/tmp``;
it has no network and no sight of other processes. With ``none`` it runs as the user, for a student's own machine.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from grader.errors import Phrase, SandboxError, UsageError
from grader.execution.bounds import MEGABYTE, bounds_of
from grader.execution.installation import Installation, find_installation, on_python_path, user_base

if TYPE_CHECKING:
    from grader.rubric.rubric import Limits

Kind = Literal["bwrap", "none"]

FILES = Path(__file__).parent / "sandbox_files"
"""What is laid into the sandbox: stand-ins for modules that exist only in Colab."""
RECORDER = Path(__file__).parent / "recorder"
RECORDER_MODULE = "_kernel_recorder"
"""The recorder's name inside the kernel."""
INSIDE = Path("/opt/kernel")
"""Where the recorder and the stand-ins are in the sandbox."""
HOME = Path("/home/student")
"""The student's home in the sandbox."""
EXCHANGE = INSIDE / "exchange"
DATASETS = Path(".keras/datasets/fashion-mnist")
"""Where Keras looks for the data set, in the student's home."""

PLATFORMS = (Path("/content"), Path("/kaggle"))
"""What the home is called on Colab and Kaggle."""
NOTEBOOKS_OWN = (Path("/tmp"), Path("/dev/shm"), HOME, *PLATFORMS)
"""Folders that a notebook has to itself in the sandbox: of what the host has there, only the installation is seen."""
SYSTEM_FOLDERS = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
WINDOWS_NEEDS = ("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "TEMP", "TMP", "NUMBER_OF_PROCESSORS")
"""Variables without which no socket can be opened there, and no thread started."""
ETC_FILES = ("ld.so.cache", "alternatives", "fonts", "localtime", "mime.types", "ssl/certs", "ssl/openssl.cnf", "magic")


@dataclass(frozen=True, slots=True)
class Room:
    """The folders of one run, on the host."""

    root: Path
    """Short, since the paths of sockets are limited to about 100 bytes."""

    @property
    def home(self) -> Path:
        """The student's home and working folder."""
        return self.root / "home"

    @property
    def exchange(self) -> Path:
        """Where the recorder writes."""
        return self.root / "exchange"

    @property
    def wire(self) -> Path:
        """Connection file and sockets."""
        return self.root / "wire"

    @property
    def modules(self) -> Path:
        """Copies of the recorder and the stand-ins, for a kernel outside any sandbox."""
        return self.root / "modules"

    def make(self, data: Path, kind: Kind) -> None:
        """Make the folders, with the data set where Keras looks for it."""
        for folder in (self.home, self.exchange, self.wire):
            folder.mkdir(parents=True, exist_ok=True)
        datasets = self.home / DATASETS
        datasets.mkdir(parents=True)
        if kind == "none":
            self.modules.mkdir()
            shutil.copytree(FILES / "google", self.modules / "google")  # not every system lets its users make links
            shutil.copytree(RECORDER, self.modules / RECORDER_MODULE)
            for file in sorted(data.glob("*-ubyte.gz")):
                shutil.copyfile(file, datasets / file.name)


def check_sandbox(kind: Kind) -> None:
    """See that the sandbox works on this machine, and that a kernel could find its packages in it.

    Raises:
        SandboxError: it does not; the message says what to install or which flag to give.
    """
    if kind == "none":
        return
    if shutil.which("bwrap") is None:
        raise SandboxError(
            "grading strangers' notebooks needs bubblewrap: install it (Debian and Ubuntu: apt-get install "
            "bubblewrap), or give --sandbox none for notebooks you trust. Received: no bwrap on the PATH"
        )
    _tried(
        ["bwrap", "--unshare-all", "--ro-bind", "/", "/", "--proc", "/proc", "--dev", "/dev", "true"],
        Phrase(
            "bubblewrap must be allowed to make user namespaces (on Ubuntu: sysctl "
            "kernel.apparmor_restrict_unprivileged_userns=0), or give --sandbox none for notebooks you trust"
        ),
    )
    rule = Phrase(
        "a kernel must be able to read the Python that the grader is installed in, and all packages in {folders}",
        folders=", ".join(map(str, find_installation().packages)),
    )
    look = (
        "import json, os, sys; print(json.dumps([name for name in json.load(sys.stdin) if not os.path.exists(name)]))"
    )
    command = [*_apart([], []), sys.executable, "-I", "-c", look]
    unseen = json.loads(_tried(command, rule, json.dumps(_package_files(find_installation()))))
    if unseen:
        raise SandboxError(
            "{rule}. Received: kernels would not see {unseen} ({count} in all)",
            rule=rule,
            unseen=", ".join(unseen[:5]),
            count=len(unseen),
        )


def check_unseen(kind: Kind, private: Iterable[Path]) -> None:
    """See that kernels would not see what notebooks must not know: rubric, answers, marks, other submissions.

    Raises:
        UsageError: something stands in a folder that every kernel is shown.
    """
    for path in private if kind == "bwrap" else ():
        if find_installation().shows(path):
            raise UsageError(
                "what notebooks must not see must not stand in a folder of the system or of Python, which kernels are "
                "shown. Received: {path}",
                path=path,
            )


def _package_files(installation: Installation) -> list[str]:
    """A file or folder of each package that is installed, but for what kernels are not to see."""
    covered = set(installation.covered)
    entries = [entry for folder in installation.packages for entry in folder.iterdir() if entry not in covered]
    return [str(name) for entry in entries for name in (entry, entry / "__init__.py") if name.exists()]


def _tried(command: Sequence[str], rule: Phrase, given: str = "") -> str:
    """What a command prints that has to succeed. Raises SandboxError."""
    try:
        tried = subprocess.run(
            command, input=given, capture_output=True, text=True, errors="replace", timeout=30, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise SandboxError("{rule}. Received: {reason}", rule=rule, reason=error) from error
    if tried.returncode != 0:
        reason = tried.stderr.strip().splitlines()[-1:] or [f"exit code {tried.returncode}"]
        raise SandboxError("{rule}. Received: {reason}", rule=rule, reason=reason[0])
    return tried.stdout


def kernel_command(kind: Kind, room: Room, data: Path, limits: Limits) -> list[str]:
    """The command that starts the kernel; ``{connection_file}`` is left for Jupyter to fill in."""
    if kind == "none":
        return [sys.executable, "-m", RECORDER_MODULE, str(room.exchange), "", "-f", "{connection_file}"]
    command = _alone(room, data, limits)
    command += [RECORDER_MODULE, str(EXCHANGE), bounds_of(limits).text()]
    return [*command, "-f", "{connection_file}"]


def selftest_command(room: Room, data: Path, limits: Limits, port: int, files: list[str]) -> list[str]:
    """The command that tries, in a kernel's place, what no notebook may do.

    Args:
        port: of a service on the host's loopback.
        files: of the user's own.
    """
    return [*_alone(room, data, limits), f"{RECORDER_MODULE}.selftest", bounds_of(limits).text(), str(port), *files]


def _alone(room: Room, data: Path, limits: Limits) -> list[str]:
    """The beginning of a command that runs a module in a room of its own."""
    own = ["--bind", str(room.home), str(HOME)]
    for place in PLATFORMS:
        own += ["--bind", str(room.home), str(place)]
    for folder in ("/tmp", "/dev/shm"):
        own += ["--perms", "1777", "--size", str(limits.files_mb * MEGABYTE), "--tmpfs", folder]
    inner = ["--ro-bind", str(data.resolve()), str(HOME / DATASETS)]
    inner += ["--bind", str(room.exchange), str(EXCHANGE), "--bind", str(room.wire), str(room.wire)]
    return [*_apart(own, inner), "--chdir", str(HOME), sys.executable, "-m"]


def nursery_command(nest: Path, data: Path) -> list[str]:
    """The command that starts a nursery: it sees no more than a kernel, and forks kernels that see only their room.

    Args:
        nest: folder on the host in which the rooms of its kernels are made, one after the other.
        data: folder with the data set's four files.
    """
    own = [word for place in (HOME, *PLATFORMS, EXCHANGE, INSIDE / "wire") for word in ("--dir", str(place))]
    inner = ["--ro-bind", str(data.resolve()), str(INSIDE / "data"), "--bind", str(nest), str(nest)]
    own_mounts = json.dumps([str(folder) for folder in _in_notebooks_own()])
    command = _apart(own, inner)
    return [*command, sys.executable, "-m", f"{RECORDER_MODULE}.nursery", own_mounts]


def _apart(own: Sequence[str], inner: Sequence[str]) -> list[str]:
    """A process without network and without sight of others, with a read-only system and the recorder.

    Args:
        own: mounts of the folders that a notebook has to itself; the installation may lie in one of them.
        inner: mounts to be made after the installation's.
    """
    command = ["bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--hostname", "notebook", "--clearenv"]
    for name, value in kernel_environment(HOME, INSIDE / "modules").items():
        command += ["--setenv", name, value]
    command += ["--uid", "1000", "--gid", "1000", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp", *own]
    command += [*_system(), *_mounts(find_installation())]
    command += ["--ro-bind", str(FILES / "google"), f"{INSIDE}/modules/google"]
    command += ["--ro-bind", str(RECORDER), f"{INSIDE}/modules/{RECORDER_MODULE}", *inner]
    return [*command, "--remount-ro", "/", "--remount-ro", "/dev"]  # between the mounts, nothing can be written


def _system() -> list[str]:
    """The system's other folders, read-only."""
    words: list[str] = []
    for folder in SYSTEM_FOLDERS:
        path = Path(folder)
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), folder]
        elif path.exists():
            words += ["--ro-bind", folder, folder]
    for name in ETC_FILES:
        words += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    return words


def _mounts(installation: Installation) -> list[str]:
    """The system's programs and the Python installation, read-only, without what is covered."""
    words: list[str] = []
    folders: list[Path] = []
    for path in sorted({*installation.shown, *installation.covered}, key=lambda path: len(path.parts)):
        if path in installation.shown:
            words += ["--ro-bind", str(path), str(path)]
        elif path.is_dir():
            words += ["--tmpfs", str(path)]
            folders.append(path)
        else:
            words += ["--ro-bind", os.devnull, str(path)]
    for folder in folders:
        words += ["--remount-ro", str(folder)]
    for link in installation.links:
        words += ["--symlink", str(link.readlink()), str(link)]
    return words


def _in_notebooks_own() -> list[Path]:
    """What of the installation a kernel's own folders would hide."""
    found = find_installation()
    return [path for path in (*found.shown, *found.links) if any(path.is_relative_to(own) for own in NOTEBOOKS_OWN)]


def own_environment(home: Path, modules: Path) -> dict[str, str]:
    """The environment of a kernel outside any sandbox; see `kernel_environment`."""
    system = {name: os.environ[name] for name in WINDOWS_NEEDS if name in os.environ}
    return {**system, "USERPROFILE": str(home), **kernel_environment(home, modules)}


def kernel_environment(home: Path, modules: Path) -> dict[str, str]:
    """The kernel's whole environment; nothing of the grader's own gets in.

    Args:
        home: the student's home, as the kernel sees it.
        modules: where the recorder and the stand-ins are, as the kernel sees it.
    """
    base = user_base()
    return {
        **({"PYTHONUSERBASE": base} if base else {}),
        "HOME": str(home),
        "USER": "student",
        "LOGNAME": "student",
        "PATH": os.pathsep.join((str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin")),
        "LANG": "C.UTF-8",
        "TERM": "xterm-color",
        "SHELL": "/bin/bash",
        "PYTHONPATH": os.pathsep.join(map(str, (modules, *on_python_path(find_installation().packages)))),
        "PYTHONDONTWRITEBYTECODE": "1",
        "KERAS_HOME": str(home / ".keras"),
        "MPLCONFIGDIR": str(home / ".config" / "matplotlib"),
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        "IPYTHONDIR": str(home / ".ipython"),
        "PIP_NO_INDEX": "1",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "TF_CPP_MIN_LOG_LEVEL": "2",
        "CUDA_VISIBLE_DEVICES": "-1",
    }
