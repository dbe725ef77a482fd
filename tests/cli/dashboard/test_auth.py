"""Who may look at a dashboard: tokens, logins, names of this machine, and what browsers are told."""

from __future__ import annotations

import base64
import dataclasses
import logging
import re
from pathlib import Path
from typing import Any

import pytest
import requests

from speeko_cli.dashboard.auth import (
    FREE_TRIES,
    SESSION_COOKIE,
    TRY_SECONDS,
    Access,
    LoginAttempts,
    access,
)
from speeko_cli.dashboard.errors import Problem
from speeko_cli.dashboard.server import ours
from speeko_cli.runtime.network import is_loopback
from speeko_jobs import runtime
from speeko_jobs.errors import ConfigError
from speeko_jobs.settings import Settings
from tests.cli.dashboard.conftest import Client, Serve, Shop

TOKEN = "token-0123456789-abcdef"
LOGIN = "shop:pass:word-äöü"
PAGES = ["/", "/costs", "/cache", "/schedules", "/workers", "/events?path=/", "/api/now", "/openapi.json"]


def basic(login: str) -> str:
    return "Basic " + base64.b64encode(login.encode()).decode()


# the rules


@pytest.mark.parametrize(
    ("bind", "environ", "why"),
    [
        ("0.0.0.0", {}, "--bind 0.0.0.0 is open to other machines: set SPEEKO_DASHBOARD_TOKEN"),
        ("::", {}, "is open to other machines"),
        ("example.com", {}, "is open to other machines"),
        ("", {}, "is open to other machines"),
        ("127.0.0.1", {"SPEEKO_DASHBOARD_TOKEN": "too-short"}, "takes at least 16"),
        ("0.0.0.0", {"SPEEKO_DASHBOARD_TOKEN": "x" * 15}, "takes at least 16"),
        ("0.0.0.0", {"SPEEKO_DASHBOARD_TOKEN": "ä" * 16}, "takes at least 16"),
        ("0.0.0.0", {"SPEEKO_DASHBOARD_AUTH": "nocolon"}, "takes user:password"),
        ("0.0.0.0", {"SPEEKO_DASHBOARD_AUTH": "user:"}, "takes user:password"),
        (
            "0.0.0.0",
            {"SPEEKO_DASHBOARD_AUTH": "user:p"},
            "password of SPEEKO_DASHBOARD_AUTH is too weak",
        ),
        ("0.0.0.0", {"SPEEKO_DASHBOARD_AUTH": "administrator:administrator"}, "it repeats the user's name"),
        ("0.0.0.0", {"SPEEKO_DASHBOARD_AUTH": "user:xyxyxyxyxyxyxy"}, "fewer than 5 different characters"),
        ("0.0.0.0", {"SPEEKO_DASHBOARD_AUTH": "user:PasswordPassword"}, "it is on every list"),
        ("0.0.0.0", {"SPEEKO_DASHBOARD_TOKEN": "x" * 16}, "SPEEKO_DASHBOARD_TOKEN is too weak"),
        ("0.0.0.0", {"SPEEKO_DASHBOARD_AUTH": "a:b", "SPEEKO_DASHBOARD_TOKEN": TOKEN}, "not both"),
    ],
)
def test_what_would_let_everybody_in_is_refused(bind: str, environ: dict[str, str], why: str) -> None:
    with pytest.raises(ConfigError, match=why) as raised:
        access(bind, environ, allow_actions=False)
    assert not [value for value in environ.values() if value != "user:" and value in str(raised.value)]


def test_a_short_password_serves_this_machine() -> None:
    assert access("127.0.0.1", {"SPEEKO_DASHBOARD_AUTH": "user:p"}, allow_actions=False).login == "user:p"
    strong = {"SPEEKO_DASHBOARD_AUTH": "user:correct horse"}
    assert access("0.0.0.0", strong, allow_actions=False).login


def test_the_verb_refuses_an_open_address_in_one_line(here: Any) -> None:
    code, out, err = here("dashboard", "--bind", "0.0.0.0", "--port", "0")
    assert (code, out) == (1, "")
    assert err.startswith("speeko: --bind 0.0.0.0 is open to other machines")
    assert err.count("\n") == 1


