"""Buy texts again whose audio is cached and wrong: find them, price them, and release a job that buys them.

The job buys as any other does: under the ledger, its budget and the tenant's caps. It delivers nothing: the
new audio takes the place of the old in the store, and delivered files that hold the old audio are marked, so
that the next run of their catalog delivers them anew. Killed before the release, nothing has changed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from speeko_jobs.adapters import failpoints
from speeko_jobs.adapters.http import webhook_client
from speeko_jobs.adapters.postgres import jobs, plan_loading, rebuys, tenant_caps
from speeko_jobs.adapters.postgres.database import Transaction
from speeko_jobs.adapters.postgres.plan_loading import Item
from speeko_jobs.adapters.postgres.rebuys import CachedText, OutdatedOutput
from speeko_jobs.core.job.chunking import chunk_rows
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.job.plan_summary import Plan
from speeko_jobs.core.model.money import usd
from speeko_jobs.core.policies import waste_breaker
from speeko_jobs.core.providers.accounts import asked_for
from speeko_jobs.core.providers.profiles import Prices
from speeko_jobs.errors import BudgetError, SpeekoError, UsageError
from speeko_jobs.flow import accounts
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.dispatch import dispatch
from speeko_jobs.flow.planning.submit import NOWHERE

__all__ = ["Group", "OutdatedOutput", "SelectedTexts", "Selection", "check_money", "find", "shares", "start"]

ITEMS_AT_ONCE = 10_000


@dataclass(frozen=True)
class Selection:
    """Which texts: of keys, of jobs, of rows of jobs (by number, or by id), or of a voice in some days."""

    keys: tuple[bytes, ...] = ()
    jobs: tuple[int, ...] = ()
    rows: tuple[tuple[int, int | str], ...] = ()
    voice: str | None = None
    provider: str | None = None
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True)
class Group:
    """Texts that one job can buy, and what each costs today."""

    spec: JobSpec
    texts: list[CachedText] = field(default_factory=list)
    costs: list[int] = field(default_factory=list)

    @property
    def cost_micros(self) -> int:
        return sum(self.costs)


@dataclass(frozen=True)
class SelectedTexts:
    """What was selected and has audio. `others`: keys that have none, or whose origin is not known."""

    groups: list[Group]
    others: int

    @property
    def texts(self) -> int:
        return sum(len(group.texts) for group in self.groups)

    @property
    def chars(self) -> int:
        return sum(one.chars for group in self.groups for one in group.texts)

    @property
    def cost_micros(self) -> int:
        return sum(group.cost_micros for group in self.groups)


def find(context: Context, selection: Selection, price_per_million: str) -> SelectedTexts:
    """Look the texts up and price them. `price_per_million`: today's, for the provider of the settings.

    Raises UsageError for a row that is not there, JobError for a job that is not.
    """
    keys = _keys(context, selection)
    known = rebuys.texts(context.database, keys)
    groups: dict[JobSpec, Group] = {}
    prices: dict[JobSpec, Prices] = {}
    for one in known:
        if one.spec is None:
            continue
        spec = _spec(context, one, one.spec, price_per_million)
        group = groups.setdefault(spec, Group(spec))
        price = prices.setdefault(spec, Prices(spec.profile, spec.model))
        group.texts.append(one)
        group.costs.append(price[one.voice, one.chars])
    found = SelectedTexts(list(groups.values()), 0)
    return replace(found, others=len(keys) - found.texts)


def _keys(context: Context, selection: Selection) -> list[bytes]:
    database, out = context.database, list(selection.keys)
    for job in selection.jobs:
        jobs.show(database, job)
        out += rebuys.of_job(database, job)
    for job, row in selection.rows:
        jobs.show(database, job)
        keys = rebuys.of_job(database, job, *((row, None) if isinstance(row, int) else (None, row)))
        if not keys:
            named = f"number {row:,}" if isinstance(row, int) else f"with the id {row[:80]!r}"
            raise UsageError(f"job {job} has no row {named} with audio (rows that were pruned are gone)")
        out += keys
    if selection.voice is not None and selection.since is not None:
        out += rebuys.of_voice(
            database, selection.voice, selection.provider, selection.since, selection.until
        )
    return sorted(set(out))


def _spec(context: Context, one: CachedText, bought_by: JobSpec, price_per_million: str) -> JobSpec:
    """What buys a text as it was bought: all that changes the sound is the first job's."""
    settings = context.settings
    is_set = one.provider == settings.provider
    return replace(
        bought_by,
        provider=one.provider,
        model=one.model,
        format=one.format,
        voice=bought_by.profile.default_voice,
        language="",
        price_per_million=price_per_million if is_set else bought_by.price_per_million,
        output=NOWHERE,
        name="{row}.{ext}",
        max_concurrency=settings.max_concurrency,
        calls_per_minute=settings.calls_per_minute,
        chars_per_minute=settings.chars_per_minute,
        sources=(),
        deliver_as="",
        loudness=None,
        segments="auto",
        ssml="auto",
        repair=False,
        read_numbers=False,
        lexicon=(),
        prune=False,
        webhook=settings.webhook,
        deliver=False,
        accounts=asked_for(settings) if is_set else bought_by.accounts,
        overwrite=False,
        merge=False,
        buy_again=True,
        max_waste="",
        reuse="none",
        rebuy=True,
    )


