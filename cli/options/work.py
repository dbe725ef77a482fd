"""Declare the options for execution: priority, rate limits, workers, outages, webhooks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from speeko_cli.options.option_builder import WORK, option, setting, together
from speeko_cli.options.param_types import Minutes

_WORK = (
    "max_concurrency",
    "calls_per_minute",
    "chars_per_minute",
    "workers",
    "redis_audio_budget",
    "tenant",
)
give_up_option: Callable[[Any], Any] = option(
    "--give-up-after",
    "give_up_after",
    type=Minutes(),
    metavar="TIME",
    section=WORK,
    help="pause the job after this time with only failed calls, and resume it when the provider answers"
    " again; such as 90s, 30m, 2h [default: 30m]",
)
work = together(
    option(
        "--priority",
        type=click.IntRange(-1000, 1000),
        default=0,
        metavar="N",
        section=WORK,
        help="jobs with a higher priority run first [default: 0]",
    ),
    *[setting(name, WORK) for name in _WORK],
    give_up_option,
)
webhook_option: Callable[[Any], Any] = setting("webhook", WORK)
webhook_options: Callable[[Any], Any] = together(
    webhook_option,
    option(
        "--allow-private-webhooks",
        type=int,
        is_flag=True,
        flag_value=1,
        default=None,
        section=WORK,
        help="allow a private address for the webhook; workers need the setting, too",
    ),
)
no_wait_option: Callable[[Any], Any] = option(
    "--no-wait", is_flag=True, help="do not wait and start no workers; running workers do the work"
)
workers_option: Callable[[Any], Any] = setting("workers", WORK)
