"""Every sum on every screen is the ledger's, in each state that a job can be in."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from speeko_cli.dashboard.auth import Access
from speeko_cli.dashboard.server import serving
from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.adapters.postgres.jobs import Job
from speeko_jobs.core.model.money import micros
from speeko_jobs.core.model.pause_reasons import PauseKind, kind_of, stored_reason
from speeko_jobs.core.model.states import FINISHED, JobState
from speeko_jobs.core.output.formatting import table_money
from speeko_jobs.core.reporting.job_figures import PAUSES, progress_words
from speeko_jobs.flow.delivery import finalize
from speeko_jobs.flow.lifecycle import control
from speeko_jobs.flow.reporting import metrics
from tests.fixtures.inprocess import InProcess, always, opened_in
from tests.fixtures.metered import MeteredProvider

ROWS = [(f"id-{n}", f"This is text number {n}, about a plain box.") for n in range(30)]
ROWS += [("again", ROWS[0][1]), ("dots", "...")]
DATA = re.compile(r'<data value="([^"]*)" data-figure="([^"]*)">')
REPORTED = re.compile(r'<data id="([^"]*)" value="([^"]*)">')
SUMS = ("delivered", "unchanged", "failed", "refused", "with_audio", "calls")


@pytest.fixture
def flow(tmp_path: Path, migrated_url: str, redis_url: str, metered: MeteredProvider) -> Iterator[InProcess]:
    with opened_in(tmp_path, migrated_url, redis_url, metered, max_concurrency=4) as opened:
        yield opened


# the states


def bought_but_not_delivered(flow: InProcess) -> int:
    job, _ = flow.submit(flow.catalog(ROWS))
    flow.synthesize(job)
    return job


def running(flow: InProcess) -> int:
    job, _ = flow.submit(flow.catalog(ROWS))
    return job


def paused_by_the_user(flow: InProcess) -> int:
    job = running(flow)
    control.pause(flow.context, job)
    return job


def over_budget(flow: InProcess) -> int:
    """A third of the texts is bought, then the job's budget is used up."""
    job, plan = flow.submit(flow.catalog(ROWS))
    flow.books.execute("UPDATE speeko.job SET budget_micros = %s", [plan.cost_micros // 3])
    assert kind_of(flow.drive(job).reason) is PauseKind.BUDGET
    return job


def wrong_key(flow: InProcess) -> int:
    flow.provider.script([always(status=401, body="no such key")])
    job, _ = flow.submit(flow.catalog(ROWS))
    assert kind_of(flow.drive(job).reason) is PauseKind.ACCOUNT
    return job


def wasteful(flow: InProcess) -> int:
    flow.provider.script([always(garbage="silence")])
    job, _ = flow.submit(flow.catalog(ROWS))
    assert kind_of(flow.drive(job).reason) is PauseKind.WASTE
    return job


def cancelled(flow: InProcess) -> int:
    job = over_budget(flow)
    control.cancel(flow.context, job)
    flow.deliver(job)
    finalize.finalize(flow.context, job)
    ended = jobs.show(flow.context.database, job)
    assert ended.state is JobState.CANCELLED
    assert 0 < ended.with_audio < ended.rows
    return job


def all_bad(flow: InProcess) -> int:
    """One text, which makes too few calls for the waste breaker."""
    flow.provider.script([always(garbage="silence")])
    return ended(flow, ROWS[:1])


def all_refused(flow: InProcess) -> int:
    return ended(flow, [("a", "..."), ("b", "!!!")], text=("text",))


def failing_provider(flow: InProcess) -> int:
    """Some texts get HTTP 500 until they are given up; all others are bought."""
    flow.provider.script([always(match="number 7,", status=500)])
    return ended(flow, ROWS)


def retried(flow: InProcess) -> int:
    job = failing_provider(flow)
    flow.provider.script([])
    assert control.retry(flow.context, job) == 1
    flow.drive(job)
    return job


def resumed(flow: InProcess) -> int:
    job = over_budget(flow)
    control.resume(flow.context, job, 1_000_000)
    flow.drive(job)
    return job


def done(flow: InProcess) -> int:
    return ended(flow, ROWS[:-1])


def unchanged(flow: InProcess) -> int:
    done(flow)
    return ended(flow, ROWS[:-1])


def ended(flow: InProcess, rows: list[tuple[str, str]], **orders: Any) -> int:
    job, _ = flow.submit(flow.catalog(rows), **orders)
    assert flow.drive(job).state in FINISHED
    return job


STATES = (
    running,
    bought_but_not_delivered,
    paused_by_the_user,
    over_budget,
    wrong_key,
    wasteful,
    cancelled,
    all_bad,
    all_refused,
    failing_provider,
    retried,
    resumed,
    done,
    unchanged,
)


# the screens


def ledger(flow: InProcess, job: int) -> dict[str, Any]:
    """What the calls of a job cost, by their attempts, and its rows, by its items and files."""
    query = """SELECT coalesce(sum(cost_micros) FILTER (WHERE state IN ('stored', 'bad')), 0)::bigint,
                      coalesce(sum(cost_micros) FILTER (WHERE state = 'bad'), 0)::bigint,
                      coalesce(sum(cost_micros) FILTER (WHERE state = 'unknown'), 0)::bigint,
                      count(*) FILTER (WHERE state IN ('stored', 'bad'))
               FROM speeko.attempt WHERE job_id = %s"""
    ((spent, wasted, possible, calls),) = flow.books.execute(query, [job])
    rows = flow.books.execute("SELECT count(*) FROM speeko.item WHERE job_id = %s", [job])[0][0]
    held = flow.books.execute("SELECT count(*) FROM speeko.delivered WHERE bytes > 0")[0][0]
    return {
        "cost": spent,
        "wasted": wasted,
        "possible": possible,
        "calls": calls,
        "rows": rows,
        "with_audio": held,
    }


def documents(here: Any, board: Callable[[str], Any], job: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what each screen says of the job, with the names of the jobs' list."""
    status = here.json("status", str(job))
    yield "status", _as_line(status)
    yield "api summary", _as_line(board(f"/api/jobs/{job}")["summary"])
    yield "api job", board(f"/api/jobs/{job}")["job"]
    yield "api jobs", next(one for one in board("/api/jobs")["jobs"] if one["job"] == job)
    yield "jobs", next(one for one in here.json("jobs") if one["job"] == job)
    top = here.json("top", "--once")
    yield "top", next(one for one in (*top["jobs"], *top["ended"]) if one["job"] == job)


def _as_line(summary: dict[str, Any]) -> dict[str, Any]:
    return summary | {"possible_usd": summary["unknown"]["usd"]}


@pytest.mark.parametrize("state", STATES, ids=[state.__name__ for state in STATES])
def test_every_screen_shows_the_ledger(
    state: Callable[[InProcess], int], flow: InProcess, here: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = state(flow)
    for name in ("home", "database_url", "redis_url"):
        monkeypatch.setenv(f"SPEEKO_{name.upper()}", getattr(flow.settings, name))
    found, books = jobs.show(flow.context.database, job), ledger(flow, job)
    with serving(flow.context, Access("127.0.0.1"), 0) as server:
        board = viewer(server.url)
        for screen, shown in documents(here, lambda path: json.loads(board(path)), job):
            for name in ("cost", "wasted", "possible"):
                assert micros(shown[f"{name}_usd"]) == books[name], (screen, name)
            for name in ("rows", "calls"):
                assert shown[name] == books[name], (screen, name)
            assert shown["with_audio"] == found.with_audio == books["with_audio"], screen
            for name in SUMS:
                assert name not in shown or shown[name] == getattr(found, name), (screen, name)
            assert shown["state_text"] == here.json("status", str(job))["state_text"]
        pages(board, here.json("status", str(job)), job)
    costs_and_metrics(flow, here, job, books)
    files(flow, here, found)
    texts(here, found)


def viewer(url: str) -> Callable[[str], str]:
    import requests

    def get(path: str) -> str:
        answer = requests.get(url + path, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.text

    return get


def pages(board: Callable[[str], str], summary: dict[str, Any], job: int) -> None:
    """The dashboard's exact values are those of the summary."""
    expected = {
        "cost_usd": summary["cost_usd"],
        "possible_usd": summary["unknown"]["usd"],
        "wasted_usd": summary["wasted_usd"],
        "saved_usd": summary["saved_usd"],
        "with_audio": str(summary["with_audio"]),
        "rows": str(summary["rows"]),
        "calls": str(summary["calls"]),
    }
    html = board(f"/jobs/{job}")
    told: dict[str, set[str]] = {}
    for exact, name in DATA.findall(html):
        told.setdefault(name, set()).add(exact)
    for name, exact in expected.items():
        assert told.get(name, {exact}) == {exact}, name
    assert {"cost_usd", "wasted_usd", "saved_usd", "with_audio"} <= set(told)
    assert summary["state_text"] in html
    listed = board("/")
    row = listed[listed.index(f'id="job-{job}"') :].partition("</tr>")[0]
    assert summary["state_text"] in row
    for exact, name in DATA.findall(row):
        assert expected.get(name, exact) == exact, name


def costs_and_metrics(flow: InProcess, here: Any, job: int, books: dict[str, Any]) -> None:
    lines = {line["job"]: line for line in here.json("costs", "--by", "job")["lines"]}
    line = lines.get(str(job), dict.fromkeys(("cost_usd", "wasted_usd", "possible_usd", "saved_usd"), "0"))
    for name in ("cost", "wasted", "possible"):
        assert micros(line[f"{name}_usd"]) == books[name], name
    assert micros(line["saved_usd"]) == micros(here.json("status", str(job))["saved_usd"])
    families = {family.name: family.samples for family in metrics.postgres(flow.context)}
    query = "SELECT coalesce(sum(cost_micros), 0)::bigint FROM speeko.attempt WHERE state = ANY(%s)"
    for name, states in (("speeko_spent_usd", ["stored", "bad"]), ("speeko_unknown_usd", ["unknown"])):
        ((all_jobs,),) = flow.books.execute(query, [states])
        assert round(sum(families[name].values()) * 1e6) == all_jobs, name


def files(flow: InProcess, here: Any, job: Job) -> None:
    """summary.json, the manifest, failed.csv and the report of a job that has ended agree."""
    if job.state not in FINISHED:
        return
    summary = flow.summary()
    status = here.json("status", str(job.id))
    assert status.pop("waiting") is None
    worded = {"failures": 0, "next": 0, "notes": 0}  # the manifest knows the reasons of cancelled rows, too
    assert {**status, **worded} == {**summary, **worded}
    lines = flow.manifest()
    assert len(lines) == job.rows
    assert sum(line["error"] is None for line in lines) == job.with_audio
    assert len(flow.table("failed.csv")) == job.failed + job.refused
    report = dict(REPORTED.findall((flow.output / "report.html").read_text("utf-8")))
    for name in ("cost_usd", "saved_usd", "wasted_usd", "list_cost_usd", "planned_list_cost_usd"):
        assert report[name] == summary[name], name
    assert report["unknown.usd"] == summary["unknown"]["usd"]
    if job.with_audio < job.rows:
        assert "tile.planned_list_cost_usd" in report


def texts(here: Any, job: Job) -> None:
    """What people read: truthful shares, no negative sum, the top reason, the state in words."""
    summary = here.json("status", str(job.id))
    status, listed, top = (
        here(*words)[1] for words in (("status", str(job.id)), ("jobs",), ("top", "--once"))
    )
    for text in (status, listed, top):
        assert "of 0 " not in text
        assert "-$" not in text
        assert "done_with_errors" not in text
    assert micros(summary["saved_usd"]) >= 0
    assert f"cost         {table_money(summary['cost_usd'])}" in status
    for text in (listed, top):
        assert summary["state_text"] in text
    whole = job.with_audio == job.rows
    assert (progress_words(summary["progress"]) == "100%") is whole
    if job.calls and job.state not in FINISHED:
        assert summary["progress"] > 0
    if not whole:
        assert f"progress     {progress_words(summary['progress'])}" in status
    if micros(summary["wasted_usd"]):
        assert all(table_money(summary["wasted_usd"]) in text for text in (status, listed, top))
    if summary["failures"]:
        reason = summary["failures"][0]["reason"][:20]
        assert all(reason in text for text in (status, listed, top))


@pytest.mark.parametrize("kind", PauseKind)
def test_a_pause_has_the_same_words_on_every_screen(
    kind: PauseKind, flow: InProcess, here: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = running(flow)
    reason = stored_reason(kind, "some detail") if kind is not PauseKind.USER else "by the user"
    flow.context.database.run(
        lambda t: jobs.set_state(t, job, JobState.PAUSED, reason, expected=[JobState.RUNNING])
    )
    for name in ("home", "database_url", "redis_url"):
        monkeypatch.setenv(f"SPEEKO_{name.upper()}", getattr(flow.settings, name))
    words = PAUSES[kind] if kind is not PauseKind.USER else "paused by the user"
    shown = [here(*verb)[1] for verb in (("status",), ("jobs",), ("top", "--once"))]
    with serving(flow.context, Access("127.0.0.1"), 0) as server:
        board = viewer(server.url)
        shown += [board("/").replace("&#39;", "'"), board(f"/jobs/{job}").replace("&#39;", "'")]
    for text in shown:
        assert words in text
        assert not re.search(rf"(?<!provider ){kind.value}: some", text)
    assert here.json("status")["reason"] == reason


@pytest.mark.parametrize(
    ("state", "advice"),
    [
        (wrong_key, "correct the API key (SPEEKO_API_KEY)"),
        (failing_provider, "speeko retry 1"),
        (all_refused, "correct the rows in "),
        (cancelled, "speeko retry 1"),
        (over_budget, "--budget USD"),
    ],
)
def test_what_to_do_next_is_right(
    state: Callable[[InProcess], int],
    advice: str,
    flow: InProcess,
    here: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state(flow)
    for name in ("home", "database_url", "redis_url"):
        monkeypatch.setenv(f"SPEEKO_{name.upper()}", getattr(flow.settings, name))
    assert advice in " ".join(here("status")[1].split())
    steps = here.json("status")["next"]
    assert any(advice in f"{step['text']} {step['command']}" for step in steps)
