"""The API answers what the command line tells, audio by the range, and one line for whatever is wrong."""

from __future__ import annotations

import dataclasses
import json
import logging
import signal
import socket
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import requests
import sqlalchemy

from speeko_cli.dashboard import actions, api
from speeko_cli.dashboard.api import ROUTES
from speeko_cli.dashboard.auth import Access
from speeko_cli.dashboard.byte_ranges import MissingRange, asked_range
from speeko_jobs import runtime
from speeko_jobs.core.catalog.file_names import audio_path
from speeko_jobs.settings import Settings
from tests.cli.conftest import Cli
from tests.cli.dashboard.conftest import PLANTED, XSRF, Client, Serve, Shop
from tests.faults.proxy import Proxy
from tests.wait import wait_until

pytestmark = pytest.mark.usefixtures("one_day")
VOLATILE = {"moved_seconds", "blocked_seconds", "seconds"}  # go on between two looks
DOCUMENTS = [path for path in ROUTES if "{verb}" not in path and "audio" not in path]


def still(value: Any) -> Any:
    """A document without what time alone changes."""
    if isinstance(value, dict):
        return {name: still(one) for name, one in value.items() if name not in VOLATILE}
    return [still(one) for one in value] if isinstance(value, list) else value


# equal to the command line


@pytest.mark.parametrize("by", ["voice", "day", "job", "tenant", "provider", "source"])
def test_costs_are_what_costs_tells(by: str, board: Client, speeko: Any) -> None:
    assert board.json(f"/api/costs?by={by}") == speeko.json("costs", "--by", by)
    assert board.json(f"/api/costs/today?by={by}&tenant=shop") == speeko.json(
        *("costs", "today", "--by", by, "--tenant", "shop")
    )


def test_costs_of_days_are_what_costs_tells(board: Client, speeko: Any) -> None:
    days = ("2026-01-31", "2027-02-01")
    found = board.json("/api/costs?since={}&until={}".format(*days))
    assert found == speeko.json("costs", "--since", days[0], "--until", days[1])
    assert board.json("/api/costs?tenant=nobody")["lines"] == []


def test_a_job_is_what_status_tells(board: Client, speeko: Any, shop: Shop) -> None:
    for job in shop.all:
        found = board.json(f"/api/jobs/{job}")
        assert found["failures_known"] is True
        if job not in (shop.half, shop.paused):  # these hold secrets
            status = speeko.json("status", str(job))
            waiting, shown = status.pop("waiting"), found["job"]["waiting"]
            assert (waiting and waiting["what"]) == (shown and shown["what"])
            assert still(found["summary"]) == still(status)
    assert board.json(f"/api/jobs/{shop.with_errors}")["summary"]["failures"]


def test_lines_of_jobs_are_what_jobs_tells(board: Client, speeko: Any, shop: Shop) -> None:
    told = {job["job"]: job for job in speeko.json("jobs")}
    found = board.json("/api/jobs")["jobs"]
    assert [job["job"] for job in found] == list(told) == sorted(told, reverse=True)
    times = {"created_at", "pruned_at"}
    hidden = {shop.half: {"output"}, shop.paused: {"reason"}}
    for line in (*found, *told.values()):
        (line["waiting"] or {}).pop("text", "")  # says for how long, and the two are read one after the other
    for job in found:
        same = (told[job["job"]].keys() & job.keys()) - VOLATILE - times - hidden.get(job["job"], set())
        assert same >= {"rows", "served", "cost_usd", "calls", "tenant", "budget_usd"}
        assert {name: job[name] for name in same} == {name: told[job["job"]][name] for name in same}
        assert job["created_at"][:19] == told[job["job"]]["created_at"][:19]


def test_budgets_are_what_budget_show_tells(board: Client, speeko: Any) -> None:
    told = speeko.json("budget", "show")
    assert told[0]["daily_usd"] == "50.000000"
    assert board.json("/api/budgets")["budgets"] == told
    assert board.json("/api/budgets?tenant=shop")["budgets"] == told
    assert board.json("/api/budgets?tenant=nobody")["budgets"] == []


