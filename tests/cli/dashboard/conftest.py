"""A shop with jobs in several states, once a run, and dashboards on it (or on an empty database)."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
import requests

from speeko_cli.dashboard import pages, queries
from speeko_cli.dashboard.auth import Access
from speeko_cli.dashboard.server import RunningServer, serving
from speeko_jobs.adapters.postgres import tenant_caps
from speeko_jobs.core.policies.cron_schedule import Timing
from speeko_jobs.embedded.servers import ServerUrls
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.delivery import chunk_delivery
from speeko_jobs.flow.lifecycle import control, schedules
from speeko_jobs.flow.planning.planner import CatalogOptions
from speeko_jobs.flow.planning.scheduled_request import Request
from tests.fixtures.database import own_database
from tests.fixtures.inprocess import InProcess
from tests.fixtures.metered import MeteredProvider

PLANTED = "planted-secret-77d1"  # in addresses and reasons; no answer may hold it
TEXTS = [f"The article number {n} comes in a plain box, ready to ship tomorrow." for n in range(40)]
XSRF = {"X-Xsrftoken": "6b1f", "Cookie": "speeko_xsrf=6b1f"}


@dataclass(frozen=True)
class Shop:
    """Jobs by what became of them."""

    flow: InProcess
    done: int
    joined: int  # each row is several parts
    with_errors: int
    half: int  # some chunks are delivered, it runs
    running: int
    paused: int
    cancelled: int
    pruned: int

    @property
    def all(self) -> list[int]:
        return [getattr(self, f.name) for f in dataclasses.fields(self) if f.name != "flow"]


@pytest.fixture(scope="session", autouse=True)
def patient() -> Iterator[None]:
    """However slow this machine is, a page and a job wait for all that they show: else it is pushed later."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "BRIEFLY_SECONDS", 60.0)
        patch.setattr(queries, "FAILURES_WAIT_SECONDS", 60.0)
        yield


