"""A worker process dies by SIGKILL, or freezes, at each named point; another one ends the job.

The provider bills every call that arrives. What must hold: bill(key) <= 1 + unknown(key) + bad(key), the
ledger brackets the bill, every row is delivered or failed with a reason, and the manifest never changes.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.core.model.states import JobState
from speeko_jobs.flow.delivery import finalize
from speeko_jobs.flow.lifecycle import control
from speeko_jobs.flow.synthesis import settlement, spool
from speeko_workers.supervisor import environment
from tests.faults.workers import WorkerChild, finish
from tests.fixtures.books import broken_rules, together
from tests.fixtures.inprocess import InProcess
from tests.metered.audio import read_stamp, stamp_of
from tests.wait import wait_until

ROWS = [(f"r{n}", f"This is the text number {n % 6}.") for n in range(8)]  # two of them twice
TEXTS = 6
MEMORY_BYTES = 130 << 20
SUBMITTER = Path(__file__).parents[1] / "e2e" / "a_submitter.py"


@pytest.fixture
def job(flow: InProcess) -> int:
    return flow.submit(flow.catalog(ROWS))[0]


def ledger(flow: InProcess) -> Counter[str]:
    """Attempts by state, after the money's rules were looked at: I2, I4 and the sums."""
    attempts = flow.books.execute(
        "SELECT encode(key, 'hex'), state, cost_micros, ever_unknown, reason FROM speeko.attempt"
    )
    billed = Counter(entry["key"] for entry in flow.provider.bill())
    excuses = Counter(
        {key: 0 for key, *_ in attempts}
        | Counter(key for key, state, _, unknown, _ in attempts for _ in range(unknown + (state == "bad")))
    )
    assert all(n <= 1 + excuses[key] for key, n in billed.items()), (billed, excuses)
    assert broken_rules(flow.books) == {}
    settled = sum(cost for _, state, cost, *_ in attempts if state in ("stored", "bad"))
    unknown = sum(cost for _, state, cost, *_ in attempts if state == "unknown")
    assert settled <= flow.provider.micros <= settled + unknown
    return Counter(state for _, state, *_ in attempts)


def check_served(flow: InProcess, rows: list[tuple[str, str]]) -> bytes:
    """Every row has the audio of its own text, and the manifest is the same however often it is written."""
    lines = {line["id"]: line for line in flow.manifest()}
    assert list(lines) == [row_id for row_id, _ in rows]
    for row_id, text in rows:
        audio = (flow.output / lines[row_id]["path"]).read_bytes()
        assert read_stamp(audio, "mp3") == stamp_of(text, lines[row_id]["voice"], ""), row_id
    (job,) = flow.books.execute("SELECT max(id) FROM speeko.job")[0]
    first = (flow.output / "manifest.jsonl").read_bytes()
    together([lambda: finalize.finalize(flow.context, job)] * 2)
    assert (flow.output / "manifest.jsonl").read_bytes() == first
    return first


def dies(flow: InProcess, job: int, crash: str, **orders: Any) -> None:
    WorkerChild(flow.settings, job, crash=crash, **orders).killed()


# the fault matrix's rows, each: where, calls billed at the death, calls billed in the end, unknown at least


@pytest.mark.parametrize(
    ("point", "billed", "in_the_end", "unknown"),
    [
        ("before_claim", 0, TEXTS, 0),
        ("after_claim", 0, TEXTS, 1),
        ("before_send", 0, TEXTS, 1),
        ("after_put", 1, TEXTS, 0),
        ("after_settle", 1, TEXTS, 0),
        ("before_part", TEXTS, TEXTS, 0),
        ("in_manifest", TEXTS, TEXTS, 0),
    ],
)
def test_a_death_that_costs_nothing(
    flow: InProcess, job: int, point: str, billed: int, in_the_end: int, unknown: int
) -> None:
    dies(flow, job, point)
    at_death = flow.provider.calls
    assert billed <= at_death <= TEXTS
    assert not (flow.output / "manifest.jsonl").exists()

    finish(flow, job)

    states = ledger(flow)
    assert flow.provider.calls == in_the_end
    assert states["stored"] == TEXTS
    assert states["unknown"] >= unknown
    assert jobs.show(flow.context.database, job).state is JobState.DONE
    assert flow.summary()["unknown"]["calls"] == states["unknown"]
    check_served(flow, ROWS)


