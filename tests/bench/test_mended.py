"""Bad audio to a whole catalog, then a mended provider: the time until all is served, beside a first run's.

SPEEKO_BENCH_MENDED_TEXTS (20000): texts of each of the two catalogs. The workers are those of one machine.
The first catalog meets a good provider. The second has fresh texts and a voice that no answer has proven;
every answer is silence, so `speeko run` ends with exit code 4. The provider is mended and the job resumed.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from speeko_jobs.core.model.pause_reasons import PauseKind, kind_of
from speeko_jobs.core.model.states import JobState
from speeko_jobs.core.policies.waste_breaker import JUDGED_FROM, TRIAL_CALLS
from speeko_jobs.flow.lifecycle import control
from speeko_workers.supervisor import environment
from tests.bench.processes import at_work, more, ours
from tests.bench.programs import planned
from tests.bench.table import show, size
from tests.e2e.conftest import MakeSpine
from tests.fixtures.ledger import check_ledger
from tests.fixtures.spine import Spine, texts, write_catalog
from tests.wait import wait_until

pytestmark = [pytest.mark.bench, pytest.mark.timeout(1_800)]
IN_FLIGHT, LATENCY_SECONDS = 64, 0.15
PAUSED_EXIT = 4
FRESH_VOICE = "kokoro-friendly"
END_SECONDS = 900.0


def test_a_mended_provider_serves_as_fast_as_a_first_run(make_spine: MakeSpine) -> None:
    count = size("MENDED_TEXTS", 20_000)
    provider = {"latency_ms": LATENCY_SECONDS * 1000, "ignore_idempotency": True, "fsync": False}
    spine = make_spine(provider=provider, max_concurrency=IN_FLIGHT)
    first = write_catalog(spine.folder / "first.csv", texts(count))
    second = write_catalog(spine.folder / "second.csv", texts(count, "newcomer"))
    with at_work(spine) as crew:
        before = crew.cpu_seconds()
        found = planned(spine, "run", first)
        first_seconds = found["whole_seconds"] - found["seconds"]
        first_cpu = ours(more(crew.cpu_seconds(), before))
        assert spine.provider.calls == spine.job(found["job"]).calls == count

        spine.provider.script([{"match": "*", "times": -1, "garbage": "silence"}])
        job = paused_run(spine, second)
        bad = spine.provider.calls - count
        assert JUDGED_FROM <= bad <= JUDGED_FROM + TRIAL_CALLS
        assert spine.job(job).failed == 0
        check_ledger(spine)

        spine.provider.script([])
        before, started = crew.cpu_seconds(), time.monotonic()
        control.resume(spine.context, job)
        wait_until(lambda: ended(spine, job), f"the end of job {job}", END_SECONDS)
        mended_seconds = time.monotonic() - started
        mended_cpu = ours(more(crew.cpu_seconds(), before))
    done = spine.job(job)
    assert (done.state, done.delivered, done.failed) == (JobState.DONE, count, 0)
    assert spine.provider.calls == 2 * count + bad
    assert check_ledger(spine) == {"stored": 2 * count, "bad": bad}
    rows: list[list[str | int | float]] = []
    for what, seconds, target, cpu in (
        ("a first run, release to done", first_seconds, "", first_cpu),
        ("resume to done", mended_seconds, "≤ 1.3", mended_cpu),
    ):
        rows.append([what, seconds, count / seconds, seconds / first_seconds, target, 1e3 * cpu / count])
    title = f"{count:,} texts, all bad ({bad} calls paid), mended and resumed; {IN_FLIGHT} in flight"
    show(title, ["", "s", "texts/s", "of a first run", "target", "CPU ms a text"], rows)


def paused_run(spine: Spine, catalog: Path) -> int:
    """Run a catalog from the command line until its job pauses as waste; return the job."""
    speeko = str(Path(sys.executable).with_name("speeko"))
    command = [speeko, "run", str(catalog), "--output", str(spine.folder / "second"), "--voice", FRESH_VOICE]
    assert subprocess.run(command, env=environment(spine.settings), check=False).returncode == PAUSED_EXIT
    job = int(spine.sql("SELECT max(id) FROM speeko.job")[0][0])
    assert kind_of(spine.job(job).reason) is PauseKind.WASTE
    open_calls = f"SELECT 1 FROM speeko.attempt WHERE state = 'sending' AND job_id = {job}"
    wait_until(lambda: not spine.sql(open_calls), "the last calls")
    return job


def ended(spine: Spine, job: int) -> bool:
    """Return whether the job is done. Fail at once where it pauses again."""
    now = spine.job(job)
    assert now.state is not JobState.PAUSED, now.reason
    return now.state is not JobState.RUNNING
