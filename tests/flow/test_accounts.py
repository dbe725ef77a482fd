"""Each job is bought on its own account; one account that two processes hold otherwise is refused."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from speeko_jobs.adapters.postgres import jobs, permits, schedules, worker_registry
from speeko_jobs.core.model.states import JobState
from speeko_jobs.core.policies.cron_schedule import CatchUp, RunState, Timing
from speeko_jobs.core.providers.accounts import fingerprint
from speeko_jobs.errors import ConfigError
from speeko_jobs.flow import accounts
from speeko_jobs.flow.lifecycle import control
from speeko_jobs.flow.lifecycle import schedules as schedule
from speeko_jobs.flow.planning.scheduled_request import Request
from speeko_workers.registration import Registration
from tests.fixtures.inprocess import InProcess
from tests.fixtures.metered import MeteredProvider

ROWS = [("a", "The first article."), ("b", "The second article.")]
OTHERS = [("c", "The third article."), ("d", "The fourth article."), ("e", "The fifth article.")]


@pytest.fixture
def other_provider(tmp_path: Path) -> Iterator[MeteredProvider]:
    """A second provider, whose bill is another account's."""
    folder = tmp_path / "other"
    folder.mkdir()
    provider = MeteredProvider(folder, fsync=False)
    yield provider
    provider.stop()


def named(**of: MeteredProvider) -> str:
    return json.dumps({n: {"provider": "speeko", "url": p.url, "key": p.api_key} for n, p in of.items()})


def register(flow: InProcess, **changes: Any) -> int:
    """A worker under these settings, as far as others see it."""
    row = Registration(dataclasses.replace(flow.settings, **changes), ("synthesize", "deliver"), 1)
    return flow.context.database.run(lambda t: worker_registry.enter(t, row._entry, 600.0))


def test_two_accounts_of_one_provider_pay_for_their_own_jobs(
    flow: InProcess, other_provider: MeteredProvider
) -> None:
    """Engines of either are woken for any job, and the job of the other waits for an engine that may."""
    shop = flow.again(api_url="", api_key="", account="shop", accounts=named(shop=other_provider))
    own, _ = flow.submit(flow.catalog(ROWS))
    shops, _ = shop.submit(flow.catalog(OTHERS), {"output": str(flow.folder / "shop")})
    assert flow.synthesize(shops) == 0  # woken by a message of the other's job
    assert shop.synthesize(own) == 0
    assert (flow.provider.calls, other_provider.calls) == (0, 0)
    assert flow.synthesize(own) == len(ROWS)  # and it takes no chunk of the other's on its way
    assert (flow.provider.calls, other_provider.calls) == (len(ROWS), 0)
    assert shop.drive(shops).state is JobState.DONE
    assert flow.drive(own).state is JobState.DONE
    assert (flow.provider.calls, other_provider.calls) == (len(ROWS), len(OTHERS))
    limited = [account.name for account in permits.accounts(flow.context.database)]
    assert limited == ["shop", "speeko"]


def test_a_message_that_only_another_worker_can_serve_is_sent_again(
    flow: InProcess, other_provider: MeteredProvider
) -> None:
    shop = flow.again(api_url="", api_key="", account="shop", accounts=named(shop=other_provider))
    job, _ = shop.submit(flow.catalog(ROWS))
    sent = list[tuple[int, int]]()
    flow.context.queue.synthesize = lambda chunks: bool(sent.extend(chunks)) or True  # type: ignore[method-assign]
    assert flow.synthesize(job) == 0
    assert sent == []  # nobody could take it up: the sweeper asks again, later
    register(shop)
    assert flow.synthesize(job) == 0
    assert sent == [(job, 1)]


def test_a_job_that_names_two_accounts_is_bought_on_either(
    flow: InProcess, other_provider: MeteredProvider
) -> None:
    both = flow.again(account="speeko,shop", accounts=named(shop=other_provider))
    shop = flow.again(api_url="", api_key="", accounts=named(shop=other_provider))
    job, _ = both.submit(flow.catalog(ROWS))
    assert shop.drive(job).state is JobState.DONE
    assert (flow.provider.calls, other_provider.calls) == (0, len(ROWS))


@pytest.mark.parametrize("spec", ["spec - 'accounts'", "spec || '{\"accounts\": []}'"])
def test_a_job_of_an_older_release_runs_on_any_account_of_its_provider(
    flow: InProcess, other_provider: MeteredProvider, spec: str
) -> None:
    shop = flow.again(api_url="", api_key="", accounts=named(shop=other_provider))
    job, _ = flow.submit(flow.catalog(ROWS))
    flow.books.execute(f"UPDATE speeko.job SET spec = {spec}")
    mine, _ = shop.submit(flow.catalog(OTHERS), {"accounts": ("shop",), "output": str(flow.folder / "shop")})
    assert shop.synthesize(mine) == len(ROWS) + len(OTHERS)  # it takes the older job's chunk besides
    assert flow.provider.calls == 0
    assert shop.drive(job).state is JobState.DONE


def test_a_new_key_under_the_same_name_keeps_limit_and_history(
    flow: InProcess, other_provider: MeteredProvider
) -> None:
    flow.run(flow.catalog(ROWS))
    flow.books.execute('UPDATE speeko.account SET "limit" = 5, ceiling = 32')
    rotated = flow.again(api_url=other_provider.url, api_key=other_provider.api_key)
    job, _ = rotated.submit(flow.catalog(OTHERS))
    assert rotated.drive(job).state is JobState.DONE
    (account,) = permits.accounts(flow.context.database)
    assert account.name == "speeko"
    assert account.limit <= 7  # a new row would have begun at 8


