"""Real desks for tests: a written class in a gradebook, served on a port of this machine."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import requests
import shipped
from waiting import wait_until
from written_class import make_class, make_results, written

from grader.gradebook import Gradebook
from grader.publishing import open_class
from grader.records import Result
from grader.review.classroom import Classroom
from grader.review.second_opinion import LanguageModel
from grader.review.server import open_desk


@dataclass(frozen=True)
class Served:
    """A desk that answers."""

    address: str
    """With the token."""
    room: Classroom
    out: Path

    @property
    def root(self) -> str:
        return self.address.partition("/?")[0]

    def browser(self) -> Browser:
        return Browser(self)


class Browser:
    """What a browser sends, without one: cookie, origin, and the page's own secret."""

    def __init__(self, desk: Served) -> None:
        self.root = desk.root
        self.session = requests.Session()
        page = self.session.get(desk.address, timeout=30)
        assert page.status_code == 200, page.text
        found = re.search(r'"X-Desk-Secret": "([^"]+)"', page.text)
        assert found is not None
        self.secret = found[1]

    def get(self, path: str) -> requests.Response:
        return self.session.get(self.root + path, timeout=30)

    def post(self, path: str, form: dict[str, object], where: str = "/", **headers: str) -> requests.Response:
        own = {"Origin": self.root, "X-Desk-Secret": self.secret, "HX-Current-URL": self.root + where}
        return self.session.post(self.root + path, data=form, headers=own | headers, timeout=30)


@contextmanager
def served(
    out: Path, url: str = "", *, who: str = "ana", blind: bool = False, model: LanguageModel | None = None
) -> Iterator[Served]:
    """A desk for what was graded in `out`, in a thread of its own."""
    with open_desk(open_class(out, url), out, who=who, blind=blind, model=model) as desk:
        thread = threading.Thread(target=desk.run, daemon=True)
        thread.start()
        try:
            wait_until(lambda: desk.server.started)
            yield Served(desk.address, desk.room, out)
        finally:
            desk.server.should_exit = True
            thread.join(30)


RUBRIC = shipped.RUBRIC.model_copy(update={"learned_from": ()})
"""Without the marked answers that ship: judging is quicker, and more is left to decide."""


def small_class(out: Path, *, count: int = 12, url: str = "", language: str = "en") -> tuple[Gradebook, list[Result]]:
    """A class of some submissions with answers of the half that is only measured."""
    results = list(make_results(RUBRIC, written("measure"), count))
    return make_class(out, results, RUBRIC, url, language), results


def most_open(room: Classroom) -> str:
    """The question of prose with most to decide."""
    spoken = [question.id for question in RUBRIC.questions if any(group.prose for group in room.groups(question.id))]
    found = max(spoken, key=lambda question: room.left(question)[0])
    assert room.left(found)[0] >= 2
    return found
