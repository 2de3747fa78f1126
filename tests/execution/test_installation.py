"""What a kernel sees of an installation, for folders that lie in one another in every way."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from grader.errors import SandboxError, UsageError
from grader.execution import sandbox
from grader.execution.installation import Installation, find_installation, lay_out
from grader.execution.sandbox import check_sandbox, check_unseen


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
    assert found.shows(Path(sys.executable))
    assert found.shows(Path(pytest.__file__))
    assert not found.shows(Path(sandbox.__file__))


def test_an_installation_that_kernels_cannot_see_is_one_error(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = tuple(folder for folder in find_installation().shown if folder.is_relative_to("/usr"))
    monkeypatch.setattr(sandbox, "find_installation", lambda: Installation(shown, ()))
    monkeypatch.setattr(sys, "executable", "/opt/kernel/venv/bin/python")
    with pytest.raises(SandboxError, match=r"a kernel must be able to read the Python .* Received: .*No such file"):
        check_sandbox("bwrap")


def test_packages_that_kernels_would_not_see_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A package whose files are links to where nothing is mounted."""
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "__init__.py").touch()
    (tmp_path / "packages" / "course_tools").mkdir(parents=True)
    (tmp_path / "packages" / "course_tools" / "__init__.py").symlink_to(tmp_path / "kept" / "__init__.py")
    found = find_installation()
    packages = tmp_path / "packages"
    monkeypatch.setattr(
        sandbox, "find_installation", lambda: Installation((*found.shown, packages), found.covered, (), (packages,))
    )
    with pytest.raises(SandboxError, match=r"Received: kernels would not see .*course_tools/__init__\.py \(1 in all\)"):
        check_sandbox("bwrap")


@pytest.mark.parametrize("place", ["/usr/share/course", "{prefix}/lib/course"])
def test_what_notebooks_must_not_see_is_refused_where_they_are_shown_everything(place: str) -> None:
    path = Path(place.format(prefix=sys.prefix))
    with pytest.raises(UsageError, match=f"must not stand in a folder of the system .* Received: {path}"):
        check_unseen("bwrap", [Path("/srv/course"), path])
    check_unseen("none", [path])


@pytest.mark.parametrize("place", ["/usr/src/course", "/usr/local/src/course", "{prefix}/course", "{grader}/shipped"])
def test_what_kernels_are_not_shown_may_stand_anywhere(place: str) -> None:
    check_unseen("bwrap", [Path(place.format(prefix=sys.prefix, grader=Path(sandbox.__file__).parents[1]))])
