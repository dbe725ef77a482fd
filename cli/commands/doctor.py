"""`speeko doctor`: everything that a job needs, a line each."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click

from speeko_cli.options.delivery import delivery
from speeko_cli.options.option_builder import Verb
from speeko_cli.options.shared import common
from speeko_cli.options.speech import provider_option
from speeko_cli.output.console import emit, say
from speeko_cli.runtime.error_reporting import ERROR, OK
from speeko_cli.runtime.invocation import Invocation
from speeko_jobs.errors import ConfigError, JobError, SchemaError, ServerError, SpeekoError

if TYPE_CHECKING:
    from speeko_jobs.flow.context import Context
    from speeko_jobs.settings import Settings

Line = tuple[str, bool, str]
MAX_JOBS, SHOWN_JOBS = 200, 3


@click.command("doctor", cls=Verb)
@provider_option
@delivery
@common
@click.pass_obj
def command(call: Invocation, /, **options: Any) -> int:
    """Check everything that a job needs.

    Servers, schema, workers, audio store, output, provider: one line each, with the remedy. Costs nothing.
    """
    settings = call.settings(options)
    lines: list[Line] = []
    for line in checks(settings):
        lines.append(line)
        if not call.json:
            say(f"{'ok  ' if line[1] else 'FAIL'}  {line[0]:<9} {line[2]}")
    good = all(ok for _, ok, _ in lines)
    if call.json:
        emit({"ok": good, "checks": [{"name": name, "ok": ok, "message": m} for name, ok, m in lines]})
    return OK if good else ERROR


def checks(settings: Settings) -> Iterator[Line]:
    """Each check's name, whether it is well, and one line on it."""
    from speeko_jobs.core.providers.accounts import asked_for, held_accounts, settings_of
    from speeko_jobs.core.providers.profiles import profile_of
    from speeko_jobs.flow.reporting.doctor_checks import provider_answer, writable_store
    from speeko_jobs.settings import Account

    with contextlib.ExitStack() as stack:
        yield from _servers(settings, stack)
    yield _checked("store", lambda: f"{writable_store(settings.store_url)} is writable")
    yield _checked("output", lambda: f"{writable_store(settings.output)} is writable")
    for name in asked_for(settings) or (settings.provider,):
        account = held_accounts(settings).get(name) or Account(name, settings.provider)
        mine = settings_of(settings, account)
        yield _checked("provider", lambda mine=mine: provider_answer(profile_of(mine.provider), mine))  # type: ignore[misc]


def _servers(settings: Settings, stack: contextlib.ExitStack) -> Iterator[Line]:
    from speeko_jobs import runtime
    from speeko_jobs.flow.cache import missing_audio
    from speeko_jobs.flow.reporting import doctor_checks

    wrong_schema: SpeekoError | None = None
    try:
        named = stack.enter_context(runtime.servers(settings))
    except SchemaError as error:
        if settings.embedded_database:
            yield "schema", False, str(error)
            return
        named, wrong_schema = settings, error
    except SpeekoError as error:
        yield "servers", False, str(error)
        return
    try:
        context = runtime.open_context(named)
    except SpeekoError as error:
        yield "servers", False, str(error)
        return
    stack.callback(runtime.close, context)
    yield _checked("postgres", lambda: f"answers{_where(settings.embedded_database)}{_pooler(context)}")
    redis = _checked("redis", lambda: _redis(context, settings))
    yield redis
    if settings.broker_url:
        broker = _checked("broker", lambda: f"{context.queue.check()} answers")
        yield broker
        redis = (redis[0], redis[1] and broker[1], redis[2])
    yield "schema", not wrong_schema, str(wrong_schema or f"at {doctor_checks.schema_revision()}")
    if redis[1]:
        yield _checked("workers", lambda: _workers(context, settings))
    if not wrong_schema:
        yield _checked("audio", lambda: missing_audio.in_store(context))
        yield _checked("jobs", lambda: _jobs(context))


def _jobs(context: Context) -> str:
    """Raise JobError where open jobs cannot get on."""
    from speeko_jobs.core.model.pause_reasons import PauseKind, kind_of
    from speeko_jobs.core.reporting.wait_reasons import WaitKind
    from speeko_jobs.flow.reporting.monitoring_queries import open_jobs

    waits, stuck = 0, []
    lines = open_jobs(context, MAX_JOBS)
    for line in lines:
        seen = line.waits
        if seen is None or seen.waiting is None:
            continue
        waits += 1
        if seen.waiting.kind is WaitKind.PAUSED:
            if kind_of(line.reason) is not PauseKind.USER:
                stuck.append(f"job {line.id} is paused: {line.reason}")
        elif seen.waiting.kind in (WaitKind.PROVIDER, WaitKind.WORKER):
            stuck.append(f"job {line.id} {seen.line()}")
    if stuck:
        more = [f"and {len(stuck) - SHOWN_JOBS:,} more: see `speeko jobs`"] if len(stuck) > SHOWN_JOBS else []
        raise JobError("; ".join(stuck[:SHOWN_JOBS] + more))
    return f"{len(lines):,} open, {waits:,} of them wait" if lines else "none is open"


def _redis(context: Context, settings: Settings) -> str:
    from speeko_jobs.flow.reporting.doctor_checks import redis_version

    return f"{redis_version(context)} answers{_where(settings.embedded_redis)}"


def _where(embedded: bool) -> str:
    return " (embedded)" if embedded else ""


def _pooler(context: Context) -> str:
    from speeko_jobs.flow.reporting.doctor_checks import pooler_mode

    mode = pooler_mode(context)
    return f" (through a pooler in {mode} mode)" if mode else ""


def _workers(context: Context, settings: Settings) -> str:
    from speeko_cli.commands.workers import shown_accounts
    from speeko_jobs.flow import accounts
    from speeko_jobs.flow.lifecycle import version_check
    from speeko_jobs.flow.reporting.fleet_queries import running_workers

    alive = context.queue.workers_alive(1.0)
    if alive:
        found = running_workers(context)
        if differs := accounts.differing(settings, found):
            raise ConfigError(differs)
        if others := version_check.warning(version_check.differing(found, alive)):
            raise ServerError(others)
        told = [f"{one.host} (pid {one.pid}, version {one.version}): {shown_accounts(one)}" for one in found]
        return "; ".join([f"{len(alive)} answer: {', '.join(alive)}", *told])
    if not settings.embedded_redis:
        raise ServerError("none answers: start some with `speeko worker` on any machine with these settings")
    return "none runs now; `speeko run` starts its own, `speeko up` keeps some"


def _checked(name: str, check: Callable[[], str]) -> Line:
    try:
        return name, True, check()
    except SpeekoError as error:
        return name, False, str(error)