@pytest.fixture(scope="session")
def shop_home(
    servers: ServerUrls,
    migrated_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[InProcess]:
    """A database and a provider for all tests of this folder."""
    folder = tmp_path_factory.mktemp("shop")
    provider = MeteredProvider(folder, fsync=False)
    (folder / "home").mkdir()
    with own_database(servers, "shop", migrated_template) as url:
        settings = provider.settings(
            home=str(folder / "home"),
            database_url=url,
            redis_url=servers.redis_url,
            max_concurrency=32,
        )
        flow = InProcess(settings, folder, provider)
        yield flow
        flow.close()
        provider.stop()


@pytest.fixture
def flow(migrated_url: str, redis_url: str, shop_home: InProcess, tmp_path: Any) -> Iterator[InProcess]:
    """A database of the test's own, with the provider of all."""
    made = shop_home.again(database_url=migrated_url, redis_url=redis_url, home=str(tmp_path / "home"))
    made.folder, made.output = tmp_path, tmp_path / "out"
    yield made
    made.close()


@pytest.fixture(scope="session")
def shop(shop_home: InProcess) -> Shop:
    flow = shop_home
    articles = [(f"A-{n}", text) for n, text in enumerate(TEXTS)]
    done = ended(flow, [*articles[:12], ("A-12", TEXTS[0])])
    sentences = [("J-1", "One thing. And another."), ("J-2", TEXTS[0])]
    joined = ended(flow, sentences, output="joined", segments="sentence")
    flow.provider.script([{"match": "refuse me", "status": 400, "times": -1}])
    with_errors = ended(flow, [*articles[10:14], ("E-1", "refuse me"), ("E-2", "!")], output="errors")
    flow.provider.script([])
    pruned = ended(flow, articles[:3], output="pruned")
    small = flow.again(chunk_rows=5)
    half, _ = small.submit(flow.catalog(articles[12:32]), {"output": str(flow.folder / "half")})
    small.synthesize(half)
    chunk_delivery.deliver(flow.context, half, 1)
    running, _ = flow.submit(flow.catalog(articles[30:]), {"output": str(flow.folder / "running")})
    paused, _ = flow.submit(flow.catalog(articles[36:]), {"output": str(flow.folder / "paused")})
    control.pause(flow.context, paused, f"the provider said: Bearer {PLANTED}")
    cancelled, _ = flow.submit(flow.catalog(articles[38:]), {"output": str(flow.folder / "cancelled")})
    control.cancel(flow.context, cancelled)
    flow.drive(cancelled)
    flow.books.execute("UPDATE speeko.job SET pruned_at = now() WHERE id = %s", [pruned])
    plant(flow, half)
    flow.context.database.run(
        lambda t: tenant_caps.put(t, "shop", daily_micros=50_000_000, monthly_micros=None, weight=2.0)
    )
    add_schedules(flow)
    alive, dead = flow.books.engine(3600), flow.books.engine(3600)
    taken = "UPDATE speeko.chunk SET claimant_id = %s, state = 'synthesizing' WHERE job_id = %s AND no = 1"
    flow.books.execute(taken, [alive, running])
    flow.books.expire(dead)
    return Shop(flow, done, joined, with_errors, half, running, paused, cancelled, pruned)


def ended(flow: InProcess, rows: list[tuple[str, str]], *, output: str = "out", **spec: Any) -> int:
    """A job that was driven to its end."""
    job, _ = flow.submit(flow.catalog(rows), {"output": str(flow.folder / output), **spec})
    flow.drive(job)
    return job


def plant(flow: InProcess, job: int) -> None:
    """Secrets where a user's own orders may hold them, past all checks."""
    ((spec,),) = flow.books.execute("SELECT spec FROM speeko.job WHERE id = %s", [job])
    address = f"https://user:{PLANTED}@example.com/x?token={PLANTED}"
    spec |= {"webhook": address, "sources": [address], "lexicon": [address]}
    flow.books.execute(
        "UPDATE speeko.job SET spec = %s, files = jsonb_set(files, '{0,name}', to_jsonb(%s::text)) "
        "WHERE id = %s",
        [json.dumps(spec), address, job],
    )
    flow.books.execute(
        "UPDATE speeko.destination SET url = %s "
        "WHERE id = (SELECT destination_id FROM speeko.job WHERE id = %s)",
        [f"s3://bucket/x?aws_secret_access_key={PLANTED}", job],
    )


def add_schedules(flow: InProcess) -> None:
    request = Request(flow.spec(), CatalogOptions(("/nowhere/catalog.csv",)))
    for name, zone in (("nightly", "Europe/Berlin"), ("late", "UTC"), ("still", "UTC")):
        timing = Timing("0 2 * * *", zone)
        made = schedules.add(flow.context, name, timing, request, tenant="shop", replace=False)
        if name == "nightly":
            schedules.run_now(flow.context, made)
        if name == "still":
            schedules.pause(flow.context, made)
    hours = "CASE name WHEN 'late' THEN -1 ELSE 20 END"  # so that no other comes due while the tests run
    flow.books.execute(f"UPDATE speeko.schedule SET next_due = now() + {hours} * interval '1 hour'")


class Client:
    """One viewer of a dashboard."""

    def __init__(self, served: RunningServer, **headers: str) -> None:
        self.url, self.feeds = served.url, served.feeds
        self._session = requests.Session()
        self._session.headers.update(headers)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self._session.get(self.url + path, timeout=60, allow_redirects=False, **options)

    def post(self, path: str, **options: Any) -> requests.Response:
        return self._session.post(self.url + path, timeout=60, allow_redirects=False, **options)

    def json(self, path: str, status: int = 200, **options: Any) -> Any:
        answer = self.get(path, **options)
        assert answer.status_code == status, answer.text
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
        return answer.json()

    def close(self) -> None:
        self._session.close()


Serve = Callable[..., Client]


@pytest.fixture
def serve() -> Iterator[Callable[..., Client]]:
    """Serve a context under some rules; a client of it, with these headers."""
    with ExitStack() as stack:

        def start(context: Context, rules: Access | None = None, **headers: str) -> Client:
            served = stack.enter_context(serving(context, rules or Access("127.0.0.1"), 0))
            client = Client(served, **headers)
            stack.callback(client.close)
            return client

        yield start


@pytest.fixture(scope="session")
def board(shop: Shop) -> Iterator[Client]:
    """A dashboard on the shop that only shows, and its viewer."""
    with serving(shop.flow.context, Access("127.0.0.1"), 0) as served:
        client = Client(served)
        yield client
        client.close()


@pytest.fixture
def speeko(here: Any, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`speeko` in this process, on the shop."""
    settings = shop.flow.settings
    monkeypatch.setenv("SPEEKO_HOME", settings.home)
    monkeypatch.setenv("SPEEKO_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("SPEEKO_REDIS_URL", settings.redis_url)
    return here
