"""Run servers in a new home until standard input ends, then remove them. For tests/conftest.py.

Prints the database's URL and Redis's, a line each. A pipe ends however its writer dies, so no server
outlives a test run that was killed.
"""

from __future__ import annotations

import signal
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from speeko_jobs.embedded.servers import EmbeddedServers

signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for pytest, which then closes the pipe
with tempfile.TemporaryDirectory(prefix="speeko-tests-") as home, EmbeddedServers(Path(home)) as urls:
    print(urls.database_url, urls.redis_url, sep="\n", flush=True)
    sys.stdin.read()
