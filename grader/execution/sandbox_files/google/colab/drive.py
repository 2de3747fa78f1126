"""An empty drive."""

from pathlib import Path


def mount(mountpoint: str, *_: object, **__: object) -> None:
    """Say that the drive is there; where a folder can be made, it is, and it is empty."""
    try:
        Path(mountpoint, "MyDrive").mkdir(parents=True, exist_ok=True)
    except OSError:
        pass
    print(f"Mounted at {mountpoint}")


def flush_and_unmount(*_: object, **__: object) -> None:
    """Do nothing."""
