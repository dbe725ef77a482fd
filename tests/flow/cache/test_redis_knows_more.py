"""A Redis that knows more than the database: another deployment's, or one of before a restore."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from speeko_jobs.adapters.redis.cache import RedisCache
from speeko_jobs.adapters.redis.server import FOREIGN, OWNER
from speeko_jobs.core.model.speech import Record
from speeko_jobs.core.model.states import JobState
from speeko_jobs.embedded.servers import ServerUrls
from speeko_jobs.flow.lifecycle.post_restore import restored
from tests.fixtures.database import own_database
from tests.fixtures.inprocess import InProcess

ROWS = [(f"r{n}", f"This is text number {n} of the catalog.") for n in range(20)]
RECORD = Record(1, 2, 3, 4, 5, 6)


@pytest.fixture
def other(flow: InProcess, servers: ServerUrls, migrated_template: str) -> Iterator[InProcess]:
    """Another deployment: a database, a home and an output of its own, but the same Redis."""
    home = flow.folder / "other-home"
    home.mkdir()
    with own_database(servers, "other", migrated_template) as url:
        made = flow.again(database_url=url, home=str(home))
        # a copy of a template has the template's id, as a restored dump has
        made.output = flow.folder / "other-out"
        yield made
        made.close()


def test_two_deployments_on_one_redis_both_have_their_rows(
    flow: InProcess, other: InProcess, caplog: pytest.LogCaptureFixture
) -> None:
    assert flow.run(flow.catalog(ROWS))["delivered"] == 20
    with caplog.at_level(logging.INFO):
        plan = other.estimate(other.catalog(ROWS))
        job, _ = other.submit(other.catalog(ROWS))
        assert other.drive(job).state is JobState.DONE
    assert plan.calls == 20
    assert (other.summary()["delivered"], other.summary()["calls"]) == (20, 20)
    assert flow.provider.calls == 40
    assert FOREIGN in caplog.text
    assert "bought again" not in caplog.text
    assert other.context.cache.server.is_foreign()
    assert not flow.context.cache.server.is_foreign()
    assert other.context.cache.held().records == flow.context.cache.held().records == 20
    flow.output = flow.folder / "second"
    job, plan = flow.submit(flow.catalog(ROWS))
    assert flow.drive(job).state is JobState.DONE
    assert (plan.calls, flow.provider.calls) == (0, 40)


def test_what_only_redis_knows_is_bought_and_no_row_fails(
    flow: InProcess, caplog: pytest.LogCaptureFixture
) -> None:
    """The database came out of a backup, and nobody said so."""
    source = flow.catalog(ROWS)
    flow.run(source)
    lost = [key for (key,) in flow.books.execute("SELECT key FROM speeko.utterance ORDER BY key LIMIT 7")]
    flow.books.execute("DELETE FROM speeko.attempt WHERE key = ANY(%s)", [lost])
    flow.books.execute("DELETE FROM speeko.utterance WHERE key = ANY(%s)", [lost])
    assert len(flow.context.cache.get_many(lost)) == 7
    for path in flow.context.store_of(flow.settings.store_url).list("audio"):
        if any(key.hex() in path for key in lost):
            flow.context.store_of(flow.settings.store_url).delete([path])
    flow.output = flow.folder / "second"
    plan = flow.estimate(source)
    assert (plan.cached, plan.to_buy) == (13, 7)
    job, _ = flow.submit(source)
    assert flow.drive(job).state is JobState.DONE
    summary = flow.summary()
    assert (summary["delivered"], summary["failed"], summary["calls"]) == (20, 0, 7)
    assert summary["cost_usd"] == summary["planned_cost_usd"]
    assert "bought again" not in caplog.text
    assert flow.provider.calls == 27


def test_a_redis_that_forgets_all_in_mid_job_costs_nothing(flow: InProcess) -> None:
    job, _ = flow.submit(flow.catalog(ROWS))
    flow.synthesize(job)
    flow.context.cache._redis.flushdb()
    assert flow.drive(job).state is JobState.DONE
    assert flow.provider.calls == 20
    flow.check()


def test_after_a_restore_redis_is_the_restored_databases(flow: InProcess, other: InProcess) -> None:
    flow.run(flow.catalog(ROWS))
    assert other.context.cache.server.is_foreign()
    forgotten, _ = restored(other.context)
    assert forgotten == 20
    assert not other.context.cache.server.is_foreign()
    assert flow.context.cache.server.is_foreign()


def test_an_owner_is_found_out_once_in_a_while(redis_url: str) -> None:
    first, second = (
        RedisCache(redis_url, database_id=lambda name=name: name) for name in ("a" * 16, "b" * 16)
    )
    unbound = RedisCache(redis_url)
    first.put_many({bytes(32): RECORD})
    assert unbound.get_many([bytes(32)]) == {bytes(32): RECORD}  # workers of v0.1.0 share what it has
    assert second.get_many([bytes(32)]) == {}
    second.put_many({bytes(32): RECORD, b"\1" * 32: RECORD})
    second.put_audio(bytes(32), b"audio")
    assert (first.get_many([b"\1" * 32]), first.audio(bytes(32))) == ({}, None)
    assert first.server.client.get(OWNER) == b"a" * 16
    second.drop([bytes(32)])
    assert first.get_many([bytes(32)]) == {bytes(32): RECORD}
    second.server.take_over()
    assert second.get_many([bytes(32)]) == {bytes(32): RECORD}
    assert first.server.is_foreign()
    for cache in (first, second, unbound):
        cache.close()
