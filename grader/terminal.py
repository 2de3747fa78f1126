"""What is shown on the terminal while a class is graded, and of it: live progress, and tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext

from rich.console import Console, Group
from rich.live import Live
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

from grader.execution.protection import Protection
from grader.executors import Started
from grader.jobs import Job
from grader.pipeline import Plan
from grader.records import LeftOut, Outcome, Result, SharedText, Status, printable, say
from grader.reports.handed_in import SHARED_ASKED, SHARED_OPTIONS, about_shared, doubts, in_order_of_need
from grader.reports.translation import Translator
from grader.requirements import EXTRAS, advice
from grader.rubric.rubric import Rubric

MOST_SHARED = 6
LONGEST_SHARED = 90
MOST_LEFT_OUT = 20
"""Files and folders that the terminal lists; all of them are in ``left_out.csv``."""


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
                kept = f"; {event.unchanged} unchanged since they were graded" if event.unchanged else ""
                self._console.print(f"{counted(event.to_grade, 'submission')} to grade{kept}.", highlight=False)
                for line in shared_lines(event.shared, self._translator):
                    self._console.print(line, highlight=False, soft_wrap=True, markup=False)
                if event.to_grade:
                    self._console.print(
                        f"Class page, from the first result on: {event.class_page}",
                        highlight=False,
                        soft_wrap=True,
                        markup=False,
                    )
            case Started():
                self._leave(event.job.submission)
                name = printable(event.job.name or event.job.submission)
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
        words = [done, printable(result.name), result.status.value, marks(result, self._translator)]
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


def counted(number: float, one: str, many: str = "") -> str:
    """A number with its noun in English, as the command line speaks: ``1 submission``, ``2 submissions``."""
    return f"{number:g} {one if number == 1 else many or one + 's'}"


def marks_table(results: Sequence[Result], translator: Translator) -> Table:
    """One row a submission: status, mark, and what an instructor has to know."""
    table = Table("Submission", "Status", "Mark", "Remarks", title="Marks", title_justify="left")
    table.columns[2].justify = "right"
    for result in results:
        style = {Outcome.GRADED: "green", Outcome.PARTIAL: "yellow", Outcome.FAILED: "red"}[result.status]
        table.add_row(
            Text(printable(result.name)),
            Text(result.status.value, style),
            Text(marks(result, translator)),
            Text(remarks(result, translator)),
        )
    return table


def handed_in_lines(results: Sequence[Result], left_out: Sequence[LeftOut], translator: Translator) -> list[str]:
    """What an instructor should know of what was handed in: doubles, and what is not graded."""
    lines = [
        f"{result.name}: {translator.text(doubt)}"
        for result in results
        if result.handed_in is not None
        for doubt in doubts(result.handed_in)
    ]
    entries = in_order_of_need(left_out)
    if entries:
        lines.append(translator.say("Left out, and why: {count}", count=len(entries)))
        lines += [f"  {_owned(entry)}: {translator.text(entry.why)}" for entry in entries[:MOST_LEFT_OUT]]
    if len(entries) > MOST_LEFT_OUT:
        more = len(entries) - MOST_LEFT_OUT
        lines.append("  " + translator.say("and {count} more, in left_out.csv", count=more))
    return [printable(line) for line in lines]


def shared_lines(shared: Sequence[SharedText], translator: Translator) -> list[str]:
    """What most submissions have in common, and what an instructor can say of it; nothing where they share nothing."""
    if not shared:
        return []
    lines = [translator.text(told) for told in (*about_shared(shared), SHARED_ASKED)]
    lines += [f"  {option}  {translator.text(when)}" for option, when in SHARED_OPTIONS]
    lines += [
        f"  {text.count}/{text.of}  {' '.join(text.source.split())[:LONGEST_SHARED]}" for text in shared[:MOST_SHARED]
    ]
    return [printable(line) for line in lines]


def _owned(entry: LeftOut) -> str:
    return entry.path if entry.submission or not entry.name else f"{entry.path} ({entry.name})"


def marks(result: Result, translator: Translator) -> str:
    """For example ``8.75 / 10``, with a question mark where the mark is provisional."""
    score, most = translator.number(result.score.score), translator.number(result.score.max_score)
    return f"{score} / {most}{' ?' if result.score.provisional else ''}"


def remarks(result: Result, translator: Translator) -> str:
    """Why a submission did not reach its end, why it may be another file, and how many criteria wait for a person."""
    waiting = sum(
        finding.status in (Status.NEEDS_REVIEW, Status.ERROR)
        for question in result.score.questions
        for finding in question.findings
    )
    parts = [printable(translator.text(told)) for told in (result.reason, result.file_doubt) if told is not None]
    if waiting:
        parts.append(f"{waiting} to review")
    return " ".join(parts)


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
    questions, points = counted(len(rubric.questions), "question"), counted(rubric.points, "point")
    console.print(f"{questions}, {counted(criteria, 'criterion', 'criteria')}, {points}: valid.")


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
        to_do = advice(extra)
        sign, style = HELD["no" if to_do else "full"]
        table.add_row(Text(sign, style), purpose, Text(to_do))
    return table


def gaps_line(found: Sequence[Protection]) -> str:
    """One line for a run whose protection is less than full."""
    listed = "; ".join(f"{protection.what} ({protection.how})" for protection in found)
    return f"Protection is less than full: {listed}. More: grader doctor"
