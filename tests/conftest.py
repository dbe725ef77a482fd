"""Real servers for all tests: one Postgres and one Redis a run, a database or a db number of its own a test.

The servers belong to a process beside pytest (tests/keep_servers.py) that stops them when pytest ends,
however it ends.
"""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
import redis

from speeko_jobs.embedded.servers import ServerUrls
from tests.fixtures.browser import browser, open_page, page, pytest_runtest_call  # noqa: F401
from tests.fixtures.database import own_database
from tests.fixtures.metered import metered  # noqa: F401
from tests.fixtures.midnight import one_day  # noqa: F401

ROOT = Path(__file__).parents[1]
if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    and threading.current_thread() is threading.main_thread()
):
    # a shell that starts us in the background has our children ignore Ctrl-C, which some tests press
    signal.signal(signal.SIGINT, signal.default_int_handler)
# what the terminal and the network of whoever starts us ask for is not for what we start
for _name in ("COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE"):
    os.environ.pop(_name, None)
os.environ["CI"] = "true"  # embedded servers and workers do not linger after a command
os.environ |= dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1,localhost")
# the same examples on every run and on any machine; --hypothesis-profile=others tries others each time
_slow = {"deadline": None, "suppress_health_check": [hypothesis.HealthCheck.too_slow]}
hypothesis.settings.register_profile("others", **_slow)
hypothesis.settings.register_profile("same", derandomize=True, **_slow)
hypothesis.settings.load_profile("same")
_numbers = itertools.cycle(range(1, 16))  # db 0 stays free for what a test starts by itself


@pytest.fixture(scope="session")
def servers() -> Iterator[ServerUrls]:
    """The embedded Postgres and Redis, empty at first, for the whole run."""
    command = [sys.executable, str(ROOT / "tests" / "keep_servers.py")]
    keeper = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert keeper.stdin is not None
    assert keeper.stdout is not None
    with keeper:
        lines = [keeper.stdout.readline().strip() for _ in range(2)]
        assert all(lines), "the servers for the tests did not start: see above"
        yield ServerUrls(*lines)
        keeper.stdin.close()
        assert keeper.wait(60) == 0


@pytest.fixture
def database_url(servers: ServerUrls) -> Iterator[str]:
    """SQLAlchemy URL of an empty database of the test's own. Connections left open are cut at the end."""
    with own_database(servers, "test") as url:
        yield url


@pytest.fixture
def redis_url(servers: ServerUrls) -> Iterator[str]:
    """redis-py URL of an empty db; the next fourteen tests get others."""
    url = servers.redis_url.replace("db=0", f"db={next(_numbers)}")
    with redis.Redis.from_url(url) as client:
        client.flushdb()
        yield url
        client.flushdb()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the sample catalogs, which is beside the repository."""
    path = ROOT.parent / "shared" / "data"
    if not path.is_dir():
        pytest.skip(f"the sample catalogs are not at {path}")
    return path
