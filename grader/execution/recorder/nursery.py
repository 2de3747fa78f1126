"""Forks warm kernels: this process has imported TensorFlow, and run no operation of it.

``python -m _kernel_recorder.nursery INSTALLATION`` has one end of a socket pair as standard input. A request names a
room's folders; a kernel answers it, by itself, so that whoever reads the answer learns its process id from the socket.
Each kernel is the first process of its own user, process, mount, network, IPC, UTS and cgroup namespaces. It sees its
own room and no other, has no capability left, and inherits nothing but what was imported.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import gc
import importlib
import importlib.util
import json
import os
import signal
import socket
import struct
import sys
import threading
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from typing import Any, NoReturn

from .bounds import prctl, take_on
from .genuine import registry
from .kernel import start_kernel

PRELOADED = (
    "matplotlib.pyplot",
    "pandas",
    "ipykernel.kernelapp",
    "tensorflow",
    "keras",
    "PIL.Image",
    "PIL.PngImagePlugin",
    "PIL.JpegImagePlugin",
    "matplotlib.backends.backend_agg",
    "matplotlib_inline.config",
    "IPython.core.pylabtools",
    "debugpy",
    "stack_data",
    "rich.console",
    "rich._emoji_codes",
    "tensorflow.python.data.ops.concatenate_op",
    "tensorflow.python.data.ops.flat_map_op",
    "tensorflow.python.data.ops.from_tensors_op",
    "tensorflow.python.data.ops.range_op",
    "tensorflow.python.data.ops.zip_op",
)
LATER = ("keras.wrappers", "keras._tf_keras.keras.wrappers")
"""Packages of Keras's that bring scikit-learn along, a fifth of all there is to import: they wait until a second
kernel is asked for, or somebody asks for what is in them."""
PRELOADED_LATER = ("sklearn.metrics", "sklearn.model_selection", "sklearn.preprocessing", "scipy.stats")
IN_TRACEBACKS = (
    "IPython.core.interactiveshell",
    "_kernel_recorder.watcher",
    "keras.src.utils.traceback_utils",
    "keras.src.backend.tensorflow.nn",
    "keras.src.layers.input_spec",
    "tensorflow.python.eager.execute",
)
"""What an error of Keras's goes through. These files are parsed when its traceback is printed."""
HOME = "/home/student"
PLATFORMS = ("/content", "/kaggle")
"""What the home is called on Colab and Kaggle."""
INSIDE = "/opt/kernel"
MAX_REQUEST = 10_000
MAX_FILES = 100_000
"""In memory, where the trusted side does not count them."""

# linux/sched.h, sys/mount.h, linux/prctl.h, linux/sockios.h, linux/capability.h
CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x02000000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_BIND, MS_REC, MS_PRIVATE = 0x2, 0x4, 0x8, 0x1000, 0x4000, 0x40000
PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER = 4, 24, 36
SIOCSIFFLAGS, IFF_UP = 0x8914, 0x1
CAPABILITY_VERSION_3, MAX_CAPABILITIES = 0x20080522, 64

_libc = ctypes.CDLL(None, use_errno=True)


def main(installation: str) -> None:
    """Import what takes long, then fork a kernel for each request until the other end is closed.

    Args:
        installation: JSON list of what Python needs and a kernel's own folders would hide: folders, files, links.
    """
    folders = json.loads(installation)
    link = socket.socket(fileno=os.dup(0))
    _preload()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # kernels that end leave nothing to wait for
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    link.send(json.dumps({"warm": sorted(set(PRELOADED) & set(sys.modules))}).encode())
    forked = 0
    while request := link.recv(MAX_REQUEST):
        if forked == 1:
            _import(PRELOADED_LATER)
            gc.freeze()
        forked += 1
        if os.fork() == 0:
            _in_child(link, json.loads(request), folders)


def _preload() -> None:
    gc.disable()  # what is imported stays: looking through it again and again would cost a tenth of the time
    sys.meta_path.insert(0, Later())
    library = threading.Thread(target=_map_tensorflow)
    library.start()
    _import(PRELOADED)
    library.join()
    with contextlib.suppress(Exception):
        _explain_an_error()
    registry()  # once for all kernels
    gc.enable()
    gc.collect()
    gc.freeze()  # a collection in a kernel would copy the pages that all kernels share


def _import(names: Sequence[str]) -> None:
    for name in names:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


def _map_tensorflow() -> None:
    """Have the system map TensorFlow's library, a gigabyte, while others are imported."""
    found = importlib.util.find_spec("tensorflow")
    for folder in () if found is None else found.submodule_search_locations or ():
        with contextlib.suppress(OSError):
            ctypes.CDLL(f"{folder}/libtensorflow_cc.so.2")


