"""Old and new workers together: what an old one does not understand it leaves alone, and nothing is lost."""

from __future__ import annotations

from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.core.model.states import JobState
from tests.faults.workers import WorkerChild, finish
from tests.fixtures.faulty import MakeSpine
from tests.fixtures.inprocess import InProcess
from tests.fixtures.ledger import check_ledger, check_served
from tests.fixtures.spine import DELIVERING, SYNTHESIZING, texts, write_catalog

ROWS = [(f"r{n}", f"This is text {n}.") for n in range(60)]
NEWER = """UPDATE speeko.job SET spec = spec || '{"mood": "calm"}' WHERE id = %s"""
KNOWN = "UPDATE speeko.job SET spec = spec - 'mood' WHERE id = %s"


def test_a_newer_versions_job_waits_for_a_newer_worker(flow: InProcess) -> None:
    job, _ = flow.submit(flow.catalog(ROWS))
    flow.books.execute(NEWER, [job])
    old = WorkerChild(flow.settings, job, "once")
    old.ended()
    assert "mood" in old.said()
    assert "upgrade" in old.said()
    assert "Traceback" not in old.said()
    assert flow.provider.calls == 0
    assert flow.books.one("SELECT count(*) FROM speeko.attempt") == 0

    flow.books.execute(KNOWN, [job])  # a newer worker would know the field
    finish(flow, job)

    assert jobs.show(flow.context.database, job).state is JobState.DONE
    assert flow.provider.calls == len(ROWS)
    flow.check()


def test_a_newer_job_in_the_line_does_not_stop_an_older_one(flow: InProcess) -> None:
    newer, _ = flow.submit(flow.catalog([("new", "A text of the newer job.")]))
    older, _ = flow.submit(flow.catalog(ROWS), {"output": str(flow.folder / "older")})
    flow.books.execute(NEWER, [newer])
    worker = WorkerChild(flow.settings, older)
    try:
        worker.ended()
    finally:
        worker.end()
    assert jobs.show(flow.context.database, older).state is JobState.DONE
    assert flow.provider.calls == len(ROWS)
    flow.books.execute(KNOWN, [newer])
    finish(flow, newer)
    assert flow.provider.calls == len(ROWS) + 1
    flow.check()


def test_messages_of_another_version_are_refused_and_stop_nobody(make_spine: MakeSpine) -> None:
    rows = texts(60)
    spine = make_spine(provider={"latency_ms": 20, "ignore_idempotency": True})
    send = spine.context.queue.app.send_task
    for queue in ("synthesize", "deliver", "control"):
        send("whisper", (1, 1), queue=queue)  # a task that is not known here
        send(queue if queue != "control" else "finalize", (1, 2, 3, 4), queue=queue)
        send("sweep", (), {"thoroughly": True}, queue=queue)
    spine.start_workers(SYNTHESIZING, DELIVERING)
    job = spine.submit(write_catalog(spine.folder / "catalog.csv", rows))
    summary = spine.wait(job, sweeping=True)
    check_served(spine, summary, {str(number): text for number, text in enumerate(rows, start=1)})
    assert check_ledger(spine) == {"stored": 60}
    assert "it names a task that this version does not have" in spine.logs()
    assert all(node.container.status == "running" for node in spine.nodes)
