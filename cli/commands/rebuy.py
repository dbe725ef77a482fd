"""`speeko rebuy`: buy texts again whose cached audio is wrong."""

from __future__ import annotations

import re
import shlex
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from speeko_cli.commands.costs import since_option, until_option
from speeko_cli.options.money import budget_option
from speeko_cli.options.option_builder import WORK, Verb, option, setting
from speeko_cli.options.shared import common
from speeko_cli.options.work import no_wait_option, workers_option
from speeko_cli.output.console import busy, emit, say
from speeko_cli.runtime.error_reporting import OK, Interrupted
from speeko_cli.runtime.invocation import Invocation
from speeko_jobs.errors import UsageError

if TYPE_CHECKING:
    from speeko_jobs.flow.context import Context
    from speeko_jobs.flow.planning.rebuy import Group, OutdatedOutput, SelectedTexts, Selection
    from speeko_jobs.settings import Settings

_ROW = re.compile(r"(\d{1,18}):(.+)", re.DOTALL)
_KEY = re.compile(r"[0-9a-fA-F]{64}")


class KeyType(click.ParamType[bytes]):
    """Convert a whole key of 64 hex digits to bytes."""

    name = "key"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> bytes:
        if isinstance(value, bytes):
            return value
        if not _KEY.fullmatch(value):
            self.fail(f"{value!r} is not a key: 64 hex digits, as in the manifest", param, ctx)
        return bytes.fromhex(value)


class JobRowType(click.ParamType[tuple[int, int | str]]):
    """JOB:ROW by its number, or JOB:ID by the row's id; JOB:id=17 is an id of digits."""

    name = "row"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int | str]:
        if isinstance(value, tuple):
            return value
        found = _ROW.fullmatch(value)
        if found is None:
            self.fail(f"{value!r} is not JOB:ROW, such as 12:17 or 12:SKU-17", param, ctx)
        job, row = int(found[1]), found[2]
        if row.isdecimal() and row.isascii():
            return job, int(row)
        return job, row.removeprefix("id=")


@click.command("rebuy", cls=Verb)
@option("--key", "keys", type=KeyType(), multiple=True, metavar="KEY", help="text of this key; repeatable")
@option("--job", "jobs", type=click.IntRange(1, 2**63 - 1), multiple=True, metavar="N",
        help="all texts of this job; repeatable")  # fmt: skip
@option("--row", "rows", type=JobRowType(), multiple=True, metavar="JOB:ROW",
        help="texts of one row, by its number or id; repeatable")  # fmt: skip
@option("--voice", "of_voice", metavar="NAME", help="all texts of this voice, bought since --since")
@option("--provider", "of_provider", metavar="NAME", help="with --voice: only texts of this provider")
@since_option
@until_option
@option("--dry-run", "price_only", is_flag=True, help="show the number of texts and the price without buying")
@option("--yes", is_flag=True, help="do not ask for confirmation")
@budget_option
@setting("tenant", WORK)
@no_wait_option
@workers_option
@common
@click.pass_obj
def command(call: Invocation, /, price_only: bool, yes: bool, no_wait: bool, **options: Any) -> int:
    """Buy texts again whose audio is wrong, after showing the price.

    The new audio replaces the old audio in the cache; a text that cannot be bought keeps its old audio. The
    cost of the old audio stays in the ledger. Delivered files do not change until the next run of their
    catalog, which delivers the new audio at no cost.
    """
    from speeko_cli.runtime.services import open_services
    from speeko_jobs.flow.planning import rebuy as flow

    settings = call.settings(options)
    selection = _selection(options)
    with open_services(settings) as (context, alone):
        with busy("looking up the texts"):
            found = flow.find(context, selection, _todays_price(settings))
        if not call.json:
            _print_price(found)
        if price_only or not found.texts:
            return _ended(call, found, [], [])
        flow.check_money(found, options["budget"])
        if not yes:
            _ask(found, call)
        return _bought(context, found, options["budget"], call, alone=alone, wait=not no_wait)


def _selection(options: dict[str, Any]) -> Selection:
    """Return the selection of the options. Raises UsageError if it is empty or incomplete."""
    from speeko_jobs.flow.planning.rebuy import Selection

    voice, since, until = options["of_voice"], options["since"], options["until"]
    if voice is None and (since or until or options["of_provider"]):
        raise UsageError("--since, --until and --provider need --voice")
    if not (options["keys"] or options["jobs"] or options["rows"] or voice is not None):
        raise UsageError("no texts selected: give --key, --job, --row, or --voice with --since")
    if voice is not None and since is None:
        raise UsageError("--voice needs --since, the first day of purchase")
    return Selection(
        keys=options["keys"],
        jobs=options["jobs"],
        rows=options["rows"],
        voice=voice,
        provider=options["of_provider"],
        since=None if since is None else since.replace(tzinfo=UTC),
        until=None if until is None else until.replace(tzinfo=UTC) + timedelta(days=1),
    )


def _todays_price(settings: Settings) -> str:
    from speeko_jobs.core.billing.price_schedule import price_on

    return price_on(settings.price_per_million, datetime.now(UTC).date())


