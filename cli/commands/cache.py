"""`speeko cache`: statistics, prefetching, verification and eviction of the audio cache."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING, Any

import click

from speeko_cli.options.money import money
from speeko_cli.options.option_builder import Verb, option
from speeko_cli.options.param_types import Number, Span
from speeko_cli.options.shared import common, dry_run_option
from speeko_cli.options.stacks import catalog_options
from speeko_cli.options.verb_group import VerbGroup
from speeko_cli.options.work import work
from speeko_cli.output import cache
from speeko_cli.output.console import busy, emit
from speeko_cli.runtime.error_reporting import OK, WITH_ERRORS, Interrupted
from speeko_cli.runtime.invocation import Invocation
from speeko_jobs.errors import UsageError

if TYPE_CHECKING:
    from speeko_jobs.flow.cache.eviction import EvictionOptions
    from speeko_jobs.flow.cache.integrity import Verified
    from speeko_jobs.settings import Settings

FRACTION, IDLE_SECONDS, MAX_HITS = 0.2, 30 * 86_400, 2


class KeyPrefixType(click.ParamType[bytes]):
    """Convert the first hex digits of a key to bytes."""

    name = "key"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> bytes:
        if isinstance(value, bytes):
            return value
        if not re.fullmatch(r"(?:[0-9a-fA-F]{2}){1,32}", value):
            self.fail(f"{value!r} is not a key: an even number of hex digits, at most 64", param, ctx)
        return bytes.fromhex(value)


@click.group("cache", cls=VerbGroup)
def command() -> None:
    """Inspect, fill, verify and shrink the audio cache."""


@command.command("warm", cls=Verb)
@catalog_options
@dry_run_option()
@money
@work
@common
@click.pass_obj
def warm(call: Invocation, /, files: tuple[str, ...], plan_only: bool, **options: Any) -> int:
    """Buy the audio of a catalog in advance without delivering files.

    A later run pays nothing for these texts. Starts servers and workers as needed and stops them at the end,
    as `speeko run` does.
    """
    from speeko_cli.jobs.build_spec import catalog_options_of, check_provider, spec_of
    from speeko_cli.jobs.run_to_completion import whole_run
    from speeko_jobs.flow.planning.submit import NOWHERE

    settings = call.settings(options)
    spec = spec_of(settings, options | {"name": "{row}.{ext}"}, files)
    spec = dataclasses.replace(spec, deliver=False, output=NOWHERE)
    if plan_only:
        from speeko_cli.jobs.show_plan import show_plan

        return show_plan(call, settings, spec, files, options)
    check_provider(spec, settings)
    return whole_run(settings, spec, catalog_options_of(files, options), options, call)


@command.command("stats", cls=Verb)
@common
@click.pass_obj
def stats(call: Invocation, /) -> int:
    """Show the size of the cache, its hits and its savings.

    Redis holds records of audio, and copies of some; the store holds all audio. A hit is a row that was
    delivered without a call.
    """
    from speeko_cli.runtime.services import open_existing
    from speeko_jobs.flow.cache import stats as cache_stats

    with open_existing(call.settings()) as context, busy("counting the cache entries"):
        found = cache_stats.stats(context)
    if call.json:
        emit(cache.document(found))
    else:
        cache.show(found)
    return OK


@command.command("evict", cls=Verb)
@option("--policy", type=click.Choice(["roi", "age"]), default="roi", metavar="WORD",
        help="roi: delete what saves least for its size; age: what is idle [default: roi]")  # fmt: skip
@option(
    "--fraction", type=Number(0, 1), metavar="X", help="roi: share of the entries to delete [default: 0.2]"
)
@option("--to-budget", is_flag=True, help="roi: delete until the tier is within its budget")
@option(
    "--older-than", type=Span(), metavar="TIME", help="age: minimum time since the last use [default: 30d]"
)
@option("--max-hits", type=click.IntRange(0), metavar="N", help="age: maximum number of hits [default: 2]")
@option("--tier", type=click.Choice(["store", "redis"]), default="store", metavar="WORD",
        help="store: delete audio; redis: only its copies in Redis [default: store]")  # fmt: skip
@option("--dry-run", is_flag=True, help="show what would be deleted without deleting it")
@common
@click.pass_obj
def evict(call: Invocation, /, dry_run: bool, **options: Any) -> int:
    """Delete the least valuable audio from the cache.

    Audio that unfinished jobs need is kept. The next job that needs a deleted text buys it again; delivered
    files are not touched.
    """
    from speeko_cli.runtime.services import open_existing
    from speeko_jobs.flow.cache import eviction as flow

    settings = call.settings()
    orders = _eviction_options(settings, dry_run=dry_run, **options)
    with open_existing(settings) as context, busy("ranking the cache entries"):
        done = flow.evict(context, orders)
    if call.json:
        emit(cache.evicted(done, dry_run))
    else:
        cache.print_evicted(done, dry_run)
    return OK


@command.command("verify", cls=Verb)
@option(
    "--sample",
    type=click.IntRange(1),
    metavar="N",
    help="number of objects to check, drawn at random [default: all]",
)
@option(
    "--after",
    type=KeyPrefixType(),
    metavar="KEY",
    help="continue after this key, where an earlier run stopped",
)
@common
@click.pass_obj
def verify(call: Invocation, /, sample: int | None, after: bytes | None) -> int:
    """Verify the audio in the store against the records of purchase.

    Removes the records of missing or damaged audio, so that the next job that needs it buys it again. Lists
    delivered files with the same damage; the next run of their catalog replaces them. Exit code 3: something
    was missing or damaged. Buys nothing.
    """
    from speeko_cli.runtime.services import open_existing
    from speeko_jobs.flow.cache import integrity as flow

    if sample is not None and after is not None:
        raise UsageError("--sample and --after exclude each other: give one of them")
    last = [b""]

    def on_progress(so_far: Verified) -> None:
        last[0] = so_far.last

    try:
        with open_existing(call.settings()) as context, busy("reading the store"):
            result = flow.verify(context, sample=sample, after=after or b"", on_progress=on_progress)
    except KeyboardInterrupt:
        if sample is not None or not last[0]:
            raise
        raise Interrupted(
            f"interrupted: continue with: speeko cache verify --after {last[0].hex()}"
        ) from None
    bad = result.gone + result.damaged
    if call.json:
        emit(cache.verified(result))
    else:
        cache.print_verified(result)
    return WITH_ERRORS if bad else OK


def _eviction_options(
    settings: Settings,
    *,
    policy: str,
    fraction: float | None,
    to_budget: bool,
    older_than: float | None,
    max_hits: int | None,
    tier: str,
    dry_run: bool,
) -> EvictionOptions:
    """Return the eviction that the options ask for. Raises UsageError for options that exclude each other."""
    from speeko_jobs.core.policies.eviction_ranking import IdleCriteria
    from speeko_jobs.flow.cache.eviction import GB, MB, EvictionOptions, Tier

    where = Tier(tier)
    if policy == "age":
        if fraction is not None or to_budget:
            raise UsageError("--fraction and --to-budget need --policy roi")
        seconds = IDLE_SECONDS if older_than is None else older_than
        hits = MAX_HITS if max_hits is None else max_hits
        return EvictionOptions(where, idle=IdleCriteria(seconds, hits), dry_run=dry_run)
    if older_than is not None or max_hits is not None:
        raise UsageError("--older-than and --max-hits need --policy age")
    if not to_budget:
        return EvictionOptions(where, fraction=FRACTION if fraction is None else fraction, dry_run=dry_run)
    if fraction is not None:
        raise UsageError("give --fraction or --to-budget, not both")
    if where is Tier.STORE and not settings.store_budget_gb:
        raise UsageError(
            "the store has no budget: set SPEEKO_STORE_BUDGET_GB (or store_budget_gb in speeko.toml)"
        )
    budget = settings.redis_audio_budget * MB if where is Tier.REDIS else round(settings.store_budget_gb * GB)
    return EvictionOptions(where, budget_bytes=budget, dry_run=dry_run)
