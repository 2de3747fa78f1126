"""What a student's own check shows on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from grader.records import Finding, Outcome, Result, Status
from grader.reports.translation import Translator
from grader.rubric.rubric import Question, Rubric

STYLES: Mapping[Status, tuple[str, str]] = {
    Status.PASSED: ("✓", "green"),
    Status.FAILED: ("✗", "red"),
    Status.SKIPPED: ("–", "yellow"),
    Status.NEEDS_REVIEW: ("?", "cyan"),
    Status.ERROR: ("!", "magenta"),
}
"""Sign and colour of each finding's status."""


def print_self_check(console: Console, result: Result, rubric: Rubric, translator: Translator) -> None:
    """A student's own check: each public criterion with its message, and a hint where points are lost."""
    if result.reason is not None:
        console.print(Text(printable(translator.text(result.reason)), "yellow"))
    for question in rubric.questions:
        public = {criterion.id for criterion in question.criteria if criterion.public}
        findings = [
            finding
            for score in result.score.questions
            if score.question == question.id
            for finding in score.findings
            if finding.check in public
        ]
        if findings and result.status != Outcome.FAILED:
            _print_question(console, question, findings, translator)


def _print_question(console: Console, question: Question, findings: Sequence[Finding], translator: Translator) -> None:
    got, most = sum(finding.points for finding in findings), sum(finding.max_points for finding in findings)
    heading = f"\n{question.id}  {translator.pick(question.title)}"
    console.print(Text(f"{heading}  {translator.number(got)} / {translator.number(most)}", "bold"))
    criteria = {criterion.id: criterion for criterion in question.criteria}
    for finding in findings:
        criterion = criteria[finding.check]
        sign, style = STYLES[finding.status]
        title = translator.pick(criterion.title) or criterion.id
        console.print(Text.assemble(("  ", ""), (sign, style), f" {printable(title)}"))
        if finding.status != Status.PASSED:
            console.print(_indented(printable(translator.text(finding.message))))
            if hint := translator.pick(criterion.hint):
                console.print(_indented(printable(hint), "dim"))


def _indented(text: str, style: str = "") -> Padding:
    return Padding(Text(text, style), (0, 0, 0, 6))


def printable(text: str) -> str:
    """The text without line breaks and without what could command a terminal."""
    return "".join(char if char.isprintable() else " " for char in text)