def test_what_is_loopback() -> None:
    assert [a for a in ("localhost", "127.0.0.1", "127.9.9.9", "::1") if not is_loopback(a)] == []
    assert [a for a in ("", "0.0.0.0", "::", "10.0.0.1", "localhost.example.com") if is_loopback(a)] == []


def test_secrets_do_not_show() -> None:
    assert TOKEN not in repr(Access("127.0.0.1", token=TOKEN))
    assert "password" not in repr(Access("127.0.0.1", login="user:password"))


def test_a_session_ends_and_cannot_be_made_up() -> None:
    rules = Access("0.0.0.0", token=TOKEN)
    cookie = rules.session(1000.0)
    until = int(cookie.partition("-")[0])
    assert rules.knows_session(cookie, until - 1)
    assert not rules.knows_session(cookie, until)
    later = cookie.replace(str(until), str(until + 1))
    for wrong in ("", "x", "-", f"{until}", f"{until}-", later, cookie[:-1], cookie + "0", "9" * 5000, "²-1"):
        assert not rules.knows_session(wrong, 0.0), wrong
    assert not dataclasses.replace(rules, token=TOKEN + "!").knows_session(cookie, 1001.0)
    assert not Access("127.0.0.1").knows_session(Access("127.0.0.1").session(0.0), 1.0)


def test_wrong_tries_are_slowed_and_forgotten() -> None:
    now = [0.0]
    tries = LoginAttempts(lambda: now[0])

    def wrong(address: str) -> None:
        tries.check(address)
        tries.note(address, is_right=False)

    for _ in range(FREE_TRIES):
        wrong("a")
    with pytest.raises(Problem, match="429"):
        tries.check("a")
    tries.check("b")
    now[0] = 1.1 * TRY_SECONDS
    wrong("a")
    with pytest.raises(Problem, match="429"):
        tries.check("a")
    now[0] = 2.2 * TRY_SECONDS
    tries.check("a")
    tries.note("a", is_right=True)
    wrong("a")
    tries.check("a")
    for number in range(3000):
        wrong(f"address {number}")
    assert len(tries._wrong) == 1000


@pytest.mark.parametrize(
    ("address", "goes_to"),
    [
        ("/jobs/5?failed_after=3", "/jobs/5?failed_after=3"),
        ("/", "/"),
        ("//example.com", "/"),
        ("/\\example.com", "/"),
        ("https://example.com/", "/"),
        ("example.com", "/"),
        ("", "/"),
        ("/jobs\r\nSet-Cookie: x=y", "/"),
        ("/sign-in?next=/", "/"),
        ("/sign-out", "/"),
        ("http://[", "/"),
        ("javascript:alert(1)", "/"),
    ],
)
def test_after_signing_in_one_stays_here(address: str, goes_to: str) -> None:
    assert ours(address) == goes_to


# with a token


@pytest.fixture
def guarded(serve: Serve, shop: Shop) -> Client:
    """For it no time passes."""
    return serve(shop.flow.context, Access("127.0.0.1", token=TOKEN, tries=LoginAttempts(lambda: 0.0)))


@pytest.fixture
def token_client(serve: Serve, shop: Shop) -> Client:
    rules = Access("127.0.0.1", token=TOKEN)
    return serve(shop.flow.context, rules, Authorization=f"Bearer {TOKEN}")


def test_without_the_token_nothing_is_told(guarded: Client) -> None:
    for path in PAGES:
        answer = guarded.get(path)
        assert answer.status_code == 401, path
        assert answer.headers["WWW-Authenticate"] == 'Bearer realm="speeko dashboard"'
        assert "sign in first" in answer.text
    for shown in (TOKEN, "Bearer", "Bearer x", f"Basic {TOKEN}", f"Bearer {TOKEN} x"):
        assert guarded.get("/api/now", headers={"Authorization": shown}).status_code == 401
    assert guarded.get(f"/api/now?token={TOKEN}").status_code == 401
    assert guarded.get("/api/now", headers={"Authorization": f"bearer {TOKEN}"}).status_code == 200


