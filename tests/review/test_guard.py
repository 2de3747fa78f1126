"""Who may talk to the desk."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
import requests
from desks import Served
from review_fixtures import desk, graded_out, out  # noqa: F401

from grader.errors import UsageError
from grader.publishing import open_class
from grader.review.server import open_desk

PAGES = ("/", "/question?q=1", "/open?q=1", "/consistency", "/search?words=a", "/static/desk.js")


@pytest.mark.parametrize("path", PAGES)
def test_nothing_is_shown_without_the_token(desk: Served, path: str) -> None:
    answer = requests.get(desk.root + path, timeout=10)
    assert answer.status_code == 403
    assert "grader review" in answer.text


def test_a_wrong_token_is_refused(desk: Served) -> None:
    assert requests.get(desk.address + "x", timeout=10).status_code == 403


def test_the_cookie_stays_with_this_site_and_out_of_scripts(desk: Served) -> None:
    cookie = requests.get(desk.address, allow_redirects=False, timeout=10).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=strict" in cookie.lower()


def test_the_token_does_not_stay_in_the_address(desk: Served) -> None:
    assert requests.get(desk.address, timeout=10).url == desk.root + "/"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
def test_another_name_for_this_machine_is_refused(desk: Served, host: str) -> None:
    browser = desk.browser()
    answer = browser.session.get(desk.root + "/", headers={"Host": host}, timeout=10)
    assert answer.status_code in (400, 421)
    assert "Review desk" not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"X-Desk-Secret": "guess"}, id="without the page's secret"),
        pytest.param({"X-Desk-Secret": ""}, id="with an empty one"),
        pytest.param({"Origin": "http://evil.example"}, id="from another site"),
        pytest.param({"Origin": "null"}, id="from nowhere"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, id="as the browser says"),
    ],
)
def test_a_mark_from_another_page_is_refused(desk: Served, headers: dict[str, str]) -> None:
    browser = desk.browser()
    name = sorted(desk.room.results)[0]
    form = {"s": desk.room.code(name), "q": "8.3", "c": "overfitting", "points": "0", "seen": 0}
    assert browser.post("/mark", form, **headers).status_code == 403
    assert desk.room.marks == {}
    assert browser.post("/mark", form).status_code == 200


def test_every_answer_forbids_what_the_desk_does_not_need(desk: Served) -> None:
    for path in PAGES:
        policy = desk.browser().get(path).headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src 'self'" in policy
        assert "unsafe" not in policy


def test_a_report_is_shut_in(desk: Served) -> None:
    name = sorted(desk.room.results)[0]
    (desk.out / name).mkdir()
    (desk.out / name / "report.html").write_text("<p>A report</p>")
    answer = desk.browser().get(f"/report?s={desk.room.code(name)}")
    assert answer.text == "<p>A report</p>"
    assert answer.headers["content-security-policy"].startswith("sandbox")


def test_it_listens_on_this_machine_only(desk: Served) -> None:
    port = int(desk.root.rpartition(":")[2])
    own = socket.gethostbyname(socket.gethostname())
    if own.startswith("127."):
        pytest.skip("this machine has no other address")
    with pytest.raises(ConnectionError), socket.create_connection((own, port), timeout=3):
        pass


def test_a_form_without_end_is_refused(desk: Served) -> None:
    assert desk.browser().post("/who", {"who": "x" * 200_000}).status_code == 400


def test_it_can_be_served_on_another_address_of_this_machine(out: Path) -> None:
    with open_desk(open_class(out), out, who="ana", listen="127.0.0.2") as desk:
        assert desk.socket.getsockname()[0] == "127.0.0.2"
        assert desk.address.startswith("http://127.0.0.1:"), "where a container's port is published"


def test_an_address_of_another_machine_is_refused(out: Path) -> None:
    with (
        pytest.raises(UsageError, match=r"--listen must be an IPv4 address of this machine\. Received: 192\.0\.2\.1"),
        open_desk(open_class(out), out, who="ana", listen="192.0.2.1"),
    ):
        pass