def _print_price(found: SelectedTexts) -> None:
    from speeko_jobs.core.output.formatting import count, micros

    if found.texts:
        chars = count(found.chars, "character")
        say(f"{count(found.texts, 'text')} with {chars} to buy again for {micros(found.cost_micros)}")
    else:
        say("these texts have no audio: nothing to buy again")
    if found.others:
        say(f"{count(found.others, 'key')} have no audio: the next run that needs one buys it")


def _ask(found: SelectedTexts, call: Invocation) -> None:
    from speeko_jobs.core.output.formatting import micros

    if call.json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError(f"give --yes to spend {micros(found.cost_micros)} (or --dry-run)")
    try:
        agreed = click.confirm(f"Buy them for {micros(found.cost_micros)}?", default=False, err=True)
    except click.Abort:
        agreed = False
    if not agreed:
        raise Interrupted("nothing was bought")


def _bought(
    context: Context, found: SelectedTexts, budget: int | None, call: Invocation, *, alone: bool, wait: bool
) -> int:
    """Start a job for each group, one after another where they are waited for."""
    from speeko_cli.jobs.build_spec import check_provider
    from speeko_cli.runtime.local_workers import LocalWorkers
    from speeko_jobs.flow.planning import rebuy as flow

    jobs: list[dict[str, Any]] = []
    outdated: list[OutdatedOutput] = []
    code = OK
    parts = list(zip(found.groups, flow.shares(found.groups, budget), strict=True))
    if not wait:
        from speeko_cli.jobs.follow_detached import warn_without_workers

        for group, share in parts:
            job = _started(context, group, share, outdated)
            jobs.append({"job": job, "state": "running"})
            warn_without_workers(context, job, call)
        return _ended(call, found, jobs, outdated, _commands(context, outdated))
    for group, share in parts:
        with LocalWorkers(context, group.spec, alone=alone) as crew:
            if crew.is_own:
                check_provider(group.spec, context.settings)
            code = max(code, _seen(context, _started(context, group, share, outdated), crew, call, jobs))
    return _ended(call, found, jobs, outdated, _commands(context, outdated)) or code


def _started(context: Context, group: Group, share: int | None, outdated: list[OutdatedOutput]) -> int:
    from speeko_jobs.flow.planning import rebuy as flow

    job, more = flow.start(context, group, tenant=context.settings.tenant, budget_micros=share)
    outdated += more
    return job


def _seen(context: Context, job: int, crew: Any, call: Invocation, jobs: list[dict[str, Any]]) -> int:
    """See one job through; with --json its summary waits for the document at the end."""
    from speeko_cli.jobs.follow_attached import follow_with_workers
    from speeko_cli.jobs.outcome import CODES, report_outcome
    from speeko_jobs.core.model.states import JobState
    from speeko_jobs.flow.delivery import finalize

    def keep(context: Context, job: int, _: Invocation) -> int:
        summary = finalize.summarize(context, job)
        jobs.append(summary)
        return CODES.get(JobState(summary["state"]), OK)

    return follow_with_workers(context, job, crew, call, keep if call.json else report_outcome)


def _commands(context: Context, outdated: list[OutdatedOutput]) -> list[str]:
    """For each output the command that delivers the new audio; "" where it is not known any more."""
    from speeko_cli.output.job_summary import again
    from speeko_jobs.core.job.job_spec import JobSpec
    from speeko_jobs.errors import JobError
    from speeko_jobs.flow.reporting import job_queries

    def command_of(spec: JobSpec) -> str:
        if "-" in spec.sources or not spec.sources:
            return ""
        first, *rest = spec.sources
        return again(spec, first) + "".join(f" {shlex.quote(more)}" for more in rest)

    out = []
    for one in outdated:
        try:
            out.append(command_of(job_queries.show(context, one.job).spec))
        except JobError:
            out.append("")
    return out


def _ended(
    call: Invocation,
    found: SelectedTexts,
    jobs: list[dict[str, Any]],
    outdated: list[OutdatedOutput],
    commands: list[str] | None = None,
) -> int:
    """Print which outputs hold the old audio, or everything as one document."""
    from speeko_jobs.core.model.money import usd
    from speeko_jobs.core.output.formatting import count
    from speeko_jobs.core.output.sanitize import printable

    commands = commands or []
    if call.json:
        files = [
            {"output": one.output, "files": one.files, "command": command or None}
            for one, command in zip(outdated, commands, strict=True)
        ]
        emit(
            {
                "texts": found.texts,
                "chars": found.chars,
                "price_usd": usd(found.cost_micros),
                "without_audio": found.others,
                "jobs": jobs,
                "outdated": files,
            }
        )
        return OK
    for job in jobs:
        say(f"job {job['job']} buys them: watch it with: speeko watch {job['job']}")
    for one, command in zip(outdated, commands, strict=True):
        say()
        say(f"{count(one.files, 'file')} in {printable(one.output)} with the old audio: the next run of the")
        say(f"catalog delivers the new{': ' + printable(command) if command else ''}")
    return OK
