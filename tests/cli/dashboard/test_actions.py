"""Pause, resume, cancel and retry over HTTP: only where it is allowed, and only from pages of our own."""

from __future__ import annotations

import base64
import dataclasses
import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from speeko_cli.dashboard.auth import Access
from speeko_jobs.adapters.postgres import worker_registry
from speeko_jobs.core.model.money import usd
from speeko_jobs.core.model.states import JobState
from speeko_jobs.flow.lifecycle import control, schedules
from speeko_jobs.flow.planning.catalog_record import record_of, recorded_in
from speeko_jobs.flow.reporting import schedule_queries
from speeko_workers.registration import Registration
from tests.cli.dashboard.conftest import XSRF, Client, Serve, Shop
from tests.fixtures.inprocess import InProcess
from tests.wait import wait_until

TOKEN = "token-0123456789-abcdef"
LOGIN = "user:password"


@pytest.fixture
def job(flow: InProcess) -> int:
    """One that runs."""
    return flow.submit(flow.catalog([(f"A-{n}", f"This is row {n}.") for n in range(8)]))[0]


@pytest.fixture
def acting(serve: Serve, flow: InProcess) -> Client:
    return serve(flow.context, Access("127.0.0.1", allow_actions=True), **XSRF)


def act(client: Client, job: int, verb: str, status: int = 200, **headers: str) -> Any:
    answer = client.post(f"/api/jobs/{job}/{verb}", headers=headers)
    assert answer.status_code == status, answer.text
    return answer.json()


def state(flow: InProcess, job: int) -> str:
    return str(flow.books.one("SELECT state FROM speeko.job WHERE id = %s", [job]))


def test_a_job_is_paused_resumed_cancelled_and_retried(acting: Client, flow: InProcess, job: int) -> None:
    told = act(acting, job, "pause")
    assert (told["job"], told["state"], told["reason"]) == (job, "paused", "by the user")
    assert acting.json(f"/api/jobs/{job}")["job"]["state"] == "paused"
    assert act(acting, job, "resume")["state"] == "running"
    assert act(acting, job, "cancel")["state"] == "cancelled"
    flow.drive(job)
    flow.deliver(job)
    for _ in range(3):  # its rows fail as cancelled, then its files are written
        flow.drive(job)
        flow.deliver(job)
    wait_until(lambda: acting.json(f"/api/jobs/{job}")["job"]["failed"] == 8, "the rows to end")
    assert acting.json(f"/api/jobs/{job}/failed")["rows"][0]["row"] == 1
    assert act(acting, job, "retry")["state"] == "running"


def test_who_reads_after_an_action_sees_it(acting: Client, job: int) -> None:
    for verb, then in (("pause", "paused"), ("resume", "running")) * 5:
        assert acting.json(f"/api/jobs/{job}")["job"]["state"] != then
        act(acting, job, verb)
        assert acting.json(f"/api/jobs/{job}")["job"]["state"] == then
        assert [job["state"] for job in acting.json("/api/jobs")["jobs"]] == [then]


def test_what_cannot_be_done_is_told(acting: Client, job: int) -> None:
    assert act(acting, job, "resume", 409) == {"error": f"job {job} is running: it cannot be resumed"}
    assert act(acting, job, "retry", 409) == {"error": f"job {job} is running: it cannot be retried"}
    assert act(acting, 999, "pause", 404) == {"error": "there is no job 999: `speeko jobs` lists them"}
    assert act(acting, job, "delete", 404) == {"error": f"there is nothing at /api/jobs/{job}/delete"}
    assert act(acting, job, "pause?force=1", 400) == {"error": "'force' is not asked for here"}


@pytest.fixture
def spent(flow: InProcess, job: int) -> int:
    """The job, paused because the next text would pass its budget; micro-dollars that it has spent."""
    cost = flow.books.one("SELECT min(cost_micros) FROM speeko.utterance")
    control.resume(flow.context, job, 3 * cost)
    assert flow.drive(job).reason == "budget: the next text would pass the job's budget"
    return int(flow.books.one("SELECT spent_micros FROM speeko.job WHERE id = %s", [job]))


