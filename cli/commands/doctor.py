"""`speeko doctor`: whether everything that a job needs fits, a line each."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from speeko_cli.options.delivery import delivery
from speeko_cli.options.option_builder import Verb
from speeko_cli.options.shared import common
from speeko_cli.options.speech import speech
from speeko_cli.output.console import emit, say
from speeko_cli.runtime.error_reporting import ERROR, OK
from speeko_cli.runtime.invocation import Invocation
from speeko_jobs.errors import ConfigError, JobError, SchemaError, ServerError, SpeekoError

if TYPE_CHECKING:
    from speeko_jobs.flow.context import Context
    from speeko_jobs.flow.reporting.doctor_checks import DoctorFinding
    from speeko_jobs.settings import Settings

MAX_JOBS, SHOWN_JOBS = 200, 3
MARKS = {"ok": "ok  ", "warning": "warn", "error": "FAIL"}


class DoctorLine(NamedTuple):
    """One check: its name, its level (ok, warning, error) and one line on it."""

    name: str
    level: str
    message: str

    @property
    def ok(self) -> bool:
        return self.level != "error"


@click.command("doctor", cls=Verb)
@speech
@delivery
@common
@click.pass_obj
def command(call: Invocation, /, **options: Any) -> int:
    """Check everything that a job needs.

    Servers, their versions and connections, schema, workers, disks, store, output, provider and voice: one
    line each, with the remedy. A warning does not stop jobs. Costs nothing.
    """
    settings = call.settings(options)
    lines: list[DoctorLine] = []
    for line in checks(settings):
        lines.append(line)
        if not call.json:
            say(f"{MARKS[line.level]}  {line.name:<9} {line.message}")
    good = all(line.ok for line in lines)
    if call.json:
        emit({"ok": good, "checks": [line._asdict() | {"ok": line.ok} for line in lines]})
    return OK if good else ERROR


def checks(settings: Settings) -> Iterator[DoctorLine]:
    """Yield a line for each check."""
    from speeko_cli.runtime.lingering import lingering_line
    from speeko_jobs.flow.reporting import doctor_checks

    if line := lingering_line(settings.home_path, settings.linger_seconds):
        yield DoctorLine("lingering", "ok", line)
    with contextlib.ExitStack() as stack:
        yield from _servers(settings, stack)
    for name, place in {"store": settings.store_url, "output": settings.output}.items():
        yield _checked(name, lambda place=place: f"{doctor_checks.writable_store(place)} is writable")  # type: ignore[misc]
    for place in doctor_checks.disks(settings):
        yield _checked("disk", lambda place=place: doctor_checks.room(place))  # type: ignore[misc]
    yield from _accounts(settings)


def _accounts(settings: Settings) -> Iterator[DoctorLine]:
    from speeko_jobs.core.providers.accounts import asked_for, held_accounts, settings_of
    from speeko_jobs.core.providers.profiles import profile_of
    from speeko_jobs.flow.reporting import doctor_checks
    from speeko_jobs.settings import Account

    for name in asked_for(settings) or (settings.provider,):
        account = held_accounts(settings).get(name) or Account(name, settings.provider)
        mine = settings_of(settings, account)
        line = _checked(
            "provider",
            lambda mine=mine: doctor_checks.provider_answer(profile_of(mine.provider), mine),  # type: ignore[misc]
        )
        yield line
        if line.ok:
            yield _checked("voice", lambda mine=mine: doctor_checks.speech(profile_of(mine.provider), mine))  # type: ignore[misc]


def _servers(settings: Settings, stack: contextlib.ExitStack) -> Iterator[DoctorLine]:
    from speeko_jobs import runtime
    from speeko_jobs.flow.cache import missing_audio
    from speeko_jobs.flow.reporting import doctor_checks

    wrong_schema: SpeekoError | None = None
    try:
        named = stack.enter_context(runtime.servers(settings, linger_seconds=settings.linger_seconds))
    except SchemaError as error:
        if settings.embedded_database:
            yield DoctorLine("schema", "error", str(error))
            return
        named, wrong_schema = settings, error
    except SpeekoError as error:
        yield DoctorLine("servers", "error", str(error))
        if settings.redis_url:
            yield _checked("redis", lambda: doctor_checks.redis_at(settings.redis_url))
        return
    try:
        context = runtime.open_context(named)
    except SpeekoError as error:
        yield DoctorLine("servers", "error", str(error))
        return
    stack.callback(runtime.close, context)
    embedded = {"postgres": settings.embedded_database, "redis": settings.embedded_redis}
    yield _checked("postgres", lambda: doctor_checks.postgres(context), embedded=embedded["postgres"])
    redis = _checked("redis", lambda: doctor_checks.context_redis(context), embedded=embedded["redis"])
    yield redis
    answers = redis.ok
    if settings.broker_url:
        broker = _checked("broker", lambda: doctor_checks.broker(context))
        yield broker
        answers = answers and broker.ok
    schema = wrong_schema or f"at {doctor_checks.schema_revision()}"
    yield DoctorLine("schema", "error" if wrong_schema else "ok", str(schema))
    if answers:
        yield _checked("workers", lambda: _workers(context, settings))
    if not wrong_schema:
        yield _checked("audio", lambda: missing_audio.in_store(context))
        yield _checked("jobs", lambda: _jobs(context))
        yield _checked("webhooks", lambda: doctor_checks.webhooks(context))


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


def _checked(name: str, check: Callable[[], DoctorFinding | str], *, embedded: bool = False) -> DoctorLine:
    try:
        found = check()
    except SpeekoError as error:
        return DoctorLine(name, "error", str(error))
    if isinstance(found, str):
        return DoctorLine(name, "ok", found)
    text = found.text.replace("answers", "answers (embedded)", 1) if embedded else found.text
    return DoctorLine(name, "warning" if found.is_warning else "ok", text)
