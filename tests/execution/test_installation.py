"""What a kernel sees of an installation, for folders that lie in one another in every way."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from grader.errors import SandboxError
from grader.execution import check_sandbox, sandbox
from grader.execution.installation import Installation, find_installation, lay_out


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    """Two virtual environments, one with the grader installed, and a checkout with a third one in it."""
    for folder in ("venv/site-packages/grader/rubrics", "venv/site-packages/numpy", "other/lib", "checkout/.venv/lib"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "link").symlink_to(tmp_path / "venv")
    return tmp_path


CASES: dict[str, tuple[list[str], list[str], list[str], list[str]]] = {
    "an environment": (["other"], [], ["other"], []),
    "folders in one another": (["venv/site-packages", "venv"], [], ["venv"], []),
    "the grader installed beside packages": (
        ["venv"], ["venv/site-packages/grader"], ["venv"], ["venv/site-packages/grader"],
    ),
    "under two names": (
        ["venv", "link"], ["venv/site-packages/grader"],
        ["link", "venv"], ["link/site-packages/grader", "venv/site-packages/grader"],
    ),
    "an environment in the checkout": (["checkout/.venv"], ["checkout"], ["checkout/.venv"], []),
    "a checkout between": (["", "checkout/.venv"], ["checkout"], ["", "checkout/.venv"], ["checkout"]),
    "what is not there": (["nowhere"], [], [], []),
}  # fmt: skip


@pytest.mark.parametrize(("given", "own", "shown", "covered"), CASES.values(), ids=CASES)
def test_what_is_shown_and_covered(
    given: list[str], own: list[str], shown: list[str], covered: list[str], folders: Path
) -> None:
    found = lay_out([folders / name for name in given], [folders / name for name in own])
    assert sorted(found.shown) == [folders / name for name in shown]
    assert list(found.covered) == [folders / name for name in covered]


def test_this_installation_is_shown_without_the_grader() -> None:
    found = find_installation()
    assert any(Path(sys.prefix).is_relative_to(folder) for folder in (*found.shown, Path("/usr")))
    assert not any(Path(sandbox.__file__).is_relative_to(folder) for folder in found.shown)


def test_an_installation_that_kernels_cannot_see_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "find_installation", lambda: Installation((), ()))
    monkeypatch.setattr(sys, "executable", "/opt/kernel/venv/bin/python")
    with pytest.raises(SandboxError, match=r"a kernel must be able to read the Python .* Received: .*No such file"):
        check_sandbox("bwrap")
