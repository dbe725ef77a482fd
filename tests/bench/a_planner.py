"""Plan one catalog in a fresh process: `a_planner.py estimate|submit CATALOG OUTPUT`; figures as JSON.

Peak memory is the process's own high-water mark (VmHWM), before planning and at the end.
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
from speeko_jobs.flow import plan, submit
from tests.fixtures.spine import spec_of


def peak_bytes() -> int:
    """VmHWM; elsewhere than on Linux ru_maxrss, which a parent's memory can enlarge."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


verb, catalog, output = sys.argv[1:]
settings = speeko_settings.load()
context = runtime.open_context(settings, name="planner")
spec, orders = spec_of(settings, output), plan.Orders((catalog,))
before, started, cpu = peak_bytes(), time.monotonic(), time.process_time()
if verb == "submit":
    found = submit.submit(context, spec, orders, tenant="bench")[1]
else:
    found = plan.estimate(context, spec, orders).plan
figures = {
    "rows": found.rows,
    "seconds": time.monotonic() - started,
    "cpu_seconds": time.process_time() - cpu,
    "before_bytes": before,
    "peak_bytes": peak_bytes(),
}
print(json.dumps(figures))
runtime.close(context)
