"""`speeko say`: one text spoken at once, in this process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from speeko_cli.options.money import budget_option
from speeko_cli.options.option_builder import DELIVERY, WORK, Verb, option, setting
from speeko_cli.options.shared import common
from speeko_cli.options.stacks import voice_options
from speeko_cli.options.voice_routing import routing_options_of
from speeko_cli.output.console import emit, note
from speeko_cli.output.console import say as tell
from speeko_cli.runtime.error_reporting import Interrupted
from speeko_cli.runtime.invocation import Invocation

if TYPE_CHECKING:
    from speeko_cli.output.audio_sink import AudioSink
    from speeko_jobs.core.job.job_spec import JobSpec
    from speeko_jobs.flow.context import Context
    from speeko_jobs.flow.synthesis.say import SpokenAudio

SOURCES = {
    "synthesized": "bought",
    "coalesced": "bought by another command meanwhile",
    "duplicate": "cached",
    "cache": "cached",
}
STOPPING = b"\nspeeko: stopping after the call in flight (press Ctrl-C again to stop at once)\n"


@click.command("say", cls=Verb)
@click.argument("text", metavar="TEXT")
@option(
    "--output",
    "out",
    aliases=("--out",),
    default="",
    metavar="FILE",
    files=True,
    section=DELIVERY,
    help="file to write, or - for standard output [default: a file named after the text, or - in a pipe]",
)
@option(
    "--stream",
    is_flag=True,
    section=DELIVERY,
    help="write FILE while audio arrives, before validation, so that a player can follow (always so for -)",
)
@option(
    "--name",
    "job_name",
    default="",
    metavar="NAME",
    section=WORK,
    help="name of the job in lists [default: the beginning of the text]",
)
@voice_options
@budget_option
@setting("tenant", WORK)
@common
@click.pass_obj
def command(call: Invocation, /, text: str, out: str, stream: bool, job_name: str, **options: Any) -> int:
    """Synthesize one text; play it while it arrives.

    TEXT is the text, or - for standard input. Without --format, the extension of FILE gives the format. Text
    that was bought before costs nothing. A file that fails validation or is interrupted is deleted.
    `speeko say "Good morning" --output - | ffplay -` plays at once.
    """
    from speeko_cli.jobs.build_spec import check_provider, spec_of
    from speeko_cli.output.audio_sink import AudioSink, chosen
    from speeko_cli.runtime.services import open_services
    from speeko_jobs.flow.planning.voice_routing import routed

    settings = call.settings(options | {"format": options["format"] or _format_of(out)})
    spec = spec_of(settings, options | {"name": "{id}.{ext}"}, ("say",))
    text = _read(text)
    check_provider(spec, settings)
    where = chosen(out, text, spec.delivered.format, no_stdout=call.json)
    with open_services(settings) as (context, _):
        spec = routed(context.database, spec, routing_options_of(settings, options))
        outlet = AudioSink(where, stream=stream)
        try:
            said = _said(context, spec, text, options["budget"], outlet, job_name)
            outlet.finish(said.audio if said.chained else None)
        except BaseException:
            outlet.drop()
            raise
    _report(said, spec, where, call)
    return 0


def _format_of(out: str) -> str | None:
    from speeko_jobs.core.providers.profiles import PROFILES

    ending = Path(out).suffix[1:].lower()
    return ending if any(ending in profile.formats for profile in PROFILES.values()) else None


def _read(text: str) -> str:
    """Return the text; read it from standard input for "-"."""
    from speeko_jobs.core.text.segmentation import MAX_CHARS
    from speeko_jobs.errors import UsageError

    if text != "-":
        return text
    raw = sys.stdin.buffer.read(4 * MAX_CHARS + 1)
    if len(raw) > 4 * MAX_CHARS:
        raise UsageError(f"standard input: more than {MAX_CHARS:,} characters: `speeko run` takes catalogs")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UsageError(f"standard input: not UTF-8 at byte {error.start}") from None


def _said(
    context: Context, spec: JobSpec, text: str, budget: int | None, outlet: AudioSink, name: str
) -> SpokenAudio:
    from speeko_jobs.flow.synthesis.say import Stopped, say
    from speeko_jobs.runtime import open_provider

    settings = context.settings
    try:
        with _Told() as told:
            return asyncio.run(
                say(
                    context,
                    open_provider,
                    spec,
                    text,
                    tenant=settings.tenant,
                    budget_micros=budget,
                    on_audio=outlet.write,
                    is_stopping=lambda: told.once,
                    name=name,
                )
            )
    except Stopped as stopped:
        raise Interrupted(str(stopped)) from None
    except KeyboardInterrupt:
        raise Interrupted("stopped at once: a call in flight is recorded as possibly charged") from None


class _Told:
    """Handle Ctrl-C and SIGTERM: the first sets `once`, the second raises KeyboardInterrupt."""

    def __init__(self) -> None:
        self.once = False
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> _Told:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def _hear(self, _: int, __: FrameType | None) -> None:
        if self.once:
            raise KeyboardInterrupt
        self.once = True
        with contextlib.suppress(OSError, ValueError):
            os.write(sys.stderr.fileno(), STOPPING)  # a handler must not print: it may interrupt a print


def _report(said: SpokenAudio, spec: JobSpec, where: str, call: Invocation) -> None:
    from speeko_jobs.core.model.money import usd
    from speeko_jobs.core.output import formatting

    if call.json:
        emit(
            {
                "out": where,
                "output": where,
                "format": spec.delivered.format,
                "bytes": len(said.audio),
                "audio_seconds": said.audio_seconds,
                "source": said.source.value,
                "parts": said.parts,
                "calls": said.calls,
                "cost_usd": usd(said.cost_micros),
                "saved_usd": usd(said.saved_micros),
                "first_byte_ms": round(said.first_byte_seconds * 1000, 1),
                "piece_bytes": said.piece_bytes,
                "job": said.job or None,
            }
        )
        return
    source, cost = SOURCES[said.source.value], formatting.micros(said.cost_micros)
    if where != "-":
        tell(f"{where}: {formatting.duration(said.audio_seconds)}, {source} for {cost}")
    if call.verbose:
        first = f"first byte after {said.first_byte_seconds * 1000:.0f} ms"
        paid = f"{formatting.count(said.calls, 'call')} for {cost}"
        saved = f", {formatting.micros(said.saved_micros)} saved" if said.saved_micros else ""
        pieces = f", pieces of {said.piece_bytes // 1024} KB" if said.piece_bytes else ""
        note(f"speeko: {first}, {source}, {paid}{saved}{pieces}")