def test_the_cache_is_what_cache_stats_tells(board: Client, speeko: Any) -> None:
    found = board.json("/api/cache")
    assert found["store"]["entries"] > 30
    assert found == speeko.json("cache", "stats")


def test_limits_are_what_limits_tells(board: Client, speeko: Any) -> None:
    told = speeko.json("limits")
    assert told[0]["ceiling"] == 32
    assert still(board.json("/api/workers")["accounts"]) == still(told)


def test_schedules_are_what_schedule_tells(board: Client, speeko: Any) -> None:
    found = {one["schedule"]: one for one in board.json("/api/schedules")["schedules"]}
    told = {one["schedule"]: one for one in speeko.json("schedule", "list")}
    assert found.keys() == told.keys() == {"nightly", "late", "still"}
    for name, one in found.items():
        assert one["when"] == "At 02:00 every day"
        assert one["overdue"] is (name == "late")
        assert one["runs"][:1] == told[name]["runs"]
        assert {key: one[key] for key in told[name] if key != "runs"} == {
            key: value for key, value in told[name].items() if key != "runs"
        }
    assert board.json("/api/schedules?tenant=nobody") == {"schedules": []}


# pages of jobs, rows and chunks


def test_jobs_by_what_is_asked_for(board: Client, shop: Shop) -> None:
    def jobs(query: str) -> list[int]:
        return [job["job"] for job in board.json(f"/api/jobs?{query}")["jobs"]]

    everything = sorted(shop.all, reverse=True)
    assert jobs("") == jobs("tenant=&words=") == jobs("tenant=shop") == everything
    assert jobs("shown=open") == sorted([shop.half, shop.running, shop.paused], reverse=True)
    assert set(jobs("shown=troubled")) == {shop.with_errors, shop.paused}
    assert jobs("tenant=nobody") == []
    assert jobs("words=JOINED") == [shop.joined]
    assert jobs(f"before={everything[0]}&limit=2") == everything[1:3]
    page = board.json("/api/jobs?limit=3")
    assert page["more"] is True
    assert sum(page["counts"].values()) == len(everything)


def test_failed_rows_by_the_page(board: Client, shop: Shop) -> None:
    address = f"/api/jobs/{shop.with_errors}/failed"
    found = board.json(address)
    assert [(row["row"], row["id"], row["refused"]) for row in found["rows"]] == [
        (5, "E-1", False),
        (6, "E-2", True),
    ]
    assert (found["more"], found["next"]) == (False, None)
    first = board.json(f"{address}?limit=1")
    assert (first["rows"], first["more"], first["next"]) == (found["rows"][:1], True, 5)
    rest = board.json(f"{address}?limit=1&after={first['next']}")
    assert (rest["rows"], rest["more"]) == (found["rows"][1:], False)


def test_chunks_and_who_is_at_them(board: Client, shop: Shop) -> None:
    found = board.json(f"/api/jobs/{shop.running}/chunks?limit=1")
    assert len(found["open"]) == 1
    assert found["open"][0]["host"] == "here"
    assert found["open"][0]["engine_lives"] is True
    assert sum(board.json(f"/api/jobs/{shop.half}/chunks")["states"].values()) == 5


def test_workers_and_who_has_gone(board: Client) -> None:
    found = wait_until(lambda: (one := board.json("/api/workers"))["broker"] and one, "the broker's word")
    assert [engine["host"] for engine in found["engines"]] == ["here"]
    assert [gone["how"] for gone in found["gone"]] == ["died"]
    assert {queue["name"] for queue in found["queues"]} == {"synthesize", "deliver", "control"}
    assert all(queue["waiting"] >= 0 for queue in found["queues"])