@pytest.mark.parametrize("point", ["after_response", "before_put"])
def test_the_one_window_that_can_cost_a_second_call(flow: InProcess, job: int, point: str) -> None:
    """Between the answer and the store: the call was paid, and the audio died with the process."""
    dies(flow, job, point)
    at_death = flow.provider.calls
    assert at_death >= 1

    finish(flow, job)

    states = ledger(flow)
    assert TEXTS < flow.provider.calls <= TEXTS + at_death
    assert states["unknown"] >= flow.provider.calls - TEXTS
    assert flow.summary()["unknown"]["calls"] == states["unknown"]
    check_served(flow, ROWS)


def test_a_provider_that_honours_keys_is_never_paid_twice(flow: InProcess, job: int) -> None:
    flow.provider.stop()
    flow.provider._options["ignore_idempotency"] = False
    del flow.provider._options["ignore_idempotency"]
    flow.provider.start()
    dies(flow, job, "after_response")
    finish(flow, job)
    assert flow.provider.calls == TEXTS
    assert ledger(flow)["unknown"] >= 1
    check_served(flow, ROWS)


def test_a_death_while_calls_are_on_their_way(flow: InProcess, job: int) -> None:
    flow.provider.script([{"match": "*", "times": -1, "delay_seconds": 30}])
    child = WorkerChild(flow.settings, job)
    wait_until(lambda: flow.provider.calls == 2, "both calls")
    child.end()
    flow.provider.script([])

    finish(flow, job, at_once=False)

    assert flow.provider.calls == TEXTS + 2
    assert ledger(flow)["unknown"] >= 2
    check_served(flow, ROWS)


