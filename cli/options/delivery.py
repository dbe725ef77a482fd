"""Declare the options for the output: destination, file names, and files of earlier runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from speeko_cli.options.option_builder import DELIVERY, option, setting, together
from speeko_cli.options.param_types import Share

name_option: Callable[[Any], Any] = option(
    "--name",
    default="{id}.{ext}",
    metavar="TEMPLATE",
    section=DELIVERY,
    help="template of file names, with {id}, {row}, {voice}, {language}, {ext}, {hash} or {COLUMN}"
    " [default: {id}.{ext}]",
)
delivery = together(
    setting("output", DELIVERY),
    name_option,
    option(
        "--cache-control",
        default="",
        metavar="HEADER",
        section=DELIVERY,
        help="Cache-Control header of audio files in a bucket [default: immutable for names with {hash}, else"
        " no-cache]",
    ),
    option(
        "--public-base-url",
        default="",
        metavar="URL",
        section=DELIVERY,
        help="public address of the output, such as a CDN's; adds a URL for each row to manifest, results and"
        " report",
    ),
)
pruning = together(
    option(
        "--merge",
        is_flag=True,
        section=DELIVERY,
        help="FILES are a part of a catalog: keep the other rows of the manifest (always so for failed.csv)",
    ),
    option(
        "--overwrite",
        is_flag=True,
        section=DELIVERY,
        help="replace files in the output that speeko did not write [default: refuse]",
    ),
    option(
        "--prune", is_flag=True, section=DELIVERY, help="delete files whose rows are no longer in the catalog"
    ),
    option(
        "--max-delete",
        type=Share(),
        default="10%",
        metavar="SHARE",
        section=DELIVERY,
        help="maximum share of the output's files that --prune may delete [default: 10%]",
    ),
)
