"""A command that uses the servers: `a_user.py HOME`. Says `up` when it has them, leaves when input ends.

`fail` and the error's line, where they do not start.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from speeko_jobs.embedded.servers import EmbeddedServers
from speeko_jobs.errors import SpeekoError

try:
    with EmbeddedServers(Path(sys.argv[1])) as urls:
        print("up", urls.database_url, flush=True)
        sys.stdin.read()
except SpeekoError as error:
    print("fail", error, flush=True)
