"""What people are told to type: nothing that installs a stranger's program of the same name."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
BARE_INSTALL = re.compile(
    r"""\b(?:pip3?|pipx|uv\s+(?:pip|tool)|conda)\s+install(?:\s+[^\s,`]+)*?\s+['"]?"""
    r"""grader(?:\[[^\]\n]*\])?(?:[=<>~!][^'"\s]*)?['"`)]*(?!\s*@)(?=\s|$)"""
)
KINDS = {".py", ".md", ".po", ".html", ".sh", ".yaml", ".yml", ".toml", ".txt", ""}
TOLD = [
    file
    for part in (
        "README.md",
        "SECURITY.md",
        "Makefile",
        "Dockerfile",
        "compose.yaml",
        "docs",
        "grader",
        "scripts",
        "container",
    )
    for file in ([ROOT / part] if (ROOT / part).is_file() else sorted((ROOT / part).rglob("*")))
    if file.is_file() and file.suffix in KINDS and "shipped" not in file.parts
]


def bare_installs(text: str) -> list[str]:
    """Commands of pip and its like that name the grader as an index does."""
    return [line.strip() for line in text.splitlines() if BARE_INSTALL.search(line)]


@pytest.mark.parametrize(
    ("text", "is_bare"),
    [
        pytest.param("pip install grader", True, id="the-name"),
        pytest.param("!pip install -q 'grader[desk,dask]'", True, id="with-extras"),
        pytest.param("(`pip install --upgrade grader`)", True, id="with-an-option"),
        pytest.param("pipx install grader==1.0", True, id="with-a-version"),
        pytest.param("uv pip install numpy grader", True, id="among-others"),
        pytest.param("f\"pip install 'grader[{extra}]' more\"", True, id="in-a-message"),
        pytest.param("pip install '.[notebooks]'", False, id="from-a-clone"),
        pytest.param("pip install ./grader-1-py3-none-any.whl[desk]", False, id="from-a-wheel"),
        pytest.param('pip install "grader[desk] @ https://uni.example/g.whl"', False, id="from-an-address"),
        pytest.param("pip install starlette, for grader review", False, id="a-sentence"),
    ],
)
def test_a_bare_install_is_known(text: str, is_bare: bool) -> None:
    assert bool(bare_installs(text)) is is_bare


def test_nothing_tells_anybody_to_install_the_grader_by_its_name() -> None:
    assert len(TOLD) > 150
    found = {file: bare_installs(file.read_text(encoding="utf-8", errors="replace")) for file in TOLD}
    assert {str(file): lines for file, lines in found.items() if lines} == {}
