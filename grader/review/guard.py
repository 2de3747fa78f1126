"""Who may talk to the desk: this machine's own browser, with the token of the address that was printed.

The desk listens on the loopback interface, or on that of a container whose port is published there. That alone does not
keep out other web pages in the same browser: so the ``Host`` has to be a loopback name (or a page could have its own
name resolve to this machine), everything needs the session's cookie (or it could just ask), and whatever changes
something needs the session's own secret as well (or it could have the browser send a form).
"""

from __future__ import annotations

import secrets
import time
from http import HTTPStatus

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from grader.records import Message as Sentence
from grader.records import say
from grader.reports.translation import Translator
from grader.review.marking import Reviewer

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
CSRF_HEADER = "x-desk-secret"
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
REPORT_POLICY = "sandbox allow-popups; default-src 'none'; style-src 'unsafe-inline'"
"""For a student's report: a page of its own that can do nothing to the desk."""
_MOST_SESSIONS = 100
_WITHOUT_TOKEN = say("Open the whole address that grader review printed.")
_OTHER_HOST = say("The desk answers to 127.0.0.1 and localhost only.")
_OTHER_PAGE = say("This request does not come from a page of the desk that is open now. Reload the page.")


class Guard:
    """Lets requests through to the desk, or refuses them.

    Args:
        who: name under which marks are given, unless the reviewer changes it.
        token: the secret in the address.
        translator: speaks to those who are refused.
    """

    def __init__(self, app: ASGIApp, *, token: str, who: str, port: int, translator: Translator) -> None:
        self._app = app
        self._translator = translator
        self._token = token
        self._who = who
        self._cookie = f"desk_{port}"
        self._sessions: dict[str, Reviewer] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                _harden(MutableHeaders(scope=message), time.perf_counter() - began)
            await send(message)

        answered = self._admit(scope)
        await (answered or self._app)(scope, receive, answer)

    def _admit(self, scope: Scope) -> Response | None:
        """None for a request that may pass; its reviewer is then in the scope's state."""
        request, headers = HTTPConnection(scope), Headers(scope=scope)
        if _host(headers.get("host", "")) not in LOOPBACK:
            return self._refusal(HTTPStatus.MISDIRECTED_REQUEST, _OTHER_HOST)
        if scope["method"] == "GET" and "token" in request.query_params:
            return self._log_in(request.query_params["token"])
        reviewer = self._sessions.get(request.cookies.get(self._cookie, ""))
        if reviewer is None:
            return self._refusal(HTTPStatus.FORBIDDEN, _WITHOUT_TOKEN)
        if scope["method"] not in ("GET", "HEAD") and not _is_own(headers, reviewer):
            return self._refusal(HTTPStatus.FORBIDDEN, _OTHER_PAGE)
        scope.setdefault("state", {})["reviewer"] = reviewer
        return None

    def _log_in(self, token: str) -> Response:
        if not secrets.compare_digest(token.encode(), self._token.encode()):
            return self._refusal(HTTPStatus.FORBIDDEN, _WITHOUT_TOKEN)
        session = secrets.token_urlsafe(32)
        while len(self._sessions) >= _MOST_SESSIONS:
            del self._sessions[next(iter(self._sessions))]
        self._sessions[session] = Reviewer(self._who)
        response = RedirectResponse("/", status_code=HTTPStatus.SEE_OTHER)
        response.set_cookie(self._cookie, session, httponly=True, samesite="strict", path="/")
        return response

    def _refusal(self, status: HTTPStatus, why: Sentence) -> Response:
        return PlainTextResponse(self._translator.text(why), status_code=status)


def _host(header: str) -> str:
    name, colon, port = header.rpartition(":")
    return name if colon and port.isdigit() else header


def _is_own(headers: Headers, reviewer: Reviewer) -> bool:
    origin = headers.get("origin")
    if origin is not None and origin != f"http://{headers.get('host', '')}":
        return False
    if headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    return secrets.compare_digest(headers.get(CSRF_HEADER, "").encode(), reviewer.csrf.encode())


def _harden(headers: MutableHeaders, seconds: float) -> None:
    headers.setdefault("Content-Security-Policy", POLICY)
    headers["X-Content-Type-Options"] = "nosniff"
    headers["Referrer-Policy"] = "no-referrer"
    headers["Cross-Origin-Opener-Policy"] = "same-origin"
    headers["Cross-Origin-Resource-Policy"] = "same-origin"
    headers.setdefault("Cache-Control", "no-store")
    headers["Server-Timing"] = f"desk;dur={seconds * 1000:.1f}"