def check_money(found: SelectedTexts, budget_micros: int | None) -> None:
    """Raise BudgetError where it costs more than the budget: nothing is started then."""
    if budget_micros is not None and found.cost_micros > budget_micros:
        cost = usd(found.cost_micros)
        raise BudgetError(
            f"buying this again costs ${cost}, the budget is ${usd(budget_micros)}: nothing was started;"
            f" give --budget {cost} or more"
        )


def start(
    context: Context, group: Group, *, tenant: str, budget_micros: int | None = None
) -> tuple[int, list[OutdatedOutput]]:
    """Release a job that buys these texts again; its number, and the outputs that hold their old audio.

    Raises SpeekoError, and then nothing was started and nothing has changed.
    """
    database, spec = context.database, group.spec
    webhook_client.check_literal(spec.webhook, allow_private=context.settings.allow_private_webhooks == 1)
    accounts.require_same(context, spec)
    context.store_of(spec.store).check_writable()

    def create(t: Transaction) -> int:
        where = jobs.destination(t, NOWHERE, NOWHERE)
        return jobs.create(t, spec, tenant=tenant, destination_id=where, budget_micros=budget_micros)

    job = database.run(create)
    try:
        cap = database.run(lambda t: tenant_caps.cap(t, job))
        if group.cost_micros > cap.room_micros:
            raise BudgetError(
                f"buying this again costs ${usd(group.cost_micros)}, {cap.why} leaves"
                f" ${usd(max(cap.room_micros, 0))}: nothing was started; raise it with `speeko budget set`"
            )
        _add_rows(context, job, group)
        keys = [one.key for one in group.texts]
        context.cache.drop(keys)  # while Redis is away nothing is begun: it would still say that all is there
        outdated = database.run(lambda t: _release(t, context.settings.chunk_rows, job, group))
    except BaseException:
        with contextlib.suppress(SpeekoError):  # else the sweeper forgets it
            database.run(lambda t: jobs.drop(t, job))
        raise
    failpoints.point("after_rebuy")
    context.cache.drop(keys)  # what was looked up in between; the job itself does not ask Redis
    dispatch(context, job)
    return job, outdated


def _add_rows(context: Context, job: int, group: Group) -> None:
    spec = group.spec
    items = [
        Item(
            number,
            one.key.hex(),
            f"{number}.{spec.format}",
            None if one.voice == spec.voice else one.voice,
            None if one.language == spec.language else one.language,
            one.chars,
            (one.key,),
        )
        for number, one in enumerate(group.texts, 1)
    ]
    for start_at in range(0, len(items), ITEMS_AT_ONCE):
        some = items[start_at : start_at + ITEMS_AT_ONCE]
        context.database.run(lambda t, some=some: plan_loading.add_items(t, job, some))  # type: ignore[misc]


def _release(t: Transaction, most_chunk_rows: int, job: int, group: Group) -> list[OutdatedOutput]:
    """Everything that others can see, in one commit."""
    outdated = rebuys.mark(t, job, group.texts, group.costs)
    jobs.release(
        t,
        job,
        rows=len(group.texts),
        skipped=0,
        chunk_rows=chunk_rows(len(group.texts), most_chunk_rows),
        plan=_plan(group).to_record(),
        files=[{"name": "rebuy", "first_row": 1}],
        waste_cap_micros=waste_breaker.cap_micros(group.spec.max_waste, group.cost_micros),
    )
    return outdated


def _plan(group: Group) -> Plan:
    texts, chars = len(group.texts), sum(one.chars for one in group.texts)
    return Plan(
        rows=texts,
        unique_texts=texts,
        to_buy=texts,
        calls=texts,
        chars=chars,
        billed_chars=chars,
        cost_micros=group.cost_micros,
        list_micros=group.cost_micros,
    )


def shares(groups: Sequence[Group], budget_micros: int | None) -> list[int | None]:
    """Return each job's part of a budget: its price, and an equal part of what is left for second tries."""
    if budget_micros is None:
        return [None] * len(groups)
    rest = (budget_micros - sum(group.cost_micros for group in groups)) // max(1, len(groups))
    return [group.cost_micros + rest for group in groups]