def test_a_job_goes_on_under_a_higher_budget(acting: Client, flow: InProcess, job: int, spent: int) -> None:
    assert 'name="budget"' in acting.get(f"/jobs/{job}").text
    told = act(acting, job, "resume?budget=0.25")
    assert (told["state"], told["budget_usd"]) == ("running", "0.250000")
    assert 'name="budget"' not in acting.get(f"/jobs/{job}").text
    assert flow.drive(job).state is JobState.DONE


def test_what_is_no_budget_is_told(acting: Client, flow: InProcess, job: int, spent: int) -> None:
    for amount in ("", "0,25", "nan", "inf", "-1", "1000000000.01", "0x1", "1 2", "9" * 300):
        line = act(acting, job, f"resume?budget={amount}", 400)["error"]
        assert line.startswith(("budget takes at most", f"budget {amount!r} is not an amount of dollars"))
    assert state(flow, job) == "paused"


def test_a_budget_below_what_is_spent_is_told(acting: Client, flow: InProcess, job: int, spent: int) -> None:
    below, exact = usd(spent - 1), usd(spent)
    line = f"job {job} has spent ${exact.rstrip('0')}: a budget of ${below.rstrip('0')} is below that"
    assert act(acting, job, f"resume?budget={below}", 409) == {"error": line}
    assert state(flow, job) == "paused"
    assert act(acting, job, f"resume?budget={exact}")["budget_usd"] == exact
    assert act(acting, job, f"pause?budget={exact}", 400) == {"error": "'budget' is not asked for here"}


def test_a_form_raises_the_budget_and_says_why_not(
    serve: Serve, flow: InProcess, job: int, spent: int
) -> None:
    client = serve(flow.context, Access("127.0.0.1", allow_actions=True))
    field = re.search(r'name="_xsrf" value="([^"]+)"', client.get(f"/jobs/{job}").text)
    assert field is not None
    for amount, said in (("much", "&#39;much&#39; is not an amount of dollars"), ("0", "has spent $")):
        answer = client.post(f"/jobs/{job}/resume", data={"_xsrf": field[1], "budget": amount})
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/jobs/{job}")
        assert said in client.get(f"/jobs/{job}").text
    assert client.post(f"/jobs/{job}/resume", data={"budget": "1"}).status_code == 403
    assert state(flow, job) == "paused"
    client.post(f"/jobs/{job}/resume", data={"_xsrf": field[1], "budget": "1"})
    assert state(flow, job) == "running"


def test_of_two_who_act_at_once_one_is_told(acting: Client, flow: InProcess, job: int) -> None:
    def pause(_: int) -> int:
        return requests.post(f"{acting.url}/api/jobs/{job}/pause", headers=XSRF, timeout=30).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(pause, range(8))) == [200, *[409] * 7]
    assert state(flow, job) == "paused"


def test_without_leave_nothing_is_done(serve: Serve, shop: Shop) -> None:
    client = serve(shop.flow.context, Access("127.0.0.1"), **XSRF)
    for verb in ("pause", "resume", "cancel", "retry"):
        told = act(client, shop.running, verb, 403)
        assert told == {"error": "this dashboard only shows: start it with --allow-actions"}
        assert client.post(f"/jobs/{shop.running}/{verb}").status_code == 403
    assert state(shop.flow, shop.running) == "running"