def test_another_key_or_url_under_a_workers_name_is_one_clear_line(flow: InProcess) -> None:
    register(flow, api_key="sk-of-the-worker")
    theirs, mine = fingerprint("speeko", "sk-of-the-worker"), fingerprint("speeko", flow.settings.api_key)
    with pytest.raises(ConfigError) as caught:
        flow.submit(flow.catalog(ROWS))
    line = str(caught.value)
    assert "\n" not in line
    assert f"account speeko is {flow.settings.api_url} (key {theirs}) at the worker on " in line
    assert f"and {flow.settings.api_url} (key {mine}) here: stop that worker" in line
    assert "--account NAME" in line
    assert "sk-of-the-worker" not in line
    assert flow.settings.api_key not in line
    assert jobs.newest(flow.context.database, 10) == []  # nothing was planned
    assert flow.provider.calls == 0


@pytest.mark.parametrize("changes", [{"api_key": "sk-other"}, {"api_url": "http://127.0.0.1:9/elsewhere"}])
def test_a_job_is_not_resumed_or_retried_on_another_key(flow: InProcess, changes: dict[str, str]) -> None:
    job, _ = flow.submit(flow.catalog(ROWS))
    control.pause(flow.context, job)
    register(flow, **changes)
    with pytest.raises(ConfigError, match="account speeko is"):
        control.resume(flow.context, job)
    assert jobs.show(flow.context.database, job).state is JobState.PAUSED
    flow.books.execute("UPDATE speeko.job SET state = 'done_with_errors', failed = 1")
    with pytest.raises(ConfigError, match="account speeko is"):
        control.retry(flow.context, job)
    flow.books.execute("UPDATE speeko.job SET state = 'paused', failed = 0")


def test_who_holds_no_key_may_hand_over_jobs(flow: InProcess) -> None:
    """A submitter without key and URL compares nothing; nor does one that has only the URL."""
    register(flow)
    for name, changes in (("neither", {"api_key": "", "api_url": ""}), ("url", {"api_key": ""})):
        spec = {"output": str(flow.folder / name), "accounts": ("speeko",)}
        job, _ = flow.again(**changes).submit(flow.catalog(ROWS), spec)
        assert jobs.show(flow.context.database, job).state is JobState.RUNNING


def test_a_worker_that_ended_or_was_lost_is_not_compared(flow: InProcess) -> None:
    register(flow, api_key="sk-other")
    flow.books.execute("UPDATE speeko.worker SET seen_until = clock_timestamp() - interval '1 second'")
    flow.run(flow.catalog(ROWS))
    assert flow.provider.calls == len(ROWS)


def test_a_schedule_keeps_to_its_account(flow: InProcess) -> None:
    timing = Timing("0 2 * * *", "UTC", CatchUp.LAST)
    request = Request(flow.spec(), flow.orders(flow.catalog(ROWS)))
    at = datetime(2026, 5, 4, 12, tzinfo=UTC)
    nightly = schedule.add(flow.context, "nightly", timing, request, tenant="shop", now=at)
    assert request.spec.accounts == ("speeko",)
    register(flow, api_key="sk-other")
    with pytest.raises(ConfigError, match="account speeko is"):
        schedule.add(flow.context, "weekly", timing, request, tenant="shop", now=at)
    run = schedule.run_now(flow.context, nightly, now=at)
    assert schedule.fire(flow.context, run.id) is None  # by a worker that holds the first key
    (ended,) = schedules.history(flow.context.database, nightly.id, 10)
    assert ended.state is RunState.FAILED
    assert "account speeko is" in ended.reason


def test_a_job_that_nobody_serves_says_so(flow: InProcess, other_provider: MeteredProvider) -> None:
    register(flow)
    shop = flow.again(api_url="", api_key="", account="shop", accounts=named(shop=other_provider))
    unserved = accounts.no_worker_serves(flow.context.database, shop.spec())
    assert unserved.startswith("no running worker holds account shop: they hold ")
    register(shop)
    assert accounts.no_worker_serves(flow.context.database, shop.spec()) == ""


def test_no_key_is_in_the_database(flow: InProcess, other_provider: MeteredProvider) -> None:
    other_provider.stop()
    other_provider.api_key = "sk-planted-in-an-account"
    other_provider.start()
    shop = flow.again(account="shop", accounts=named(shop=other_provider))
    register(shop)
    job, _ = shop.submit(flow.catalog(ROWS))
    assert shop.drive(job).state is JobState.DONE
    for table in ("job", "worker", "account", "attempt", "utterance", "chunk"):
        assert other_provider.api_key not in str(flow.books.execute(f"SELECT * FROM speeko.{table}")), table


def test_workers_of_the_first_release_refuse_new_jobs(flow: InProcess) -> None:
    """They know these fields and raise for any other (tests/faults/test_versions.py has one do so)."""
    known = {
        "provider", "model", "voice", "language", "format", "speed", "price_per_million", "store", "output",
        "name", "max_concurrency", "calls_per_minute", "chars_per_minute", "sources", "deliver_as",
        "loudness", "segments", "ssml", "repair", "read_numbers", "lexicon", "routing", "prune", "webhook",
        "deliver",
    }  # fmt: skip
    flow.submit(flow.catalog(ROWS))
    assert "accounts" in set(flow.books.one("SELECT spec FROM speeko.job")) - known
