"""Figures for Prometheus are the ledger's own, stay what they are over pruning, and hold no names of rows."""

from __future__ import annotations

import contextlib
import dataclasses
from typing import Any

import pytest

from speeko_jobs.adapters.postgres import metrics as sums
from speeko_jobs.adapters.postgres.database import Database
from speeko_jobs.core.model.states import JobState
from speeko_jobs.errors import ServerError
from speeko_jobs.flow.cache import eviction
from speeko_jobs.flow.lifecycle import retention
from speeko_jobs.flow.lifecycle.crash_recovery import sweep
from speeko_jobs.flow.reporting import metrics
from speeko_jobs.flow.reporting.metrics import Family
from tests.fixtures.inprocess import InProcess
from tests.fixtures.ports import held_port, number

ROWS = [(f"id-{n}", f"Text number {n % 8} of the catalog.") for n in range(12)] + [("bad", "---")]


def look(flow: InProcess) -> dict[str, Family]:
    found = [family for read in metrics.READINGS.values() for family in read(flow.context)]
    assert len({family.name for family in found}) == len(found)
    return {family.name: family for family in found}


def values(family: Family) -> dict[tuple[str, ...], float]:
    return {labels: value for labels, value in family.samples.items() if value}


def run(flow: InProcess, name: str = "out") -> int:
    flow.provider.script(
        [
            {"match": "number 3 ", "status": 400, "body": "no"},
            {"match": "number 4 ", "garbage": "silence", "times": 1},
            {"match": "number 5 ", "status": 429, "times": 1},
        ]
    )
    job, _ = flow.submit(flow.catalog(ROWS), {"output": str(flow.folder / name)})
    assert flow.drive(job).state is JobState.DONE_WITH_ERRORS
    return job


def test_figures_are_the_ledgers(flow: InProcess) -> None:
    nothing = look(flow)
    assert values(nothing["speeko_jobs"]) == values(nothing["speeko_calls"]) == {}
    job = run(flow)
    found = look(flow)
    assert values(found["speeko_jobs"]) == {("shop", "done_with_errors"): 1}
    rows = values(found["speeko_rows"])
    assert rows == {("shop", "delivered"): 10, ("shop", "failed"): 2, ("shop", "refused"): 1}
    (spent, calls, chars) = flow.books.execute(
        "SELECT spent_micros, calls, billed_chars FROM speeko.job WHERE id = %s", [job]
    )[0]
    assert sum(found["speeko_calls"].samples.values()) == calls == 8
    assert values(found["speeko_calls"])["shop", "speeko", "bad"] == 1
    assert sum(found["speeko_spent_usd"].samples.values()) == pytest.approx(spent / 1e6)
    assert values(found["speeko_billed_characters"]) == {("shop", "speeko"): chars}
    refused = flow.books.execute(
        "SELECT provider, status::text, count(*) FROM speeko.attempt WHERE state = 'refused' GROUP BY 1, 2"
    )
    assert values(found["speeko_refused_calls"]) == {(p, s): n for p, s, n in refused}
    assert {s for _, s, _ in refused} == {"400", "429"}
    assert values(found["speeko_rows_without_call"]) == {("shop", "speeko", "duplicate"): 3}
    (limit,) = found["speeko_calls_limit"].samples.values()
    assert 0 < limit <= 32
    assert values(found["speeko_calls_in_flight"]) == {}
    assert values(found["speeko_chunks"]) == values(found["speeko_idle_chunks"]) == {}
    assert found["speeko_database_bytes"].samples[()] > 1_000_000