# from where


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Xsrftoken": "a"},
        {"Cookie": "speeko_xsrf=a"},
        {"X-Xsrftoken": "a", "Cookie": "speeko_xsrf=b"},
        {**XSRF, "Origin": "https://example.com"},
        {**XSRF, "Origin": "null"},
        {**XSRF, "Origin": "http://localhost:1"},
        {**XSRF, "Sec-Fetch-Site": "cross-site"},
        {**XSRF, "Sec-Fetch-Site": "same-site"},
        {**XSRF, "Host": "example.com"},
    ],
    ids=lambda headers: (
        " ".join(headers) + f" {headers.get('Origin', '')}{headers.get('Sec-Fetch-Site', '')}"
    ),
)
def test_other_sites_cannot_act(serve: Serve, shop: Shop, headers: dict[str, str]) -> None:
    client = serve(shop.flow.context, Access("127.0.0.1", allow_actions=True))
    for path in (f"/api/jobs/{shop.running}/pause", f"/jobs/{shop.running}/pause"):
        answer = client.post(path, headers=headers)
        assert answer.status_code == 403, answer.text
    assert state(shop.flow, shop.running) == "running"


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "application/json"])
def test_no_kind_of_body_gets_around_it(serve: Serve, shop: Shop, kind: str) -> None:
    client = serve(shop.flow.context, Access("127.0.0.1", allow_actions=True))
    answer = client.post(f"/api/jobs/{shop.running}/pause", data="{}", headers={"Content-Type": kind})
    assert answer.status_code == 403
    line = "this does not come from a page of this dashboard: load the page again"
    assert answer.json() == {"error": line}
    assert state(shop.flow, shop.running) == "running"


def test_a_page_of_ours_can(acting: Client, job: int) -> None:
    act(acting, job, "pause", **{"Origin": acting.url, "Sec-Fetch-Site": "same-origin"})


def test_a_form_on_the_page_can_and_is_led_back(serve: Serve, flow: InProcess, job: int) -> None:
    client = serve(flow.context, Access("127.0.0.1", allow_actions=True))
    page = client.get(f"/jobs/{job}").text
    field = re.search(r'name="_xsrf" value="([^"]+)"', page)
    assert field is not None
    answer = client.post(f"/jobs/{job}/pause", data={"_xsrf": field[1]})
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/jobs/{job}")
    assert state(flow, job) == "paused"
    again = client.post(f"/jobs/{job}/pause", data={"_xsrf": field[1]})
    assert (again.status_code, again.headers["Location"]) == (303, f"/jobs/{job}")
    said = f"job {job} is paused: it cannot be paused"
    assert said in client.get(f"/jobs/{job}").text
    assert said not in client.get(f"/jobs/{job}").text  # once


def test_who_shows_the_token_needs_no_page(serve: Serve, flow: InProcess, job: int) -> None:
    rules = Access("127.0.0.1", token=TOKEN, allow_actions=True)
    client = serve(flow.context, rules, Authorization=f"Bearer {TOKEN}")
    act(client, job, "pause")
    act(client, job, "resume", 403, Origin="https://example.com")
    act(client, job, "resume", 401, Authorization="Bearer wrong")
    assert state(flow, job) == "paused"


def test_a_login_alone_is_not_enough(serve: Serve, flow: InProcess, job: int) -> None:
    """Browsers add it by themselves, whoever made the page."""
    encoded = base64.b64encode(LOGIN.encode()).decode()
    rules = Access("127.0.0.1", login=LOGIN, allow_actions=True)
    client = serve(flow.context, rules, Authorization=f"Basic {encoded}")
    act(client, job, "pause", 403)
    act(client, job, "pause", **XSRF)
    assert state(flow, job) == "paused"


def test_postgres_away_is_told(serve: Serve, flow: InProcess) -> None:
    away = flow.again(database_url="postgresql://nobody@127.0.0.1:1/none")
    client = serve(away.context, Access("127.0.0.1", allow_actions=True), **XSRF)
    assert act(client, 1, "pause", 503)["error"].startswith("Postgres does not answer")


def test_a_job_is_not_resumed_on_another_key_than_a_workers(
    acting: Client, flow: InProcess, job: int
) -> None:
    control.pause(flow.context, job)
    other = dataclasses.replace(flow.settings, api_key="sk-of-another-terminal")
    row = Registration(other, ("synthesize",), 2)
    flow.context.database.run(lambda t: worker_registry.enter(t, row._entry, 600.0))
    told = act(acting, job, "resume", 409)
    assert "account speeko is " in str(told)
    assert state(flow, job) == "paused"
    (worker,) = acting.json("/api/workers")["registry"]
    assert (worker["state"], worker["processes"]) == ("running", 2)
    assert worker["accounts"]["speeko"]["url"] == flow.settings.api_url
    page = acting.get("/workers").text
    assert worker["accounts"]["speeko"]["key"] in page
    assert "sk-of-another-terminal" not in page + str(told)


