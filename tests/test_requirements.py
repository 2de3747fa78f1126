"""What is installed of the grader's optional parts, by its own metadata."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from grader import requirements
from grader.errors import UsageError
from grader.requirements import EXTRAS, check_requirements, missing


@pytest.fixture
def declared(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Metadata with an extra of which one package is installed, in the forms that build tools write."""
    lines = [
        "numpy",
        'no-such-package>=2; extra == "desk"',
        "pytest[x]>1,<99 ; extra=='desk'",
        'other; extra == "dask"',
    ]
    monkeypatch.setattr(requirements, "_requirements", lambda: lines)
    missing.cache_clear()
    yield
    missing.cache_clear()


@pytest.mark.usefixtures("declared")
def test_what_is_missing_is_named_with_what_to_do() -> None:
    assert missing("desk") == ("no-such-package",)
    with pytest.raises(
        UsageError, match=r"^grader review needs .*\(pip install no-such-package\)\. Received: no no-such-package$"
    ):
        check_requirements("desk")


@pytest.mark.parametrize("extra", EXTRAS)
def test_everything_is_installed_where_tests_run(extra: str) -> None:
    check_requirements(extra)
