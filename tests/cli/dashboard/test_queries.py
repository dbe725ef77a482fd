"""What readings remember: failures that are counted aside, sizes that are counted seldom, the broker."""

from __future__ import annotations

import dataclasses
import socket

import psycopg
import pytest

from speeko_cli.dashboard import queries as module
from speeko_cli.dashboard.queries import STORAGE_SECONDS, Readings
from speeko_jobs import runtime
from speeko_jobs.errors import JobError, UsageError
from tests.cli.dashboard.conftest import Shop
from tests.fixtures.database import plain_url
from tests.wait import wait_until


def test_failures_that_take_long_to_count_hold_up_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FAILURES_WAIT_SECONDS", 0.1)
    readings = Readings(shop.flow.context)
    with psycopg.connect(plain_url(shop.flow.settings.database_url)) as other:
        other.execute("LOCK TABLE speeko.item")  # they are counted there
        found = readings.job(shop.with_errors)
        assert (found["failures_known"], found["summary"]["failures"]) == (False, [])
        assert found["job"]["failed"] == 1
        assert readings.job(shop.done)["failures_known"] is True  # none failed: nothing to count
    found = wait_until(
        lambda: (one := readings.job(shop.with_errors))["failures_known"] and one, "the failures"
    )
    assert sum(failure["rows"] for failure in found["summary"]["failures"]) == 2


def test_failures_are_counted_again_when_there_are_others(shop: Shop) -> None:
    now = [0.0]
    readings = Readings(shop.flow.context, clock=lambda: now[0])
    failures = readings.job(shop.with_errors)["summary"]["failures"]
    books = shop.flow.books
    reason = "UPDATE speeko.item SET error = %s WHERE job_id = %s AND error = %s RETURNING row_no"
    changed = books.execute(
        reason, ["another reason", shop.with_errors, "there is nothing to speak in the text"]
    )
    assert len(changed) == 1
    try:
        assert readings.job(shop.with_errors)["summary"]["failures"] == failures
        count = "UPDATE speeko.job SET refused = refused + %s WHERE id = %s"
        books.execute(count, [1, shop.with_errors])
        found = readings.job(shop.with_errors)["summary"]["failures"]
        assert "another reason" in [failure["reason"] for failure in found]
    finally:
        books.execute(count, [-1, shop.with_errors])
        books.execute(reason, ["there is nothing to speak in the text", shop.with_errors, "another reason"])


def test_what_is_kept_is_counted_seldom(one_day: None, shop: Shop) -> None:
    now = [0.0]
    readings = Readings(shop.flow.context, clock=lambda: now[0])
    before = readings.costs()["storage"]["bytes"]
    grow = "UPDATE speeko.utterance SET bytes = bytes + %s WHERE state = 'done'"
    shop.flow.books.execute(grow, [1000])
    try:
        assert readings.costs()["storage"]["bytes"] == before
        assert readings.costs(tenant="shop")["storage"]["bytes"] > before
        now[0] = STORAGE_SECONDS
        assert readings.costs()["storage"]["bytes"] > before
    finally:
        shop.flow.books.execute(grow, [-1000])


def test_days_that_end_before_they_begin(shop: Shop) -> None:
    with pytest.raises(UsageError, match="is after"):
        Readings(shop.flow.context).costs(since="2026-11-02", until="2026-11-01")


def test_a_job_that_there_is_not(shop: Shop) -> None:
    readings = Readings(shop.flow.context)
    for read in (readings.job, readings.chunks, readings.failed, readings.samples, readings.course):
        with pytest.raises(JobError, match="there is no job 999"):
            read(999)


def test_a_broker_that_says_nothing_holds_up_nothing(shop: Shop) -> None:
    now = [0.0]
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        url = f"redis://127.0.0.1:{deaf.getsockname()[1]}/0"
        context = runtime.open_context(dataclasses.replace(shop.flow.settings, broker_url=url))
        readings = Readings(context, clock=lambda: now[0])
        found = readings.workers()
        assert found["broker"] is None
        assert found["engines"]
        assert {queue["waiting"] for queue in found["queues"]} == {None}
    try:  # now it refuses
        wait_until(lambda: readings.workers()["broker"] is False, "the broker to be missed")
    finally:
        runtime.close(context)
