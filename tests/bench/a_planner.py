"""Plan one catalog in a fresh process: `a_planner.py VERB CATALOG OUTPUT`; figures as JSON.

The verbs: estimate; submit; run, which submits and waits until workers have ended the job. Peak memory is
the process's own high-water mark (VmHWM), before planning and at the end. `seconds` are of planning, up to
the release; `whole_seconds` go to the job's end.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from speeko_jobs import runtime
from speeko_jobs import settings as speeko_settings
from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.core.model.states import FINISHED, JobState
from speeko_jobs.flow.planning import planner, submit
from tests.fixtures.spine import spec_of
from tests.wait import wait_until

END_SECONDS = 3_600.0


def peak_bytes() -> int:
    """VmHWM; elsewhere than on Linux ru_maxrss, which a parent's memory can enlarge."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def await_end(job: int, summary: Path, stamp: int) -> None:
    """Wait for a job's end. The database is asked once a second only, and when the summary is there."""
    due = 0.0

    def ended() -> bool:
        nonlocal due
        if time.monotonic() < due and stamp_of(summary) == stamp:
            return False
        due = time.monotonic() + 1
        now = jobs.show(context.database, job)
        assert now.state is not JobState.PAUSED, now.reason
        return now.state in FINISHED

    wait_until(ended, f"the end of job {job}", END_SECONDS)


def stamp_of(file: Path) -> int:
    return file.stat().st_mtime_ns if file.exists() else 0


verb, catalog, output = sys.argv[1:]
summary = Path(output) / "summary.json"
stamp = stamp_of(summary)
settings = speeko_settings.load()
context = runtime.open_context(settings, name="planner")
spec, orders = spec_of(settings, output), planner.CatalogOptions((catalog,))
before, started, cpu = peak_bytes(), time.monotonic(), time.process_time()
job = 0
if verb == "estimate":
    found = planner.estimate(context, spec, orders).plan
else:
    job, found = submit.submit(context, spec, orders, tenant="bench")
seconds, cpu = time.monotonic() - started, time.process_time() - cpu
if verb == "run":
    await_end(job, summary, stamp)
figures = {
    "job": job,
    "rows": found.rows,
    "to_buy": found.to_buy,
    "seconds": seconds,
    "whole_seconds": time.monotonic() - started,
    "cpu_seconds": cpu,
    "before_bytes": before,
    "peak_bytes": peak_bytes(),
}
print(json.dumps(figures))
runtime.close(context)