class Later(MetaPathFinder):
    """Finds the packages of `LATER`: each runs its code when the first of its names is asked for."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """None for all others."""
        spec = PathFinder.find_spec(name, path, target) if name in LATER else None
        if spec is not None and spec.loader is not None:
            spec.loader = _RunLater(spec.loader)
        return spec


class _RunLater(Loader):
    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def create_module(self, spec: ModuleSpec) -> Any:
        return self._loader.create_module(spec)

    def exec_module(self, module: Any) -> None:
        def run(name: str) -> Any:
            if name.startswith("__"):  # whoever looks through all modules asks for these
                raise AttributeError(name)
            del module.__getattr__
            self._loader.exec_module(module)
            return getattr(module, name)

        module.__getattr__ = run


def _explain_an_error() -> None:
    """What IPython needs to print a traceback takes most of a second to find, among them the files of all modules."""
    from IPython.core.ultratb import VerboseTB
    from stack_data.core import Source

    for name in IN_TRACEBACKS:
        source: Any = Source.for_filename(str(importlib.import_module(name).__file__))
        _ = source.pieces  # kept, once it was asked for
    try:
        raise ValueError
    except ValueError:
        VerboseTB().structured_traceback(*sys.exc_info())


def _in_child(link: socket.socket, request: dict[str, Any], installation: list[str]) -> NoReturn:
    """Leave the nursery's namespaces; the kernel itself is the first process in the new ones."""
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        _new_namespaces()
        if os.fork() != 0:
            os._exit(0)
        _furnish(request, installation)
        _drop_capabilities()
        take_on(request["bounds"])
        link.send(b'{"started": true}')
        link.close()
        _run(request)
        code = 0
    except BaseException as error:
        with contextlib.suppress(OSError):
            link.send(json.dumps({"fault": f"{type(error).__name__}: {error}"[:300]}).encode())
    finally:
        os._exit(code)


def _run(request: dict[str, Any]) -> None:
    """Be a kernel, as if freshly started."""
    sink = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(sink, descriptor)
    os.closerange(3, 1024)
    os.chdir(HOME)
    sys.argv = ["ipykernel_launcher.py", "-f", request["connection"]]
    import numpy

    numpy.random.seed()  # the state was inherited; Python's own generator sees to itself
    start_kernel(Path(INSIDE) / "exchange", sys.argv[1:])


# --- apart from everything --------------------------------------------------------------------------------------------


def _new_namespaces() -> None:
    user, group = os.getuid(), os.getgid()
    _call("unshare", CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS
          | CLONE_NEWCGROUP)  # fmt: skip
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{user} {user} 1")
    Path("/proc/self/gid_map").write_text(f"{group} {group} 1")


def _furnish(request: dict[str, Any], installation: list[str]) -> None:
    """Mount the kernel's own folders, and cover those of all others; what Python needs is mounted in them again."""
    _call("mount", None, b"/", None, MS_REC | MS_PRIVATE, None)
    with contextlib.suppress(OSError):
        # Refused where parts of /proc are covered, as bubblewrap does for root. The kernel then sees the process list
        # of its nursery, whose processes it can neither name nor inspect.
        _call("mount", b"proc", b"/proc", b"proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, None)
    links = {path: Path(path).readlink() for path in installation if Path(path).is_symlink()}
    kept = {path: os.open(path, os.O_PATH) for path in installation if path not in links}
    for place in (HOME, *PLATFORMS):
        _bind(request["home"], place)
    _bind(f"{INSIDE}/data", f"{HOME}/.keras/datasets/fashion-mnist")
    _bind(request["exchange"], f"{INSIDE}/exchange")
    _bind(request["wire"], f"{INSIDE}/wire")
    size = f"size={int(request['tmp_mb'])}m,nr_inodes={MAX_FILES},mode=1777".encode()
    for folder in (b"/dev/shm", b"/tmp"):
        _call("mount", b"tmpfs", folder, b"tmpfs", MS_NOSUID | MS_NODEV, size)
    for path, target in links.items():
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).symlink_to(target)
    for path, descriptor in kept.items():
        _make_mount_point(Path(path), Path(f"/proc/self/fd/{descriptor}").is_dir())
        _call("mount", f"/proc/self/fd/{descriptor}".encode(), path.encode(), None, MS_BIND | MS_REC, None)
        os.close(descriptor)
    Path(request["wire"]).mkdir(parents=True)
    _bind(f"{INSIDE}/wire", request["wire"])
    _loopback_up()


def _make_mount_point(path: Path, folder: bool) -> None:
    (path if folder else path.parent).mkdir(parents=True, exist_ok=True)
    if not folder:
        path.touch()


def _bind(source: str, target: str) -> None:
    _call("mount", source.encode(), target.encode(), None, MS_BIND, None)


def _loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", IFF_UP))


def _drop_capabilities() -> None:
    for capability in range(MAX_CAPABILITIES):
        with contextlib.suppress(OSError):  # beyond the last that this system has
            prctl(PR_CAPBSET_DROP, capability)
    header = struct.pack("Ii", CAPABILITY_VERSION_3, 0)
    _call("capset", header, bytes(24))
    prctl(PR_SET_DUMPABLE, 1)  # the namespaces took it away, and with it a process's own /proc/self


def _call(name: str, *arguments: Any) -> None:
    """Call a function of the C library. Raises OSError."""
    words = [ctypes.c_ulong(word) if isinstance(word, int) else word for word in arguments]
    if getattr(_libc, name)(*words) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}: {os.strerror(number)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
