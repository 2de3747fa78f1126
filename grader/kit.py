"""A folder for students: the rubric without answers, the assignment, and how to check a notebook with them."""

from __future__ import annotations

import io
from pathlib import Path

from jinja2 import Environment, StrictUndefined

from grader.errors import UsageError
from grader.rubric.public import without_answers
from grader.rubric.rubric import Rubric

TEMPLATES = Path(__file__).parent / "kit_files"
RUBRIC, README = "rubric.yaml", "README"


def write_kit(rubric: Rubric, out: Path, package: str) -> list[Path]:
    """Write a folder for students, with the latest edition of the assignment.

    Args:
        out: a folder that is new or empty.
        package: what students install the grader by: a name, a file or an address, as pip takes it.

    Returns:
        The files, in the order of their names.

    Raises:
        UsageError: `out` holds something, cannot be written, or the assignment cannot be read.
    """
    path = next(iter(rubric.assignment_paths), None)
    try:
        content = None if path is None else path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"the rubric's 'assignment' must be a readable file. Received: {path} ({error.strerror})"
        ) from error
    name = "" if path is None else path.name
    files = {RUBRIC: _yaml(rubric, name).encode()}
    for language in sorted(rubric.title):
        readme = f"{README}.md" if language == rubric.language else f"{README}.{language}.md"
        files[readme] = _readme(rubric, language, name, package).encode()
    if content is not None:
        files[name] = content
    try:
        out.mkdir(parents=True, exist_ok=True)
        if any(out.iterdir()):
            raise UsageError(f"--out must be a folder that is new or empty. Received: {out}")
        for file, written in files.items():
            (out / file).write_bytes(written)
    except OSError as error:
        raise UsageError(
            f"--out must be a folder that can be written to. Received: {out} ({error.strerror})"
        ) from error
    return [out / file for file in sorted(files)]


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


def _readme(rubric: Rubric, language: str, assignment: str, package: str) -> str:
    template = (TEMPLATES / f"README.{language}.md").read_text(encoding="utf-8")
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True, autoescape=False)
    values = {"title": rubric.title[language], "assignment": assignment, "package": package}  # type: ignore[index]
    return environment.from_string(template).render(values)
