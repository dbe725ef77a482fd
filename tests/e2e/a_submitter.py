"""Submit one catalog and print the job's number, as a process of its own: `a_submitter.py CATALOG OUTPUT`.

Settings come from the environment. It waits for a line on standard input, so that several can start at once.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from speeko_jobs import runtime
from speeko_jobs import settings as speeko_settings
from speeko_jobs.flow.planning import planner, submit
from tests.fixtures.spine import spec_of

settings = speeko_settings.load()
context = runtime.open_context(settings, name="submitter")
print("ready", flush=True)
sys.stdin.readline()
orders = planner.CatalogOptions((sys.argv[1],))
print(submit.submit(context, spec_of(settings, sys.argv[2]), orders, tenant="test")[0], flush=True)
runtime.close(context)