def test_a_page_sends_to_where_the_token_is_asked_for(guarded: Client) -> None:
    browser = {"Accept": "text/html,application/xhtml+xml"}
    answer = guarded.get("/jobs/5?failed_after=3", headers=browser)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/sign-in?next=%2Fjobs%2F5%3Ffailed_after%3D3"
    assert guarded.get("/api/now", headers=browser).status_code == 401
    assert guarded.get("/events?path=/", headers=browser).status_code == 401
    form = guarded.get(answer.headers["Location"], headers=browser)
    assert form.status_code == 200
    assert 'name="_xsrf"' in form.text


def signed_in(client: Client, token: str, next_page: str = "/costs", **headers: str) -> requests.Response:
    """Sign in as the form does."""
    form = client.get("/sign-in")
    field = re.search(r'name="_xsrf" value="([^"]+)"', form.text)
    assert field is not None
    data = {"token": token, "next": next_page, "_xsrf": field[1]}
    return client.post("/sign-in", data=data, headers=headers)


def test_signing_in_and_out(guarded: Client) -> None:
    answer = signed_in(guarded, TOKEN)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/costs")
    cookie = next(line for line in answer.raw.headers.getlist("Set-Cookie") if SESSION_COOKIE in line)
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    assert "Secure" not in cookie
    assert TOKEN not in cookie
    for path in PAGES:
        with guarded.get(path, stream=True) as page:
            assert page.status_code == 200, path
    xsrf = guarded._session.cookies["speeko_xsrf"]
    assert guarded.post("/sign-out").status_code == 403
    assert guarded.post("/sign-out", data={"_xsrf": xsrf}).headers["Location"] == "/sign-in"
    assert guarded.get("/api/now").status_code == 401


def test_behind_https_the_cookie_stays_there(guarded: Client) -> None:
    answer = signed_in(guarded, TOKEN, **{"X-Forwarded-Proto": "https"})
    assert "; Secure" in answer.headers["Set-Cookie"]


