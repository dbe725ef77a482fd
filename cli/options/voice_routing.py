"""Declare the options that choose voices, and turn them into a request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import click

from speeko_cli.options.option_builder import SPEECH, option, together
from speeko_cli.options.param_types import Number
from speeko_jobs.core.voices.voice_catalog import AUTO, MAX_LATENCY_MILLIS

if TYPE_CHECKING:
    from speeko_jobs.flow.planning.voice_routing import RoutingOptions
    from speeko_jobs.settings import Settings

voices_file_option: Callable[[Any], Any] = option(
    "--voices-file",
    files=True,
    default="",
    metavar="FILE",
    section=SPEECH,
    help="TOML file with your own data on voices [default: voices.toml in the current folder, if it exists]",
)
routing = together(
    option(
        "--min-quality",
        type=Number(0, 1),
        metavar="X",
        section=SPEECH,
        help=f"with --voice {AUTO}: only voices with at least this quality, 0 to 1",
    ),
    option(
        "--max-latency-ms",
        type=click.IntRange(1, MAX_LATENCY_MILLIS),
        metavar="N",
        section=SPEECH,
        help=f"with --voice {AUTO}: only voices with at most this latency, in milliseconds",
    ),
    option(
        "--use-case",
        default="",
        metavar="WORD",
        section=SPEECH,
        help=f"with --voice {AUTO}: only voices for this use case, such as narration",
    ),
    option(
        "--prefer",
        multiple=True,
        metavar="VOICE",
        section=SPEECH,
        help=f"with --voice {AUTO}: preferred voice among equally cheap ones; repeatable",
    ),
    option(
        "--reroute",
        is_flag=True,
        section=SPEECH,
        help=f"with --voice {AUTO}: choose again, even if the output already has a voice",
    ),
    option(
        "--rules",
        files=True,
        default="",
        metavar="FILE",
        section=SPEECH,
        help="TOML file with rules that choose a voice by the cells of a row",
    ),
    voices_file_option,
)


def routing_options_of(settings: Settings, options: Mapping[str, Any]) -> RoutingOptions:
    """Return the options on voices as a request."""
    from speeko_jobs.core.voices.cheapest_voice import RoutingRequest
    from speeko_jobs.flow.planning.voice_routing import RoutingOptions

    return RoutingOptions(
        voice=settings.voice,
        request=RoutingRequest(
            min_quality=options["min_quality"] or 0.0,
            max_latency_millis=options["max_latency_ms"],
            use_case=options["use_case"],
            prefer=tuple(options["prefer"]),
        ),
        rules_file=options["rules"],
        voices_file=options["voices_file"],
        reroute=options["reroute"],
    )
