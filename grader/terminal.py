"""What is shown on the terminal: live progress while a class is graded, tables, a self-check's findings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext

from rich.console import Console, Group
from rich.live import Live
from rich.padding import Padding
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table
from rich.text import Text

from grader.execution import Protection
from grader.executors import Started
from grader.jobs import Job
from grader.pipeline import Plan
from grader.records import Finding, Outcome, Result, Status, say
from grader.reports import Translator
from grader.requirements import EXTRAS, missing
from grader.rubric.rubric import Question, Rubric

STYLES: Mapping[Status, tuple[str, str]] = {
    Status.PASSED: ("✓", "green"),
    Status.FAILED: ("✗", "red"),
    Status.SKIPPED: ("–", "yellow"),
    Status.NEEDS_REVIEW: ("?", "cyan"),
    Status.ERROR: ("!", "magenta"),
}
"""Sign and colour of each finding's status."""


class ClassProgress:
    """Follows `grade_class`: one bar for the class and one line for each submission under way.

    Where the output is no terminal, a plain line for each result instead.
    """

    def __init__(self, console: Console, translator: Translator) -> None:
        self._console = console
        self._translator = translator
        self._plan: Plan | None = None
        self._done = 0
        self._bar = Progress(
            TextColumn("Grading"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            _TimeLeft(self._left),
            console=console,
        )
        self._all = self._bar.add_task("", total=None)
        self._workers = Progress(
            SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn(), console=console
        )
        self._under_way: dict[str, TaskID] = {}

    def screen(self) -> AbstractContextManager[object]:
        """Within this context the display is live."""
        if not self._console.is_terminal:
            return nullcontext()
        return Live(Group(self._workers, self._bar), console=self._console, transient=True, refresh_per_second=4)

    def __call__(self, event: Plan | Started[Job] | Result) -> None:
        """Show what has happened."""
        match event:
            case Plan():
                self._plan = event
                self._bar.update(self._all, total=event.to_grade)
                noun = "submission" if event.to_grade == 1 else "submissions"
                kept = f"; {event.unchanged} unchanged since they were graded" if event.unchanged else ""
                self._console.print(f"{event.to_grade} {noun} to grade{kept}.", highlight=False)
                if event.to_grade:
                    self._console.print(
                        f"Class page, from the first result on: {event.class_page}",
                        highlight=False,
                        soft_wrap=True,
                        markup=False,
                    )
            case Started():
                self._leave(event.job.submission)
                name = printable(event.job.submission)
                self._under_way[event.job.submission] = self._workers.add_task(name, total=None)
            case Result():
                self._done += 1
                self._leave(event.submission)
                self._console.print(self._line(event), highlight=False, soft_wrap=True)
                self._bar.advance(self._all)

    def _leave(self, submission: str) -> None:
        if submission in self._under_way:
            self._workers.remove_task(self._under_way.pop(submission))

    def _left(self) -> str:
        """Empty before and after."""
        if self._plan is None or self._done >= self._plan.to_grade:
            return ""
        return time_left(self._plan.seconds_left())

    def _line(self, result: Result) -> Text:
        done = f"[{self._done}/{0 if self._plan is None else self._plan.to_grade}]"
        words = [done, printable(result.submission), result.status.value, marks(result, self._translator)]
        left = "" if self._console.is_terminal else self._left()
        return Text("  ".join(word for word in (*words, left) if word))


def time_left(seconds: float | None) -> str:
    """For example ``about 12 min left``, rounded as an estimate is; empty where nobody knows."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f"about {max(5, round(seconds / 5) * 5)} s left"
    return f"about {seconds / 60:.0f} min left" if seconds < 5400 else f"about {seconds / 3600:.1f} h left"


class _TimeLeft(ProgressColumn):
    """Counts down between two results."""

    def __init__(self, left: Callable[[], str]) -> None:
        super().__init__()
        self._left = left

    def render(self, task: Task) -> Text:  # noqa: ARG002
        return Text(self._left())


def marks_table(results: Sequence[Result], translator: Translator) -> Table:
    """One row a submission: status, mark, and what an instructor has to know."""
    table = Table("Submission", "Status", "Mark", "Remarks", title="Marks", title_justify="left")
    table.columns[2].justify = "right"
    for result in results:
        style = {Outcome.GRADED: "green", Outcome.PARTIAL: "yellow", Outcome.FAILED: "red"}[result.status]
        table.add_row(
            Text(printable(result.submission)),
            Text(result.status.value, style),
            Text(marks(result, translator)),
            Text(remarks(result, translator)),
        )
    return table


def marks(result: Result, translator: Translator) -> str:
    """For example ``8.75 / 10``, with a question mark where the mark is provisional."""
    score, most = translator.number(result.score.score), translator.number(result.score.max_score)
    return f"{score} / {most}{' ?' if result.score.provisional else ''}"


def remarks(result: Result, translator: Translator) -> str:
    """Why a submission did not reach its end, and how many criteria wait for a person."""
    waiting = sum(
        finding.status in (Status.NEEDS_REVIEW, Status.ERROR)
        for question in result.score.questions
        for finding in question.findings
    )
    parts = [] if result.reason is None else [printable(translator.text(result.reason))]
    if waiting:
        parts.append(f"{waiting} to review")
    return "; ".join(parts)


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


def print_rubric(console: Console, rubric: Rubric, translator: Translator) -> None:
    """What a rubric asks and what each criterion is worth."""
    table = Table("Question", "Criterion", "Check", "Points", title=Text(translator.pick(rubric.title)))
    table.columns[3].justify = "right"
    for question in rubric.questions:
        table.add_row(
            Text(question.id, "bold"),
            Text(translator.pick(question.title), "bold"),
            "",
            Text(f"{question.points:g}", "bold"),
        )
        for criterion in question.criteria:
            hidden = "" if criterion.public else " (not shown by grader check)"
            title = translator.pick(criterion.title) or criterion.id
            table.add_row("", Text(f"{title}{hidden}"), Text(criterion.check), f"{criterion.points:g}")
    console.print(table)
    criteria = sum(len(question.criteria) for question in rubric.questions)
    console.print(f"{len(rubric.questions)} questions, {criteria} criteria, {rubric.points:g} points: valid.")


def printable(text: str) -> str:
    """The text without line breaks and without what could command a terminal."""
    return "".join(char if char.isprintable() else " " for char in text)


def audit_lines(results: Sequence[Result], translator: Translator) -> list[str]:
    """What grading once more without replay showed: nothing where it was not asked for."""
    audited = [result for result in results if result.audit is not None]
    if not audited:
        return []
    differing = [
        f"{result.submission}: {translator.text(message)}" for result in audited for message in result.audit or ()
    ]
    summary = say(
        "Graded once more without replay: {count}; findings that differ: {differing}.",
        count=len(audited),
        differing=len(differing),
    )
    return [translator.text(summary), *differing]


HELD = {"full": ("✓", "green"), "partly": ("~", "yellow"), "no": ("✗", "red")}


def protections_table(found: Sequence[Protection]) -> Table:
    """What a notebook is kept from, and how well."""
    table = Table("", "A notebook is kept from", "how", "to do", box=None, pad_edge=False)
    for protection in found:
        sign, style = HELD[protection.held]
        table.add_row(Text(sign, style), protection.what, protection.how, protection.advice)
    return table


def extras_table() -> Table:
    """What each optional part of the grader is for, and which packages it lacks."""
    table = Table("", "Installed for", "to do", box=None, pad_edge=False)
    for extra, purpose in EXTRAS.items():
        lacking = missing(extra)
        sign, style = HELD["no" if lacking else "full"]
        advice = f"pip install 'grader[{extra}]' (without: {', '.join(lacking)})" if lacking else ""
        table.add_row(Text(sign, style), purpose, Text(advice))
    return table


def gaps_line(found: Sequence[Protection]) -> str:
    """One line for a run whose protection is less than full."""
    listed = "; ".join(f"{protection.what} ({protection.how})" for protection in found)
    return f"Protection is less than full: {listed}. More: grader doctor"
