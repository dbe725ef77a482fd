"""Declare the groups of options that several commands take, each once.

`run`, `submit` and `schedule add` take one stack up to their ends; `estimate` and `diff` take another.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from speeko_cli.options.catalog_reading import reading
from speeko_cli.options.delivery import delivery, pruning
from speeko_cli.options.money import money
from speeko_cli.options.option_builder import complete_files, together
from speeko_cli.options.shared import common, dry_run_option, notify_option, wait_for_output_option
from speeko_cli.options.speech import speech, wording
from speeko_cli.options.voice_routing import routing
from speeko_cli.options.work import webhook_option, webhook_options, work

Stack = Callable[[Any], Any]

files_argument: Stack = click.argument(
    "files", nargs=-1, required=True, metavar="FILES...", shell_complete=complete_files
)
voice_options: Stack = together(speech, routing, wording)
catalog_options: Stack = together(files_argument, reading, voice_options)  # what is spoken, and how
delivered_options: Stack = together(catalog_options, delivery)  # and where the files go
job_options: Stack = together(delivered_options, pruning, money, work)
plan_options: Stack = together(job_options, webhook_options, common)  # estimate, diff, explain
submission_options: Stack = together(  # run, submit
    dry_run_option(), job_options, webhook_options, notify_option(), common
)
# accepted by a command that only plans, so that it can replace `run`
without_effect: Stack = together(
    dry_run_option(hidden=True), wait_for_output_option(hidden=True), notify_option(hidden=True)
)
schedule_options: Stack = together(job_options, webhook_option, common)  # schedule add