def test_every_sample_can_be_heard(board: Client, shop: Shop) -> None:
    for job in (shop.done, shop.joined, shop.half):
        rows = board.json(f"/api/jobs/{job}/samples")["rows"]
        assert rows
        for row in rows:
            answer = board.get(f"/api/jobs/{job}/rows/{row['row']}/audio")
            assert answer.status_code == 200
            assert answer.headers["Content-Type"] == row["type"] == "audio/mpeg"
            assert len(answer.content) == int(answer.headers["Content-Length"]) > 1000


# audio


def key_of(shop: Shop, job: int, row: int) -> list[bytes]:
    query = "SELECT keys FROM speeko.item WHERE job_id = %s AND row_no = %s"
    ((keys,),) = shop.flow.books.execute(query, [job, row])
    return list(keys)


def heard(client: Client, job: int, row: int, range: str = "") -> requests.Response:
    headers = {"Range": range} if range else {}
    return client.get(f"/api/jobs/{job}/rows/{row}/audio", headers=headers)


def test_ranges_of_audio(board: Client, shop: Shop) -> None:
    whole = heard(board, shop.done, 2).content
    assert whole == (shop.flow.folder / "out" / "A-1.mp3").read_bytes()
    size = len(whole)
    for asked, first, end in (
        ("bytes=0-", 0, size),
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        (f"bytes={size - 1}-", size - 1, size),
        ("bytes=-10", size - 10, size),
        (f"bytes=-{size * 2}", 0, size),
        (f"bytes=5-{size * 2}", 5, size),
    ):
        answer = heard(board, shop.done, 2, asked)
        assert answer.status_code == 206, asked
        assert answer.content == whole[first:end], asked
        assert answer.headers["Content-Range"] == f"bytes {first}-{end - 1}/{size}"
    for asked in ("bytes=2-1", "bytes=a-b", "bytes=0-1,5-6", "rows=1-2", "bytes=-"):
        answer = heard(board, shop.done, 2, asked)
        assert (answer.status_code, answer.content) == (200, whole), asked
    answer = heard(board, shop.done, 2, f"bytes={size}-")
    assert answer.status_code == 416
    assert answer.headers["Content-Range"] == f"bytes */{size}"
    assert answer.json() == {"error": f"the audio has {size} bytes"}


@pytest.mark.parametrize(
    ("header", "part"),
    [
        ("bytes=0-", (0, 9)),
        ("bytes=3-5", (3, 5)),
        (" bytes=9-99 ", (9, 9)),
        ("bytes=-3", (7, 9)),
        ("bytes=-99", (0, 9)),
        ("", None),
        ("bytes=-", None),
        ("bytes=5-3", None),
        ("bytes=0-1,3-4", None),
        ("bytes=99999999999999999999-", None),
    ],
)
def test_what_a_range_asks_for(header: str, part: tuple[int, int] | None) -> None:
    assert asked_range(header, 10) == part


@pytest.mark.parametrize(("header", "size"), [("bytes=10-", 10), ("bytes=-0", 10), ("bytes=0-", 0)])
def test_a_range_of_which_nothing_is_there(header: str, size: int) -> None:
    with pytest.raises(MissingRange):
        asked_range(header, size)


def test_a_row_of_parts_is_heard_whole_while_its_file_is_there(board: Client, shop: Shop) -> None:
    file = shop.flow.folder / "joined" / "J-1.mp3"
    keys = key_of(shop, shop.joined, 1)
    assert len(keys) == 2
    assert heard(board, shop.joined, 1).content == file.read_bytes()
    kept = file.read_bytes()
    file.unlink()
    try:
        first = shop.flow.folder / "home" / "audio" / audio_path(keys[0], "mp3")
        assert heard(board, shop.joined, 1).content == first.read_bytes()
    finally:
        file.write_bytes(kept)


