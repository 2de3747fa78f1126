"""What is shown on the terminal while a class is graded, and of it: live progress, and tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

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

from grader.errors import Phrase
from grader.execution.protection import Protection
from grader.executors import Started
from grader.jobs import Job
from grader.pipeline import ClassReport, Plan
from grader.records import LeftOut, Message, Outcome, Result, SharedText, Status, printable, say, say_number
from grader.reports.handed_in import (
    SHARED_ASKED,
    SHARED_OPTIONS,
    about_shared,
    doubts,
    in_order_of_need,
    told_gone,
    told_withheld,
)
from grader.reports.pages import OUTCOMES
from grader.reports.translation import Translator
from grader.requirements import EXTRAS, advice
from grader.rubric.public import is_without_answers
from grader.rubric.rubric import Rubric

MOST_SHARED = 6
LONGEST_SHARED = 90
_MOST_NAMES = 8
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
            TextColumn(translator.say("Grading"), markup=False),
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
                self._console.print(self._translator.text(_planned(event)), highlight=False, markup=False)
                for line in shared_lines(event.shared, self._translator):
                    self._console.print(line, highlight=False, soft_wrap=True, markup=False)
                if event.to_grade:
                    self._console.print(
                        self._translator.say(
                            "Class page, from the first result on: {file}", file=str(event.class_page)
                        ),
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
        return time_left(self._plan.seconds_left(), self._translator)

    def _line(self, result: Result) -> Text:
        done = f"[{self._done}/{0 if self._plan is None else self._plan.to_grade}]"
        outcome = self._translator.text(OUTCOMES[result.status].word)
        words = [done, printable(result.name), outcome, marks(result, self._translator)]
        left = "" if self._console.is_terminal else self._left()
        return Text("  ".join(word for word in (*words, left) if word))


def _planned(plan: Plan) -> Message:
    """How many submissions there are to grade, and how many keep their results."""
    to_grade = say_number(
        "{count} submission to grade", "{count} submissions to grade", plan.to_grade, count=plan.to_grade
    )
    if not plan.unchanged:
        return say("{to_grade}.", to_grade=to_grade)
    return say_number(
        "{to_grade}; {unchanged} unchanged since it was graded.",
        "{to_grade}; {unchanged} unchanged since they were graded.",
        plan.unchanged,
        to_grade=to_grade,
        unchanged=plan.unchanged,
    )


def time_left(seconds: float | None, translator: Translator) -> str:
    """For example ``about 12 min left``, rounded as an estimate is; empty where nobody knows."""
    if seconds is None:
        return ""
    if seconds < 90:
        return translator.say("about {time} s left", time=max(5, round(seconds / 5) * 5))
    if seconds < 5400:
        return translator.say("about {time} min left", time=round(seconds / 60))
    return translator.say("about {time:.1f} h left", time=seconds / 3600)


class _TimeLeft(ProgressColumn):
    """Counts down between two results."""

    def __init__(self, left: Callable[[], str]) -> None:
        super().__init__()
        self._left = left

    def render(self, task: Task) -> Text:  # noqa: ARG002
        return Text(self._left())


def marks_table(results: Sequence[Result], translator: Translator) -> Table:
    """One row a submission: status, mark, and what an instructor has to know."""
    heads = [translator.say("Submission"), translator.say("Status"), translator.say("Mark"), translator.say("Remarks")]
    table = Table(*heads, title=translator.say("Marks"), title_justify="left")
    table.columns[2].justify = "right"
    for result in results:
        style = {Outcome.GRADED: "green", Outcome.PARTIAL: "yellow", Outcome.FAILED: "red"}.get(result.status, "cyan")
        table.add_row(
            Text(printable(result.name)),
            Text(translator.text(OUTCOMES[result.status].word), style),
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
    if by_programs := len(left_out) - len(entries):
        told = say_number(
            "{count} more was made by programs.", "{count} more were made by programs.", by_programs, count=by_programs
        )
        lines.append(translator.text(told))
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
    told = (*result.reasons, *filter(None, [result.file_doubt]))
    parts = [*dict.fromkeys(_ended(printable(translator.text(each))) for each in told)]
    if waiting:
        parts.append(translator.say("{count} to decide", count=waiting))
    return " ".join(parts)


def _ended(sentence: str) -> str:
    """With a full stop, so that it does not run into the next."""
    return sentence if sentence.endswith((".", "?", "!", "…")) else f"{sentence}."


def print_rubric(console: Console, rubric: Rubric, translator: Translator) -> None:
    """What a rubric asks and what each criterion is worth."""
    heads = [translator.say("Question"), translator.say("Criterion"), translator.say("Check"), translator.say("Points")]
    table = Table(*heads, title=Text(translator.pick(rubric.title)))
    table.columns[3].justify = "right"
    for question in rubric.questions:
        table.add_row(
            Text(question.id, "bold"),
            Text(translator.pick(question.title), "bold"),
            "",
            Text(translator.number(question.points), "bold"),
        )
        for criterion in question.criteria:
            hidden = "" if criterion.public else f" ({translator.say('not shown by grader check')})"
            title = translator.pick(criterion.title) or criterion.id
            table.add_row("", Text(f"{title}{hidden}"), Text(criterion.check), translator.number(criterion.points))
    console.print(table)
    console.print(translator.text(_extent(rubric)))


def _extent(rubric: Rubric) -> Message:
    questions, points = len(rubric.questions), rubric.points
    criteria = sum(len(question.criteria) for question in rubric.questions)
    return say(
        "{questions}, {criteria}, {points}: valid.",
        questions=say_number("{count} question", "{count} questions", questions, count=questions),
        criteria=say_number("{count} criterion", "{count} criteria", criteria, count=criteria),
        points=say_number("{count} point", "{count} points", 1 if points == 1 else 2, count=points),
    )


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


def protections_table(found: Sequence[Protection], translator: Translator) -> Table:
    """What a notebook is kept from, and how well."""
    heads = [translator.say("A notebook is kept from"), translator.say("how"), translator.say("to do")]
    table = Table("", *heads, box=None, pad_edge=False)
    for protection in found:
        sign, style = HELD[protection.held]
        what, how = (Text(translator.text(told)) for told in (protection.what, protection.how))
        table.add_row(Text(sign, style), what, how, Text(translator.phrase(protection.advice)))
    return table


def extras_table(translator: Translator) -> Table:
    """What each optional part of the grader is for, and which packages it lacks."""
    table = Table("", translator.say("Installed for"), translator.say("to do"), box=None, pad_edge=False)
    for extra, purpose in EXTRAS.items():
        to_do = advice(extra)
        sign, style = HELD["no" if to_do else "full"]
        table.add_row(Text(sign, style), Text(translator.phrase(purpose)), Text(to_do))
    return table


def gaps_line(found: Sequence[Protection], translator: Translator) -> str:
    """One line for a run whose protection is less than full."""
    listed = "; ".join(f"{translator.text(gap.what)} ({translator.text(gap.how)})" for gap in found)
    return translator.say("Protection is less than full: {gaps}. More: grader doctor", gaps=listed)


def withheld_lines(rubric: Rubric, translator: Translator) -> list[str]:
    """A warning where a class is graded by the rubric that students get; nothing by another."""
    if not is_without_answers(rubric):
        return []
    return [translator.say("warning: {doubt}", doubt=translator.text(told_withheld(rubric)))]


def fault_lines(faults: Iterable[Phrase], translator: Translator) -> list[str]:
    """What the grader itself could not do, a line each."""
    return [translator.say("fault: {problem}", problem=translator.phrase(fault)) for fault in faults]


def ending_lines(
    report: ClassReport, named_only: bool, class_page: Path, translator: Translator, desk: str = ""
) -> list[str]:
    """What is left to do, if anything, and where the class page is.

    Args:
        named_only: True where only some submissions were asked for.
        desk: the command that opens the review desk.
    """
    page = translator.say("Class page: {file}", file=str(class_page))
    gone = [translator.text(told_gone(report.gone))] if report.gone else []
    told = [*gone, *_missing_lines(report, named_only, translator), *_waiting_lines(report.results, desk, translator)]
    return [*map(printable, told), page]


def _waiting_lines(results: Sequence[Result], desk: str, translator: Translator) -> list[str]:
    """What a question mark beside a mark means, and what is to be done about it."""
    waiting = sum(result.score.provisional and result.outdated is None for result in results)
    if not waiting:
        return []
    told = say_number(
        "With “?”, a mark is provisional until a person decides: {count} is. To decide: {command}",
        "With “?”, a mark is provisional until a person decides: {count} are. To decide: {command}",
        waiting,
        count=waiting,
        command=desk or "grader review OUT",
    )
    return [translator.text(told)]


def _missing_lines(report: ClassReport, named_only: bool, translator: Translator) -> list[str]:
    if not report.missing:
        return []
    told = _counted(report.missing)
    if named_only:
        left = say("Not graded: {count}. The same command without --only grades the rest.", count=told)
    else:
        left = say("Not graded: {count}. The same command goes on where this one ended.", count=told)
    interrupted = [translator.say("Interrupted.")] if report.interrupted else []
    return [" ".join([*interrupted, translator.text(left)])]


def _counted(names: Sequence[str]) -> str:
    """How many, and the first of them by name."""
    shown = ", ".join(printable(name) for name in names[:_MOST_NAMES])
    return f"{len(names)} ({shown}{', …' if len(names) > _MOST_NAMES else ''})"


def reported_lines(
    results: Sequence[Result], missing: Sequence[str], class_page: Path, translator: Translator
) -> Iterator[str]:
    """What `grader report` has written anew."""
    waiting = sum(result.score.provisional for result in results)
    yield translator.say_number(
        "{count} submission, {waiting} with a provisional mark.",
        "{count} submissions, {waiting} with a provisional mark.",
        len(results),
        count=len(results),
        waiting=waiting,
    )
    outdated = [result.name for result in results if result.outdated is not None]
    if outdated:
        yield translator.say("Outdated: {count}. grader grade grades what is new.", count=_counted(outdated))
    if missing:
        yield translator.say("Not graded: {count}. grader grade goes on where it ended.", count=_counted(missing))
    yield translator.say("Class page: {file}", file=str(class_page))
