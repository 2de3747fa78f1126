"""The desk's pages and what can be done on them. Every request is one short look at the gradebook, or one change."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, get_args

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from grader.records import say
from grader.reports.handed_in import about_shared
from grader.reports.pages import TEMPLATES as REPORT_TEMPLATES
from grader.reports.text import shown
from grader.reports.translation import Translator
from grader.review.calls import Call, Requested, read_form
from grader.review.classroom import WHOLE_FILE, Classroom
from grader.review.grouping import Group
from grader.review.guard import REPORT_POLICY
from grader.review.looking import inconsistencies, search, search_names
from grader.review.marking import Key, Saved, key_of
from grader.review.pages import (
    CARDS_ON_A_PAGE,
    GROUPS_ON_A_PAGE,
    Views,
    group_link,
    question_link,
    submission_link,
)
from grader.review.refusals import DESK_FAILED, NO_SUCH_PAGE, Refused, refusal
from grader.review.second_opinion import Idea, LanguageModel
from grader.review.steps import next_step
from grader.rubric.criteria import Concept
from grader.settings import SharedAs

STATIC = Path(__file__).parent / "static"
_MOST_FOUND = 30
_MOST_INCONSISTENT = 30
_LONGEST_COMMENT = 2_000
_LONGEST_NAME = 80

Handler = Callable[[Call], Response]


class Desk:
    """The application: pages over a classroom.

    Args:
        out: where the students' reports stand; None to link to none.
        model: gives a second opinion when it is asked for; None for none.
    """

    def __init__(
        self, room: Classroom, translator: Translator, out: Path | None, model: LanguageModel | None = None
    ) -> None:
        self._room = room
        self._translator = translator
        self._out = None if room.blind else out
        self._model = model
        self._requested = Requested(room)
        self._views = Views(room, translator, has_model=model is not None)
        self._style = "\n".join(
            file.read_text(encoding="utf-8") for file in (REPORT_TEMPLATES / "base.css", STATIC / "desk.css")
        )

    def app(self) -> Starlette:
        """All addresses of the desk. What they need of rights is checked by `Guard`, which goes around it."""
        pages: dict[str, Handler] = {
            "/": self.overview,
            "/question": self.question,
            "/open": self.open,
            "/group": self.group,
            "/submission": self.submission,
            "/consistency": self.consistency,
            "/search": self.search,
            "/comments": self.comments,
            "/next": self.next,
            "/report": self.report,
        }
        deeds: dict[str, Handler] = {
            "/mark": self.mark,
            "/accept": self.accept,
            "/decide": self.decide,
            "/undo": self.undo,
            "/who": self.who,
            "/shared": self.shared,
            "/opinion": self.opinion,
        }
        routes = [Route(path, self._served(handler), methods=["GET"]) for path, handler in pages.items()]
        routes += [Route(path, self._served(handler), methods=["POST"]) for path, handler in deeds.items()]
        routes += [
            Route("/static/desk.css", self._stylesheet, methods=["GET"]),
            Route("/static/desk.js", _script("desk.js"), methods=["GET"]),
            Route("/static/htmx.min.js", _script("htmx.min.js"), methods=["GET"]),
        ]
        return Starlette(routes=routes, exception_handlers={HTTPException: self._no_such_page, Exception: self._failed})

    def _served(self, handler: Handler) -> Callable[[Request], Any]:
        async def serve(request: Request) -> Response:
            form: dict[str, str] = {}
            if request.method == "POST":
                try:
                    form = await read_form(request)
                except ValueError:
                    too_long = Refused(HTTPStatus.BAD_REQUEST, say("A form must be UTF-8 and short."))
                    return await run_in_threadpool(self._refused, request, too_long)
            return await run_in_threadpool(self._handle, handler, Call(request, form))

        return serve

    def _handle(self, handler: Handler, call: Call) -> Response:
        try:
            if handler == self.opinion:  # it may wait for long, and must not keep others waiting
                return handler(call)
            with self._room.lock:
                self._room.refresh()
                return handler(call)
        except Refused as refused:
            return self._refused(call.request, refused)

    def _refused(self, request: Request, refused: Refused) -> Response:
        why = self._translator.text(refused.why)
        with self._room.lock:
            page = partial(self._views.page, "refused.html", request.state.reviewer, why=why)
            return refusal(request.headers, refused.status, why, page)

    async def _no_such_page(self, request: Request, error: Exception) -> Response:
        """For an address that is none, or takes no such request."""
        status = HTTPStatus(error.status_code if isinstance(error, HTTPException) else HTTPStatus.NOT_FOUND)
        return await run_in_threadpool(self._refused, request, Refused(status, NO_SUCH_PAGE))

    async def _failed(self, _: Request, __: Exception) -> Response:
        """A plain sentence: whatever failed may fail a page as well. The server then logs the error."""
        return PlainTextResponse(self._translator.text(DESK_FAILED), status_code=HTTPStatus.INTERNAL_SERVER_ERROR)

    def _stylesheet(self, _: Request) -> Response:
        return Response(self._style, media_type="text/css")

    # --- pages ---

    def overview(self, call: Call) -> Response:
        """All questions, and what is left."""
        room = self._room
        cases = [
            {
                "name": self._views.name(name),
                "link": submission_link(room.code(name)),
                "reason": " ".join(map(self._views.text, room.results[name].reasons)),
                "left": sum(map(room.is_open, room.keys_of(name))),
            }
            for name in room.whole_cases()
        ]
        outdated = [
            {"name": self._views.name(name), "link": submission_link(room.code(name))}
            for name in room.ordered({key[0] for key in room.open_keys() if room.is_outdated(key)})
        ]
        submissions = [
            {
                "name": self._views.name(name),
                "link": submission_link(room.code(name)),
                "left": sum(map(room.is_open, room.keys_of(name))),
            }
            for name in room.ordered(room.results)
        ]
        return self._page(
            "overview.html",
            call,
            questions=self._views.questions(),
            cases=cases,
            outdated=outdated,
            submissions=submissions,
            about_shared=[self._views.text(told) for told in about_shared(room.shared)] if room.shared else [],
            shared=room.shared,
        )

    def question(self, call: Call) -> Response:
        """The groups of one question."""
        question = self._requested.question(call.query.get("q", ""))
        groups = self._room.groups(question)
        start = call.number("from")
        shown = groups[start : start + GROUPS_ON_A_PAGE]
        more = start + GROUPS_ON_A_PAGE
        return self._page(
            "question.html",
            call,
            question=question,
            title=self._views.title(question),
            prompt=self._room.rubric.question(question).prompt,
            lines=[self._views.group_line(group) for group in shown],
            count=len(groups),
            next=next_step(self._room, question),
            **self._left_here(question),
            more=f"{question_link(question)}&from={more}" if more < len(groups) else "",
            fewer=f"{question_link(question)}&from={max(0, start - GROUPS_ON_A_PAGE)}" if start else "",
        )

    def open(self, call: Call) -> Response:
        """All that is left to decide in one question, like answers beside each other."""
        question = self._requested.question(call.query.get("q", ""))
        waiting = [
            (name, group)
            for group in self._room.groups(question)
            for name in group.members
            if any(self._room.is_open((name, question, check)) for check in group.checks)
        ]
        return self._page(
            "open.html",
            call,
            question=question,
            question_link=question_link(question),
            title=self._views.title(question),
            prompt=self._room.rubric.question(question).prompt,
            cards=[self._views.card(name, question, group.checks, group) for name, group in waiting[:CARDS_ON_A_PAGE]],
            count=len(waiting),
            **self._left_here(question),
            next=next_step(self._room, question, after=True),
        )

    def _left_here(self, question: str) -> dict[str, int]:
        """What is left of a question in its groups, and in submissions of which nothing could be judged."""
        waiting = [key for key in self._room.open_keys() if key[1] == question]
        whole = sum(key[0] in self._room.whole_cases() for key in waiting)
        return {"left_here": len(waiting) - whole, "left_elsewhere": whole}

    def group(self, call: Call) -> Response:
        """The answers of one group, to be marked."""
        return self._group_page(call, self._requested.group(call.query), call.number("from"))

    def _group_page(self, call: Call, group: Group, start: int, notice: str = "") -> Response:
        members = group.members[start : start + CARDS_ON_A_PAGE]
        more = start + CARDS_ON_A_PAGE
        return self._page(
            "group.html",
            call,
            question=group.question,
            question_link=question_link(group.question),
            title=self._views.title(group.question),
            prompt=self._room.rubric.question(group.question).prompt,
            cards=[self._views.card(name, group.question, group.checks, group) for name in members],
            more=group_link(group, more) if more < len(group.members) else "",
            fewer=group_link(group, max(0, start - CARDS_ON_A_PAGE)) if start else "",
            notice=notice,
            **self._acceptance(group, start),
        )

    def _acceptance(self, group: Group, start: int) -> dict[str, Any]:
        """What the head of a group's page says of all of it."""
        keys = self._room.keys(group)
        return {
            "group": group,
            "criteria": len(keys),
            "alike": self._views.alike(group),
            "unmarked": sum(key not in self._room.marks for key in keys),
            "first": start + 1,
            "last": min(start + CARDS_ON_A_PAGE, len(group.members)),
            "next": next_step(self._room, group.question),
        }

    def submission(self, call: Call) -> Response:
        """Everything that was found in one submission; any of it can be overridden."""
        return self._submission_page(call, self._requested.submission(call.query.get("s", "")))

    def _submission_page(self, call: Call, name: str, notice: str = "") -> Response:
        found = {key[1:] for key in self._room.keys_of(name)}
        checks = {
            question.id: [entry.id for entry in question.criteria if (question.id, entry.id) in found]
            for question in self._room.rubric.questions
        }
        reasons, causes = self._room.results[name].reasons, self._room.causes(name)
        return self._page(
            "submission.html",
            call,
            name=self._views.name(name),
            reason=" ".join(map(self._views.text, reasons)),
            notice=notice,
            whole=self._room.is_whole(name),
            waits=any(map(self._room.is_open, self._room.keys_of(name))),
            causes=[self._views.cause(name, cell, keys) for cell, keys in causes.items()],
            cards=[
                self._views.card(name, question, part, None, told=causes) for question, part in checks.items() if part
            ],
            next=next_step(self._room, leaving=name),
            report=f"/report?s={self._room.code(name)}" if self._out is not None else "",
        )

    def consistency(self, call: Call) -> Response:
        """Answers of almost the same words that have different points."""
        cases = inconsistencies(self._room)
        return self._page(
            "consistency.html",
            call,
            cases=[self._views.inconsistency(case) for case in cases[:_MOST_INCONSISTENT]],
            count=len(cases),
        )

    def search(self, call: Call) -> Response:
        """Answers that hold some words, to be marked on the spot."""
        words = call.query.get("words", "").strip()
        found, names = search(self._room, words), search_names(self._room, words)
        cards = []
        for name, question in found[:_MOST_FOUND]:
            group = next(
                (group for check in self._spoken(question) if (group := self._room.group_of((name, question, check)))),
                None,
            )
            cards.append(self._views.card(name, question, self._spoken(question), group))
        return self._page(
            "search.html",
            call,
            words=words,
            cards=[card for card in cards if card.rows],
            count=len(found),
            names=[
                {"name": self._views.name(name), "link": submission_link(self._room.code(name))}
                for name in names[:_MOST_FOUND]
            ],
        )

    def _spoken(self, question: str) -> list[str]:
        return [entry.id for entry in self._room.rubric.question(question).criteria if isinstance(entry, Concept)]

    def comments(self, call: Call) -> Response:
        """What people wrote before about a criterion, to be used again."""
        _, question, check = self._requested.key(call.query)
        return self._page("comments.html", call, comments=self._room.comments(question, check))

    def next(self, call: Call) -> Response:
        """Go to the next thing to decide."""
        step = next_step(self._room, call.query.get("q", ""))
        return RedirectResponse(step.link, status_code=HTTPStatus.SEE_OTHER)

    def report(self, call: Call) -> Response:
        """A student's report as it was written last; a blind desk has none."""
        name = self._requested.submission(call.query.get("s", ""))
        file = None if self._out is None else self._out / name / "report.html"
        if file is None or not file.is_file():
            raise Refused(HTTPStatus.NOT_FOUND, say("There is no report."))
        return FileResponse(file, media_type="text/html", headers={"Content-Security-Policy": REPORT_POLICY})

    # --- deeds ---

    def mark(self, call: Call) -> Response:
        """Mark one finding, or take a person's mark back; answers with its row, and other rows that it changed."""
        key = self._requested.key(call.form)
        group = self._requested.group_of(key, call.form)
        around = self._around(key, group, call)
        before = {other: self._room.proposal(other, group) for other in around}
        points = self._requested.points(call.form, key)
        if points is not None:
            comment = call.form.get("comment", "").strip()[:_LONGEST_COMMENT]
            saved = self._room.give(
                call.reviewer, {key: points}, comment=comment, seen=call.number("seen"), where=call.where
            )
        else:
            saved = self._room.take_back(call.reviewer, key, seen=call.number("seen"), where=call.where)
        changed = [other for other in around if self._room.proposal(other, group) != before[other]]
        on_group_page = group is not None and call.page.path == "/group"
        return self._page(
            "marked.html",
            call,
            row=self._views.row(key, group),
            others=[self._views.row(other, group) for other in changed],
            notice=self._notice(saved),
            part=True,
            accept=on_group_page,
            **(self._left_here(key[1]) if call.page.path == "/open" else {}),
            **(self._acceptance(group, call.first_card) if group is not None and on_group_page else {}),
        )

    def _around(self, key: Key, group: Group | None, call: Call) -> list[Key]:
        """What else is on the page of the group and not marked."""
        if group is None or call.page.path not in ("/group", "/open"):
            return []
        start, members = call.first_card, group.members
        if call.page.path == "/group":
            members = members[start : start + CARDS_ON_A_PAGE]
        else:
            members = tuple(
                name
                for name in members
                if any(self._room.is_open((name, group.question, check)) for check in group.checks)
            )
        keys = [(name, group.question, check) for name in members for check in group.checks]
        return [other for other in keys if other != key and other not in self._room.marks]

    def _notice(self, saved: Saved) -> str:
        if not saved.refused:
            return ""
        by = sorted({mark.who for key in saved.refused if (mark := self._room.marks.get(key))})
        if len(saved.refused) == 1:
            return self._translator.say(
                "Not saved: {who} marked this in the meantime. Look again, then mark it anew if you want.",
                who=by or self._translator.say("someone"),
            )
        return self._translator.say(
            "{count} criteria were left as they are: {who} marked them in the meantime.",
            count=len(saved.refused),
            who=by,
        )

    def accept(self, call: Call) -> Response:
        """Accept what is proposed for everything in a group that nobody has marked."""
        group = self._requested.group(call.form)
        points = {
            key: self._room.proposal(key, group).points for key in self._room.keys(group) if key not in self._room.marks
        }
        comment = call.form.get("comment", "").strip()[:_LONGEST_COMMENT]
        saved = self._room.give(call.reviewer, points, comment=comment, where=call.where)
        if call.page.path == "/open":
            return Response(status_code=HTTPStatus.NO_CONTENT, headers={"HX-Refresh": "true"})
        return self._group_page(call, group, call.number("from"), self._notice(saved))

    def decide(self, call: Call) -> Response:
        """Decide at once all that waits on account of one cell: with all points, with none, or as proposed."""
        name = self._requested.submission(call.form.get("s", ""))
        keys = self._room.causes(name).get(call.number("cell", WHOLE_FILE), [])
        found = {key: self._room.finding(key) for key in keys}
        match call.form.get("give", ""):
            case "all":
                points = {key: finding.max_points for key, finding in found.items()}
            case "none":
                points = dict.fromkeys(found, 0.0)
            case "proposed":
                points = {key: finding.points for key, finding in found.items()}
            case other:
                raise _not_one_of("all, none, proposed", other)
        saved = self._room.give(call.reviewer, points, where=call.where) if points else None
        return self._submission_page(call, name, "" if saved is None else self._notice(saved))

    def undo(self, call: Call) -> Response:
        """Take back what this reviewer did last, if it is what the page showed, and go to where it was done."""
        last = call.reviewer.done[-1:]
        if last and call.number("upto") not in (mark.number for mark in last[0].given):
            notice = self._translator.say("Meanwhile you marked something else, in another window: look at it first.")
            return self._page("undone.html", call, notice=notice, part=True)
        done = self._room.undo(call.reviewer)
        if done is None:
            return self._page("undone.html", call, notice="", part=True)
        action, saved = done
        key = key_of(action.given[0])
        row = self._views.row(key, self._room.group_of(key)).id if key[0] in self._room.results else ""
        undone = {"where": action.where, "row": row, "notice": self._notice(saved)}
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"HX-Trigger": json.dumps({"undone": undone})})

    def who(self, call: Call) -> Response:
        """Change the name under which this browser's marks are given."""
        name = " ".join(call.form.get("who", "").split())[:_LONGEST_NAME]
        if not name:
            raise Refused(HTTPStatus.BAD_REQUEST, say("A reviewer must have a name."))
        call.reviewer.who = name
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"HX-Refresh": "true"})

    def shared(self, call: Call) -> Response:
        """Say whose the texts are that most submissions share."""
        said = call.form.get("as", "")
        if said not in get_args(SharedAs):
            raise _not_one_of(", ".join(get_args(SharedAs)), said)
        self._room.settle_shared(given=said == "given")
        return Response(status_code=HTTPStatus.NO_CONTENT, headers={"HX-Refresh": "true"})

    def opinion(self, call: Call) -> Response:
        """Ask the language model for its view of one answer."""
        with self._room.lock:
            name = self._requested.submission(call.form.get("s", ""))
            question = self._room.rubric.question(self._requested.question(call.form.get("q", "")))
            answer = self._room.answer(name, question.id)
        if self._model is None:
            raise Refused(HTTPStatus.NOT_FOUND, say("No language model was named."))
        ideas = [
            Idea(entry.id, self._translator.pick(entry.title), self._translator.pick(entry.expected))
            for entry in question.criteria
            if isinstance(entry, Concept)
        ]
        opinion = self._model.opinion(question.prompt, ideas, answer, names=[name, self._room.results[name].name])
        return self._page(
            "opinion.html", call, part=True, model=self._model.name, **self._views.opinions(opinion, question.id)
        )

    # --- what they share ---

    def _page(self, template: str, call: Call, **values: Any) -> Response:
        return HTMLResponse(self._views.page(template, call.reviewer, **values))


def _not_one_of(allowed: str, received: str) -> Refused:
    told = say(
        "A form must name one of: {allowed}. Received: {received}.", allowed=allowed, received=shown(received, 20)
    )
    return Refused(HTTPStatus.BAD_REQUEST, told)


def _script(name: str) -> Callable[[Request], Any]:
    async def serve(_: Request) -> Response:
        return FileResponse(STATIC / name, media_type="text/javascript")

    return serve