def test_work_that_waits_is_seen(flow: InProcess) -> None:
    job, _ = flow.submit(flow.catalog(ROWS[:12]))
    sweep(flow.context)
    found = look(flow)
    assert values(found["speeko_rows"]) == {("shop", "waiting"): 12}
    assert found["speeko_chunks"].samples[("planned",)] == found["speeko_idle_chunks"].samples[()] == 3
    assert values(found["speeko_queue_messages"]) == {("synthesize",): 3}
    flow.books.execute(
        "UPDATE speeko.chunk SET state = 'ready', ready_at = clock_timestamp() - interval '1 h'"
    )
    found = look(flow)
    assert 3_600 <= found["speeko_oldest_chunk_seconds"].samples[("ready",)] < 3_700
    assert found["speeko_idle_chunks"].samples[()] == 0
    engine = flow.books.engine()
    assert values(look(flow)["speeko_engines"]) == {("living",): 1}
    flow.books.expire(engine)
    assert values(look(flow)["speeko_engines"]) == {("dead",): 1}
    flow.books.execute("UPDATE speeko.chunk SET state = 'synthesizing', ready_at = NULL")
    assert look(flow)["speeko_idle_chunks"].samples[()] == 0  # nobody has written down what it waits for
    flow.books.execute("UPDATE speeko.chunk SET state = 'planned'")
    assert flow.drive(job).state is JobState.DONE


def test_chores_tell_when_they_were_done(flow: InProcess) -> None:
    for _ in range(2):
        sweep(flow.context)
    eviction.keep_budgets(flow.context)
    found = look(flow)
    assert found["speeko_chore_runs"].samples == {("sweep",): 2, ("evict",): 1}
    flow.books.execute("UPDATE speeko.chore SET ended_at = ended_at - interval '5 min' WHERE name = 'sweep'")
    assert 300 <= look(flow)["speeko_chore_age_seconds"].samples[("sweep",)] < 400
    sweep(flow.context)
    assert look(flow)["speeko_chore_age_seconds"].samples[("sweep",)] < 300


def test_counters_never_go_back(flow: InProcess) -> None:
    job = run(flow)
    before = {name: f.samples for name, f in look(flow).items() if f.kind == "counter"}
    flow.books.execute("UPDATE speeko.job SET finished_at = finished_at - interval '90 days'")
    flow.books.execute("UPDATE speeko.attempt SET at = at - interval '90 days'")
    done = retention.prune(flow.context, retention.RetentionOptions(86_400.0))
    assert (done.jobs, done.calls) == (1, 10)
    assert flow.books.one("SELECT count(*) FROM speeko.attempt WHERE job_id = %s", [job]) == 0
    after = {name: f.samples for name, f in look(flow).items() if f.kind == "counter"}
    for name, samples in before.items():
        for labels, value in samples.items():
            assert after[name][labels] >= value, name
    assert after["speeko_calls"] == before["speeko_calls"]


def test_labels_are_few_and_hold_no_rows(flow: InProcess) -> None:
    run(flow)
    before = {name: len(f.samples) for name, f in look(flow).items()}
    run(flow, "other")
    found = look(flow)
    for name, family in found.items():
        assert name.startswith("speeko_")
        assert family.help.endswith(".")
        assert not name.endswith(("_total", "_count", "_sum")), "the client adds that"
        for labels in family.samples:
            assert len(labels) == len(family.labels)
            assert not any("id-" in label or "Text" in label or "/" in label for label in labels)
        if family.labels and name not in ("speeko_rows_without_call", "speeko_saved_usd"):
            assert len(family.samples) == before[name], name  # another job adds to sums, not to series


def test_each_source_fails_alone(flow: InProcess, tmp_path: Any) -> None:
    with contextlib.closing(held_port()) as held:
        port = number(held)
        away = flow.again(
            redis_url=f"redis://127.0.0.1:{port}/0", database_url=f"postgresql://u@127.0.0.1:{port}/x"
        )
        for read in metrics.READINGS.values():
            with pytest.raises(ServerError) as caught:
                read(away.context)
            assert "\n" not in str(caught.value)
        away.close()
    assert metrics.postgres(dataclasses.replace(away.context, database=flow.context.database))


def test_a_slow_look_is_given_up(flow: InProcess) -> None:
    database = Database(flow.settings.database_url, pool_size=1)
    with flow.context.database.transaction() as t:
        t._connection.execute("LOCK TABLE speeko.job")
        with pytest.raises(ServerError):
            sums.look(database)
    assert sums.look(database).jobs == []
    database.close()
