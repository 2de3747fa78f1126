"""A folder for students: the rubric without answers, the assignment, and how to check a notebook with them."""

from __future__ import annotations

import io
import re
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from grader.errors import UsageError
from grader.rubric.language import Language
from grader.rubric.public import without_answers
from grader.rubric.rubric import Rubric
from grader.wheel import wheel_for_students

TEMPLATES = Path(__file__).parent / "kit_files"
RUBRIC, README = "rubric.yaml", "README"
EXTRA = "[notebooks]"
"""What the grader needs besides to run what students write."""
FROM_INSTRUCTOR = {
    "es": "<archivo o dirección que te dé tu profesor>",
    "en": "<file or address that your instructor gives you>",
}
"""Stands for what is not known yet. It is no name, which pip would look up on its index, whoever's it is."""
_ADDRESS = re.compile(r"(?:git\+(?:https|ssh)|https)://[\w.~:/?#@&()*+,=%-]+")


def write_kit(rubric: Rubric, out: Path, package: str = "") -> list[Path]:
    """Write a folder for students, with the latest edition of the assignment.

    Args:
        out: a folder that is new or empty.
        package: what students install the grader by: a wheel, which is copied without the rubrics that it brings
            along, or an address as pip takes it; where it is left out, the instructions say that the instructor
            gives one.

    Returns:
        The files, in the order of their names.

    Raises:
        UsageError: `out` holds something or cannot be written, `package` is neither a wheel that can be read nor an
            address, or the assignment cannot be read.
    """
    wheel = _wheel(package)
    path = next(iter(rubric.assignment_paths), None)
    try:
        content = None if path is None else path.read_bytes()
    except OSError as error:
        raise UsageError(
            "the rubric's 'assignment' must be a readable file. Received: {path} ({reason})",
            path=path,
            reason=error.strerror,
        ) from error
    name = "" if path is None else path.name
    files = {RUBRIC: _yaml(rubric, name).encode()}
    for language in sorted(rubric.title):
        readme = f"{README}.md" if language == rubric.language else f"{README}.{language}.md"
        files[readme] = _readme(rubric, language, name, package, wheel).encode()
    if content is not None:
        files[name] = content
    if wheel is not None:
        files[wheel.name] = wheel_for_students(wheel)
    try:
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()):
            raise UsageError("--out must be a folder that is new or empty. Received: {out}", out=out)
        for file, written in files.items():
            (out / file).write_bytes(written)
    except OSError as error:
        raise UsageError(
            "--out must be a folder that can be written to. Received: {out} ({reason})", out=out, reason=error.strerror
        ) from error
    return [out / file for file in sorted(files)]


def is_address(package: str) -> bool:
    """True for what pip installs from elsewhere, as it stands there."""
    return _ADDRESS.fullmatch(package) is not None


def _wheel(package: str) -> Path | None:
    """The file; None for an address, and for nothing."""
    if not package or is_address(package):
        return None
    path = Path(package)
    if path.suffix == ".whl" and "://" not in package and not path.exists():
        raise UsageError("--package must name a file that exists. Received: {package}", package=repr(package))
    if not (re.fullmatch(r"grader-[\w.+-]+\.whl", path.name) and path.is_file()):
        raise UsageError(
            "--package must be a wheel of the grader (grader-….whl), or an https:// or a git+https:// address: a bare "
            "name would have students install whatever has it on the package index. Received: {package}",
            package=repr(package),
        )
    return path


def _requirement(package: str, wheel: Path | None, language: str) -> str:
    """What stands after ``pip install``."""
    if wheel is not None:
        return f"./{wheel.name}{EXTRA}"
    return f"grader{EXTRA} @ {package}" if package else FROM_INSTRUCTOR[language] + EXTRA


def _yaml(rubric: Rubric, assignment: str) -> str:
    from ruamel.yaml import YAML  # not needed to ask for help

    public = without_answers(rubric)
    content = public.model_dump(mode="json", exclude_defaults=True)
    content = {"title": public.title, "language": public.language, **content}
    if assignment:
        content["assignment"] = assignment
    written = io.StringIO()
    yaml = YAML()
    yaml.width = 120
    yaml.dump(content, written)
    return written.getvalue()


def _readme(rubric: Rubric, language: Language, assignment: str, package: str, wheel: Path | None) -> str:
    template = (TEMPLATES / f"README.{language}.md").read_text(encoding="utf-8")
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)
    return environment.from_string(template).render(
        title=rubric.title[language],
        assignment=assignment,
        package=_requirement(package, wheel, language),
        from_instructor="" if package else FROM_INSTRUCTOR[language],
        extra=EXTRA,
        wheel=wheel.name if wheel is not None else "",
    )
