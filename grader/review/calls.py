"""Requests to the desk: who asks, with what, from which page; and what in the class a request names."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit

from starlette.requests import Request

from grader.records import say
from grader.reports.text import shown
from grader.review.classroom import Classroom
from grader.review.grouping import Group
from grader.review.marking import Key, Reviewer
from grader.review.refusals import Refused

COMMENT_ALONE = say(
    "A comment is saved with points, and stays in its field until then. "
    "Leave the field with Esc and press 0, 1, 2 or ↵, or write exact points."
)
_LONGEST_FORM = 100_000


class Call:
    """One request: who asks, and with what."""

    def __init__(self, request: Request, form: Mapping[str, str]) -> None:
        self.request = request
        self.reviewer: Reviewer = request.state.reviewer
        self.query = request.query_params
        self.form = form
        self.page = urlsplit(request.headers.get("hx-current-url", "/"))
        """The page that it comes from."""

    def number(self, name: str, default: int = 0) -> int:
        """A whole number of the query or form."""
        found = self.form.get(name) or self.query.get(name) or ""
        return int(found) if found.isascii() and found.isdigit() and len(found) < 19 else default

    @property
    def first_card(self) -> int:
        """The first card of the page that it comes from."""
        found = dict(parse_qsl(self.page.query)).get("from", "0")
        return int(found) if found.isascii() and found.isdigit() and len(found) < 9 else 0

    @property
    def where(self) -> str:
        """The page that it comes from, as a link."""
        path = self.page.path if re.match("/[a-z]*$", self.page.path) else "/"
        return path + (f"?{self.page.query}" if self.page.query else "")


async def read_form(request: Request) -> dict[str, str]:
    """The form of a request. Raises ValueError where it is no UTF-8, or long."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LONGEST_FORM:
            raise ValueError("too long")
    return dict(parse_qsl(body.decode(), keep_blank_values=True))


class Requested:
    """What requests name in a class. Every method raises Refused for what is not there."""

    def __init__(self, room: Classroom) -> None:
        self._room = room

    def question(self, question: str) -> str:
        """A question by its id."""
        if not any(entry.id == question for entry in self._room.rubric.questions):
            raise Refused(HTTPStatus.NOT_FOUND, say("There is no such question."))
        return question

    def submission(self, code: str) -> str:
        """A submission by its code."""
        try:
            return self._room.submission(code)
        except KeyError:
            raise Refused(HTTPStatus.NOT_FOUND, say("There is no such submission.")) from None

    def group(self, values: Mapping[str, str]) -> Group:
        """A group by its question and id."""
        try:
            return self._room.group(self.question(values.get("q", "")), values.get("g", ""))
        except KeyError:
            raise Refused(
                HTTPStatus.NOT_FOUND, say("There is no such group any more: the class was graded again.")
            ) from None

    def group_of(self, key: Key, form: Mapping[str, str]) -> Group | None:
        """The group of a finding, if the form names it."""
        group = self._room.group_of(key)
        return group if group is not None and group.id == form.get("g") else None

    def key(self, form: Mapping[str, str]) -> Key:
        """A finding by its submission, question and criterion."""
        key = self.submission(form.get("s", "")), form.get("q", ""), form.get("c", "")
        try:
            self._room.finding(key)
        except KeyError:
            raise Refused(HTTPStatus.NOT_FOUND, say("There is no such criterion.")) from None
        return key

    def points(self, form: Mapping[str, str], key: Key) -> float | None:
        """The points of a form; None where the mark is to be taken back.

        Raises:
            Refused: they are out of range, or none are given and none were: a comment decides nothing.
        """
        given = (form.get("points") or form.get("exact") or form.get("now") or "").strip()
        if given == "back":
            return None
        if not given:
            raise Refused(HTTPStatus.BAD_REQUEST, COMMENT_ALONE)
        try:
            points = float(given.replace(",", "."))
        except ValueError:
            points = math.nan
        most = self._room.finding(key).max_points
        if not 0 <= points <= most + 1e-9:
            told = say(
                "Points must be a number from 0 to {most}. Received: {given}.", most=most, given=shown(given, 20)
            )
            raise Refused(HTTPStatus.BAD_REQUEST, told)
        return points