def test_a_file_that_another_job_has_put_there_is_not_heard(board: Client, shop: Shop) -> None:
    file = shop.flow.folder / "joined" / "J-1.mp3"
    where = "WHERE path = 'J-1.mp3' AND job_id = %s"
    ((content,),) = shop.flow.books.execute(f"SELECT content FROM speeko.delivered {where}", [shop.joined])
    update = f"UPDATE speeko.delivered SET content = %s {where}"
    shop.flow.books.execute(update, [b"x" * 32, shop.joined])
    try:
        assert heard(board, shop.joined, 1).content != file.read_bytes()
    finally:
        shop.flow.books.execute(update, [content, shop.joined])


def test_audio_that_left_the_store_is_heard_where_it_was_delivered(board: Client, shop: Shop) -> None:
    (key,) = key_of(shop, shop.done, 3)
    stored = shop.flow.folder / "home" / "audio" / audio_path(key, "mp3")
    kept = stored.read_bytes()
    stored.unlink()
    try:
        assert heard(board, shop.done, 3).content == kept
    finally:
        stored.write_bytes(kept)


def test_what_has_no_audio(board: Client, shop: Shop) -> None:
    for job, row in (
        (shop.with_errors, 5),  # failed
        (shop.with_errors, 6),  # refused
        (shop.paused, 1),  # not bought yet
        (shop.done, 14),  # no such row
        (10**6, 1),
        (shop.done, 2**63 - 1),
        (2**63 - 1, 1),
    ):
        answer = heard(board, job, row)
        assert (answer.status_code, answer.json()) == (404, {"error": f"row {row} of job {job} has no audio"})


def test_a_link_out_of_the_store_is_not_followed(board: Client, shop: Shop, tmp_path: Path) -> None:
    secret = tmp_path / "secret.mp3"
    secret.write_bytes(b"not for you" * 1000)
    (key,) = key_of(shop, shop.done, 4)
    stored = shop.flow.folder / "home" / "audio" / audio_path(key, "mp3")
    kept = stored.read_bytes()
    stored.unlink()
    stored.symlink_to(secret)
    try:
        assert b"not for you" not in heard(board, shop.done, 4).content
    finally:
        stored.unlink()
        stored.write_bytes(kept)


def test_who_stops_listening_holds_up_nobody(board: Client, shop: Shop) -> None:
    for _ in range(8):  # more than there are threads for audio
        with board.get(f"/api/jobs/{shop.done}/rows/1/audio", stream=True) as answer:
            next(answer.iter_content(10))
    assert heard(board, shop.done, 1).status_code == 200


# what is wrong


