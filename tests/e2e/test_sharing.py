"""Many at once: two submitters of one catalog, four processes under one limit, messages that come twice."""

from __future__ import annotations

from collections import Counter

from speeko_jobs.flow.lifecycle import crash_recovery
from speeko_workers.supervisor import CeleryNode
from tests.e2e.conftest import MakeSpine
from tests.e2e.submitters import Submitter
from tests.fixtures.ledger import check_ledger, check_served
from tests.fixtures.spine import DELIVERING, SYNTHESIZING, Spine, texts, write_catalog
from tests.wait import wait_until


def test_two_submits_of_one_catalog_at_once_buy_each_text_once(make_spine: MakeSpine) -> None:
    spine = make_spine(provider={"latency_ms": 50}, max_concurrency=20)
    spine.start_workers(SYNTHESIZING, DELIVERING)
    said = texts(200)
    rows = said + said[:60]
    catalog = write_catalog(spine.folder / "catalog.csv", rows)
    outputs = ("one", "two")

    submitters = [Submitter(spine, catalog, output) for output in outputs]
    for submitter in submitters:
        submitter.go()
    summaries = [spine.wait(submitter.job()) for submitter in submitters]

    assert spine.provider.calls == 200
    assert Counter(entry["text"] for entry in spine.provider.bill()) == Counter(said)
    assert check_ledger(spine) == {"stored": 200}
    spoken = {str(number): text for number, text in enumerate(rows, start=1)}
    for summary, output in zip(summaries, outputs, strict=True):
        sources = summary["sources"]
        assert sum(sources.values()) == 260
        assert sources["synthesized"] == summary["calls"]
        assert sources["unchanged"] == 0
        check_served(spine, summary, spoken, output)
    assert sum(summary["calls"] for summary in summaries) == 200


def test_the_limit_holds_over_two_nodes_of_two_processes(make_spine: MakeSpine) -> None:
    spine = make_spine(provider={"latency_ms": 60, "fsync": False}, max_concurrency=7)
    spine.start_workers(SYNTHESIZING, CeleryNode("synthesize-2", SYNTHESIZING.queues, 2), DELIVERING)
    catalog = write_catalog(spine.folder / "catalog.csv", texts(300))

    job = spine.submit(catalog)
    living = "SELECT count(*) FROM speeko.claimant WHERE lease_until > clock_timestamp()"
    wait_until(lambda: spine.sql(living) == [(4,)], "all four to be at work")
    summary = spine.wait(job)

    provider = spine.provider.summary()
    assert provider["max_in_flight"] <= 7
    assert provider["answers"] == {"200": 300}
    assert summary["calls"] == 300
    check_ledger(spine)


def test_every_message_five_times_changes_nothing(make_spine: MakeSpine) -> None:
    spine = make_spine(provider={"latency_ms": 20, "ignore_idempotency": True}, max_concurrency=20)
    spine.start_workers(SYNTHESIZING, DELIVERING)
    rows = texts(200)
    catalog = write_catalog(spine.folder / "catalog.csv", rows)
    send = spine.context.queue._send

    def send_five(task: str, queue: str, messages: list[tuple[int, ...]], **options: object) -> bool:
        return send(task, queue, messages * 5, **options)

    spine.context.queue._send = send_five  # type: ignore[method-assign]
    job = spine.submit(catalog)
    chunks = spine.job(job).chunks
    for no in range(1, chunks + 1):  # and what the workers themselves will send
        spine.context.queue.deliver([(job, no)])
    spine.wait_for_calls(100)
    spine.context.queue.finalize(job)
    spine.context.queue.deliver([(job, no) for no in range(1, chunks + 1)])
    summary = spine.wait(job)
    spine.context.queue.finalize(job)
    spine.context.queue.synthesize([(job, 1)])

    assert spine.provider.calls == summary["calls"] == 200
    check_served(spine, summary, {str(n): text for n, text in enumerate(rows, start=1)})
    assert check_ledger(spine) == {"stored": 200}
    assert len(spine.manifest()) == 200


def test_sweeps_do_not_pile_up_messages(idle_spine: Spine) -> None:
    spine = idle_spine
    job = spine.submit(write_catalog(spine.folder / "catalog.csv", texts(250)))
    for _ in range(10):
        spine.sql("UPDATE speeko.chunk SET queued_at = queued_at - interval '15 seconds'")
        crash_recovery.sweep(spine.context)
    with spine.redis.client as client:
        assert client.llen("speeko:synthesize") <= 2 * spine.job(job).chunks
