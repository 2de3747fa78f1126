"""What the desk refuses, and how it says so: a page for people, a plain sentence for the desk's own script."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from grader.records import Message, say

NO_SUCH_PAGE = say("There is no such page.")
DESK_FAILED = say("The desk failed at this. What was marked before is kept; the terminal that runs the desk says more.")


class Refused(Exception):
    """A request for something that is not there, or with a value that breaks a rule.

    Args:
        why: a whole sentence, with its full stop.
    """

    def __init__(self, status: HTTPStatus, why: Message) -> None:
        super().__init__(str(why))
        self.status = status
        self.why = why


def refusal(headers: Headers, status: int, sentence: str, page: Callable[[], str]) -> Response:
    """The answer that tells whoever asked why there is none.

    Args:
        page: makes the page around the sentence, for a browser that is about to show it.
    """
    if "hx-request" in headers:
        return PlainTextResponse(sentence, status_code=status)
    return HTMLResponse(page(), status_code=status)