def test_a_death_with_a_full_spool(flow: InProcess, job: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store was away, the audio lay in the spool, and the process died before and in its replay."""
    monkeypatch.setattr(settlement, "STORE_TRIES", 1)
    store = Path(flow.settings.store_url)
    for path in sorted(store.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    store.rmdir()
    store.write_text("this is no folder")
    flow.synthesize(job)
    spooled = list(spool.folder(flow.context).glob("*.audio"))
    calls = flow.provider.calls
    assert len(spooled) == calls > 0
    assert jobs.show(flow.context.database, job).state is JobState.PAUSED
    store.unlink()
    WorkerChild(flow.settings, job, "sweep", crash="before_put").killed()
    WorkerChild(flow.settings, job, "sweep", crash="after_put").killed()
    WorkerChild(flow.settings, job, "sweep", crash="after_settle").killed()
    assert len(list(spool.folder(flow.context).glob("*.audio"))) == calls

    control.resume(flow.context, job)
    finish(flow, job)

    assert flow.provider.calls == TEXTS
    assert ledger(flow)["stored"] == TEXTS
    assert list(spool.folder(flow.context).iterdir()) == []
    check_served(flow, ROWS)


def test_a_task_that_comes_again_after_its_end_does_nothing(flow: InProcess, job: int) -> None:
    WorkerChild(flow.settings, job, "once", crash="before_ack").killed()
    again = WorkerChild(flow.settings, job, "once")
    again.ended()
    assert again.said().split() == ["ready", "no", "calls"]
    assert flow.provider.calls == TEXTS
    finish(flow, job)
    assert ledger(flow) == {"stored": TEXTS}
    check_served(flow, ROWS)


def test_a_submitter_dies_between_two_batches(flow: InProcess) -> None:
    catalog = flow.catalog([(f"r{n}", f"Text {n}.") for n in range(30_000)])
    environ = {**environment(flow.settings), "SPEEKO_CRASH": "after_batch:2"}
    command = [sys.executable, str(SUBMITTER), catalog, str(flow.output)]
    done = subprocess.run(command, env=environ, input=b"\n", capture_output=True, check=False, timeout=60)
    assert done.returncode == -9, done
    assert 0 < flow.books.one("SELECT count(*) FROM speeko.item") < 30_000
    flow.books.execute("UPDATE speeko.job SET submitter_until = clock_timestamp()")
    WorkerChild(flow.settings, 0, "sweep").ended()
    assert flow.books.one("SELECT count(*) FROM speeko.item") == 0
    assert flow.books.execute("SELECT state FROM speeko.job") == [("cancelled",)]
    assert flow.provider.calls == 0


def test_a_poison_text_fails_and_its_neighbours_are_delivered(flow: InProcess) -> None:
    wide = flow.again(max_concurrency=8)
    rows = [(f"r{n}", f"This is the text number {n}.") for n in range(12)]
    job, _ = wide.submit(wide.catalog([*rows[:5], ("poison", "This is poison."), *rows[5:]]))
    deaths = 0
    while True:
        child = WorkerChild(wide.settings, job, crash="after_response", text="poison")
        if child.wait() == 0:
            break
        deaths += 1
        assert deaths < 5, child.said()
        flow.books.execute("UPDATE speeko.claimant SET lease_until = clock_timestamp() - interval '1 second'")
    wide.close()

    assert deaths == 3
    ledger(flow)
    summary = flow.summary()
    assert (summary["delivered"], summary["failed"]) == (12, 1)
    (failed,) = flow.table("failed.csv")
    assert (failed["id"], failed["error"]) == ("poison", "the worker died during the call")
    billed = Counter(entry["text"] for entry in flow.provider.bill())
    assert billed["This is poison."] == 3


def test_frozen_before_the_call_and_waking_too_late_it_does_not_call(flow: InProcess, job: int) -> None:
    frozen = WorkerChild(flow.settings, job, "once", crash="after_claim", signal_name="SIGSTOP")
    try:
        frozen.frozen()
        assert flow.provider.calls == 0
        finish(flow, job, at_once=False)
        assert flow.provider.calls == TEXTS
        frozen.thaw()
        frozen.ended()
    finally:
        frozen.end()
    assert flow.provider.calls == TEXTS
    assert ledger(flow)["unknown"] >= 1
    check_served(flow, ROWS)


def test_frozen_after_the_call_its_late_audio_is_kept(flow: InProcess, job: int) -> None:
    frozen = WorkerChild(flow.settings, job, "once", crash="after_response", signal_name="SIGSTOP")
    try:
        frozen.frozen()
        early = flow.provider.calls
        lost = "SELECT count(*) FROM speeko.attempt WHERE state = 'unknown'"
        finish(flow, job, at_once=False)
        assert flow.provider.calls == TEXTS + early
        assert flow.books.one(lost) >= early
        before = (flow.output / "manifest.jsonl").read_bytes()
        frozen.thaw()
        frozen.ended()
    finally:
        frozen.end()
    assert flow.provider.calls == TEXTS + early  # it made no new call
    states = ledger(flow)
    assert states["stored"] == TEXTS + early  # both calls of a text are booked: both are on the bill
    assert (
        flow.books.one("SELECT count(*) FROM speeko.attempt WHERE ever_unknown AND state = 'stored'") == early
    )
    assert check_served(flow, ROWS) == before


def few_files() -> None:
    resource.setrlimit(resource.RLIMIT_NOFILE, (14, 14))


def little_memory() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


@pytest.mark.parametrize("limit", [few_files, little_memory])
def test_under_tight_limits_it_fails_aloud_and_nothing_is_lost(flow: InProcess, job: int, limit: Any) -> None:
    child = WorkerChild(flow.settings, job, "once", before=limit)
    try:
        code = child.wait()
    finally:
        child.end()
    said = child.said()
    assert code != 0 or "rror" in said or "is paused: worker: " in said, said
    control_state = jobs.show(flow.context.database, job).state
    if control_state is JobState.PAUSED:
        control.resume(flow.context, job)

    finish(flow, job)

    assert ledger(flow)["stored"] == TEXTS
    check_served(flow, ROWS)