def ended_job(flow: InProcess) -> int:
    number, _ = flow.submit(flow.catalog([("a", "One article.")]), {"lexicon": ()})
    flow.drive(number)
    return number


def test_a_schedule_is_made_of_a_job(acting: Client, flow: InProcess) -> None:
    number = ended_job(flow)
    assert 'name="cron"' in acting.get(f"/jobs/{number}").text
    answer = acting.post(
        f"/jobs/{number}/schedule",
        data={
            "_xsrf": "6b1f",
            "name": "nightly",
            "cron": "0 2 * * *",
            "tz": "Europe/Berlin",
            "catch_up": "all",
        },
    )
    assert (answer.status_code, answer.headers["Location"]) == (303, "/schedules")
    (made,) = acting.json("/api/schedules")["schedules"]
    assert (made["schedule"], made["tz"], made["cron"]) == ("nightly", "Europe/Berlin", "0 2 * * *")
    assert made["tenant"] == "shop"
    found = schedule_queries.show(flow.context, "nightly")
    run = schedules.run_now(flow.context, found)
    calls = flow.provider.calls
    again = schedules.fire(flow.context, run.id)
    assert again is not None
    assert flow.drive(again).state is JobState.DONE
    assert flow.provider.calls == calls  # the same catalog in the same output: nothing to buy


def test_what_is_no_schedule_is_told(acting: Client, flow: InProcess) -> None:
    number = ended_job(flow)
    for given, status, line in (
        ("", 400, "a schedule has a name"),
        ("?name=x", 400, "give the times"),
        ("?name=x&cron=nonsense", 400, ""),
        ("?name=x&cron=0 2 * * *&tz=Mars/Base", 400, "Mars/Base"),
        ("?name=x&cron=0 2 * * *&catch_up=maybe", 400, "catch_up takes"),
        ("?name=x&cron=0 2 * * *&files=/etc/passwd", 400, "'files' is not asked for here"),
        ("?name=x&cron=0 2 * * *", 200, None),
        ("?name=x&cron=0 2 * * *", 409, "there is a schedule 'x' already"),
    ):
        answer = act(acting, number, f"schedule{given}", status)
        assert line is None or line in answer["error"], given
    act(acting, 999, "schedule?name=y&cron=0 2 * * *", 404)
    flow.books.execute("UPDATE speeko.job SET plan = plan - 'catalog' WHERE id = %s", [number])
    told = act(acting, number, "schedule?name=y&cron=0 2 * * *", 409)["error"]
    assert "use `speeko schedule add`" in told


def test_a_schedule_takes_rights_and_the_page(serve: Serve, flow: InProcess) -> None:
    number = ended_job(flow)
    watching = serve(flow.context, Access("127.0.0.1"), **XSRF)
    assert act(watching, number, "schedule?name=x&cron=0 2 * * *", 403)
    assert 'name="cron"' not in watching.get(f"/jobs/{number}").text
    foreign = serve(flow.context, Access("127.0.0.1", allow_actions=True))
    assert act(foreign, number, "schedule?name=x&cron=0 2 * * *", 403)


def test_a_catalog_with_a_key_in_its_address_is_not_recorded(flow: InProcess) -> None:
    for source in ("-", "https://user:secret@example.com/a.csv"):
        assert record_of(flow.orders(source), flow.spec()) == {}
    record = record_of(flow.orders("a.csv", text=("body",)), flow.spec())
    options, _ = recorded_in(json.loads(json.dumps(record))) or (None, None)
    assert options is not None
    assert options.sources[0].startswith("/")
    assert options.text == ("body",)
    assert recorded_in({}) is None