def test_a_wrong_token_is_told_so_and_slowed(guarded: Client) -> None:
    for _ in range(FREE_TRIES):
        answer = signed_in(guarded, "wrong-" + TOKEN, "//example.com")
        assert answer.status_code == 401
        assert "that is not the token" in answer.text
        assert SESSION_COOKIE not in guarded._session.cookies
    answer = signed_in(guarded, TOKEN)
    assert answer.status_code == 429
    assert answer.headers["Retry-After"] == "1"
    assert guarded.get("/api/now", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 429


def test_nobody_signs_in_from_another_site(guarded: Client) -> None:
    assert guarded.post("/sign-in", data={"token": TOKEN}).status_code == 403
    assert signed_in(guarded, TOKEN, Origin="https://example.com").status_code == 403
    assert SESSION_COOKIE not in guarded._session.cookies


def test_without_a_token_there_is_nothing_to_sign_in_with(board: Client) -> None:
    assert board.get("/sign-in").headers["Location"] == "/"
    headers = {"X-Xsrftoken": "a", "Cookie": "speeko_xsrf=a"}
    assert board.post("/sign-in", data={"token": ""}, headers=headers).status_code == 404


# with a login


def test_a_login(serve: Serve, shop: Shop) -> None:
    client = serve(shop.flow.context, Access("127.0.0.1", login=LOGIN))
    for path in PAGES:
        answer = client.get(path, headers={"Accept": "text/html"})
        assert answer.status_code == 401, path
        assert answer.headers["WWW-Authenticate"] == 'Basic charset="UTF-8", realm="speeko dashboard"'
    for login in ("shop:wrong", "shop:", ":pass:word-äöü", "Shop:pass:word-äöü", LOGIN + " "):
        assert client.get("/api/now", headers={"Authorization": basic(login)}).status_code == 401
    assert client.get("/api/now", headers={"Authorization": "Basic !!!"}).status_code == 401
    assert client.get("/api/now", headers={"Authorization": basic(LOGIN)}).status_code == 200
    assert client.get("/", headers={"Authorization": basic(LOGIN)}).status_code == 200


# without either


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST", "localhost:9810"])
def test_names_of_this_machine(board: Client, host: str) -> None:
    assert board.get("/api/now", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["example.com", "localhost.example.com", "127.0.0.1.example.com:9810", "["])
def test_another_name_that_points_here_is_refused(board: Client, host: str) -> None:
    for path in ("/api/now", "/", "/events?path=/", "/api/jobs/1/rows/1/audio"):
        assert board.get(path, headers={"Host": host}).status_code in (400, 403), path
    answer = board.get("/api/now", headers={"Host": "example.com"})
    assert answer.json() == {"error": "this is no name of this machine: 'example.com'"}


def test_with_a_token_any_name_will_do(token_client: Client) -> None:
    assert token_client.get("/api/now", headers={"Host": "dashboard.example.com"}).status_code == 200


# probes


@pytest.mark.parametrize(
    "rules",
    [Access("127.0.0.1"), Access("127.0.0.1", token=TOKEN), Access("127.0.0.1", login=LOGIN)],
    ids=["open", "token", "login"],
)
def test_probes_are_answered_whoever_they_are(
    serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture, rules: Access
) -> None:
    """Nothing is to be learned there, and no server is asked: here all are away. They fill no log."""
    caplog.set_level(logging.INFO, "speeko_cli.dashboard")
    away = Settings(
        home=str(tmp_path),
        database_url="postgresql://nobody@127.0.0.1:1/none",
        redis_url="redis://127.0.0.1:1/0",
    )
    client = serve(runtime.open_context(away), rules)
    for headers in ({}, {"Host": "10.0.0.7:9810"}, {"Authorization": "Bearer wrong"}):
        answer = client.get("/healthcheck", headers=headers)
        assert (answer.status_code, answer.text) == (200, "ok")
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
        assert answer.headers["Cache-Control"] == "no-store"
        assert "Set-Cookie" not in answer.headers
    assert caplog.text == ""
    assert client.post("/healthcheck").status_code == 405


# what browsers are told


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/now", 200),
        ("/", 200),
        ("/api/nothing", 404),
        ("/nothing", 404),
        ("/api/jobs?x=1", 400),
        ("/api/jobs/1/rows/1/audio", 200),
        ("/sign-in", 303),
    ],
)
def test_every_answer_has_the_headers(board: Client, path: str, status: int) -> None:
    answer = board.get(path)
    assert answer.status_code == status
    policy = {part.strip() for part in answer.headers["Content-Security-Policy"].split(";")}
    assert {"default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"} <= policy
    assert not [part for part in policy if "unsafe" in part or "*" in part or "http" in part]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "DENY"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "Server" not in answer.headers
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_the_log_is_quiet_and_knows_no_token(
    guarded: Client, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # that is the client's
    guarded.get(f"/api/jobs?token={TOKEN}", headers={"Authorization": f"Bearer {TOKEN}"})
    guarded.get("/nothing")
    signed_in(guarded, "wrong" + TOKEN)
    assert caplog.text == "".join(capsys.readouterr()) == ""
    caplog.set_level(logging.INFO, "speeko_cli.dashboard")
    guarded.get(f"/api/jobs?token={TOKEN}", headers={"Authorization": f"Bearer {TOKEN}"})
    signed_in(guarded, TOKEN)
    assert "GET /api/jobs 400" in caplog.text
    assert TOKEN not in caplog.text


def test_a_bug_is_one_line_for_the_viewer(
    guarded: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    from speeko_cli.dashboard import api

    def broken(*_: object) -> None:
        raise RuntimeError(f"with {TOKEN} in it")

    monkeypatch.setattr(api, "find_audio", broken)
    answer = guarded.get("/api/jobs/1/rows/1/audio", headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 500
    assert answer.json() == {"error": "a bug in speeko: see the dashboard's log"}
    told = [record.getMessage() for record in caplog.records]
    assert told == ["a bug at GET /api/jobs/1/rows/1/audio"]