@pytest.mark.parametrize(
    ("path", "status", "line"),
    [
        ("/api/jobs?limit=0", 400, "limit takes a whole number from 1 to 200"),
        ("/api/jobs?limit=201", 400, "limit takes a whole number from 1 to 200"),
        ("/api/jobs?limit=", 400, "limit takes a whole number from 1 to 200"),
        ("/api/jobs?limit=1&limit=2", 400, "limit was given twice"),
        ("/api/jobs?before=-1", 400, f"before takes a whole number from 1 to {2**63 - 1}"),
        ("/api/jobs?before=9223372036854775808", 400, f"before takes a whole number from 1 to {2**63 - 1}"),
        ("/api/jobs?shown=some", 400, "shown takes all, open, ended, troubled"),
        ("/api/jobs?words=%00", 400, "words takes at most 200 characters"),
        ("/api/jobs?words=%ff", 400, "words is not UTF-8"),
        ("/api/jobs?words=%ed%a0%80", 400, "words is not UTF-8"),
        ("/api/jobs?tenant=" + "x" * 201, 400, "tenant takes at most 200 characters"),
        ("/api/now?x=1", 400, "'x' is not asked for here"),
        ("/api/budgets?by=day", 400, "'by' is not asked for here: there are tenant"),
        ("/api/jobs/1/chunks?shown=all", 400, "'shown' is not asked for here: there are limit"),
        ("/api/costs?since=yesterday", 400, "since takes a day such as 2026-11-01"),
        ("/api/costs?since=20261101", 400, "since takes a day such as 2026-11-01"),
        ("/api/costs?since=2026-11-31", 400, "since day is out of range for month"),
        ("/api/costs?since=2026-11-02&until=2026-11-01", 400, "since 2026-11-02 is after until 2026-11-01"),
        ("/api/jobs/999999", 404, "there is no job 999999: `speeko jobs` lists them"),
        ("/api/jobs/999999/chunks", 404, "there is no job 999999: `speeko jobs` lists them"),
        ("/api/jobs/999999/failed", 404, "there is no job 999999: `speeko jobs` lists them"),
        ("/api/jobs/999999/samples", 404, "there is no job 999999: `speeko jobs` lists them"),
        ("/api/jobs/999999/course", 404, "there is no job 999999: `speeko jobs` lists them"),
        ("/api/jobs/9999999999999999999", 404, "there is nothing of number 9999999999999999999"),
        ("/api/jobs/0", 404, "there is nothing of number 0"),
        ("/api/jobs/one", 404, "there is nothing at /api/jobs/one"),
        ("/api/", 404, "there is nothing at /api/"),
        ("/api/jobs/1/rows/../../../etc/passwd", 404, "there is nothing at /api/etc/passwd"),
        ("/api/jobs/1/pause", 405, "this address does not take that method"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_one_line(board: Client, path: str, status: int, line: str) -> None:
    assert board.json(path, status) == {"error": line}


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"])
def test_other_methods_are_told_which_there_are(board: Client, method: str) -> None:
    answer = requests.request(
        method, f"{board.url}/api/now", headers={"X-Xsrftoken": "a", "Cookie": "speeko_xsrf=a"}
    )
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET"


def test_nothing_that_is_planted_is_told(
    serve: Serve, shop: Shop, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = shop.flow.settings
    secrets = [PLANTED, settings.api_key]
    caplog.set_level(logging.DEBUG)
    client = serve(shop.flow.context)
    for path in [*DOCUMENTS, "/", "/jobs/{job}", "/costs", "/cache", "/schedules", "/workers"]:
        for job in shop.all:
            answer = client.get(f"{path.replace('{job}', str(job))}")
            assert answer.status_code == 200, path
            told = answer.text + str(answer.headers)
            assert not [secret for secret in secrets if secret in told], path
            if "{job}" not in path:
                break
    assert "example.com/x" in client.get(f"/api/jobs/{shop.half}").text  # it was not left out altogether
    logged = caplog.text + "".join(capsys.readouterr())
    assert not [secret for secret in secrets if secret in logged]


# servers that go away


@pytest.fixture
def line(shop: Shop) -> Any:
    """The line to Postgres."""
    query = sqlalchemy.make_url(shop.flow.settings.database_url).query
    with Proxy(Path(str(query["host"])) / ".s.PGSQL.5432") as proxy:
        yield proxy


def through(line: Proxy, url: str) -> str:
    there = sqlalchemy.make_url(url).set(host="127.0.0.1", port=line.port, query={})
    return there.render_as_string(hide_password=False)


def test_while_postgres_is_away_everything_says_so_and_comes_back(
    serve: Serve, shop: Shop, line: Proxy, caplog: pytest.LogCaptureFixture
) -> None:
    url = through(line, shop.flow.settings.database_url)
    context = runtime.open_context(dataclasses.replace(shop.flow.settings, database_url=url))
    try:
        client = serve(context)
        assert client.json("/api/now")["running"] == 2
        line.down()
        paths = [path.format(job=shop.done) for path in DOCUMENTS if path.startswith("/api/")]
        for path in [*paths, f"/api/jobs/{shop.done}/rows/1/audio"]:
            wait_until(lambda path=path: client.get(path).status_code == 503, f"{path} to say so")
            answer = client.json(path, 503)
            assert answer["error"].startswith("Postgres "), path
            assert "\n" not in answer["error"]
        page = client.get("/")
        assert page.status_code == 503
        assert "Postgres" in page.text
        line.up()
        for path in paths:
            wait_until(lambda path=path: client.get(path).status_code == 200, f"{path} to come back")
    finally:
        runtime.close(context)
    assert "Traceback" not in caplog.text


def test_servers_that_hang_are_told_where_nothing_else_waits_for_them(
    serve: Serve, shop: Shop, line: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "AUDIO_SECONDS", 0.05)
    monkeypatch.setattr(actions, "ACT_SECONDS", 0.05)
    url = through(line, shop.flow.settings.database_url)
    context = runtime.open_context(dataclasses.replace(shop.flow.settings, database_url=url))
    try:
        client = serve(context, Access("127.0.0.1", allow_actions=True), **XSRF)
        line.hang()
        told = {"error": "the servers have not answered for 0.05 s"}
        assert client.json(f"/api/jobs/{shop.done}/rows/1/audio", 503) == told
        assert client.post(f"/api/jobs/{shop.done}/pause").json() == told
        line.resume()
        wait_until(lambda: heard(client, shop.done, 1).status_code == 200, "the audio")
    finally:
        runtime.close(context)


def test_while_the_broker_is_away_the_rest_is_told(serve: Serve, shop: Shop) -> None:
    settings = dataclasses.replace(shop.flow.settings, broker_url="redis://127.0.0.1:1/0")
    context = runtime.open_context(settings)
    try:
        client = serve(context)
        found = wait_until(
            lambda: (one := client.json("/api/workers"))["broker"] is False and one, "the broker to be missed"
        )
        assert found["engines"]
        assert found["accounts"]
        assert [queue["waiting"] for queue in found["queues"]] == [None, None, None]
    finally:
        runtime.close(context)


def test_a_database_without_tables_is_one_line(serve: Serve, database_url: str, redis_url: str) -> None:
    context = runtime.open_context(Settings(database_url=database_url, redis_url=redis_url))
    try:
        answer = serve(context).json("/api/jobs", 503)
        assert "run `speeko db upgrade`" in answer["error"]
    finally:
        runtime.close(context)


def test_an_empty_database_is_fine(serve: Serve, migrated_url: str, redis_url: str) -> None:
    context = runtime.open_context(Settings(database_url=migrated_url, redis_url=redis_url))
    try:
        client = serve(context)
        for path in DOCUMENTS:
            if "{job}" not in path:
                assert client.get(path).status_code == 200, path
    finally:
        runtime.close(context)


# the verb


def test_the_verb_serves_until_it_is_told_with_viewers_connected(
    cli: Cli,
    migrated_url: str,
    redis_url: str,
) -> None:
    cli.environ |= {"SPEEKO_DATABASE_URL": migrated_url, "SPEEKO_REDIS_URL": redis_url}
    process = cli.start("dashboard", "--port", "0", "--json")
    assert process.stdout is not None
    text = ""
    while not text.endswith("}\n"):
        text += process.stdout.readline()
    said = json.loads(text)
    assert said["ready"] is True
    with ExitStack() as stack:
        for _ in range(5):
            viewer = stack.enter_context(
                requests.get(said["url"] + "/events?path=/", stream=True, timeout=60)
            )
            assert viewer.status_code == 200
            next(viewer.iter_content(1))
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 0
    assert err == f"dashboard: {said['url']}\n"


def test_the_verb_starts_servers_of_its_own(cli: Cli) -> None:
    process = cli.start("dashboard", "--port", "0")
    assert process.stderr is not None
    url = process.stderr.readline().removeprefix("dashboard: ").strip()
    assert requests.get(f"{url}/api/jobs", timeout=60).json()["jobs"] == []
    assert cli.json("jobs") == []
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")


def test_a_port_that_is_taken_is_one_line(here: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPEEKO_DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    monkeypatch.setenv("SPEEKO_REDIS_URL", "redis://127.0.0.1:1/0")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, _, err = here("dashboard", "--port", str(port))
    assert (code, err) == (1, f"speeko: cannot listen at 127.0.0.1:{port}: Address already in use\n")
