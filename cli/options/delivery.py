"""Options on the output: where files go, what they are called, which files of earlier runs are deleted."""

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
    help="file names; takes {id}, {row}, {voice}, {language}, {ext}, {hash}, columns [default: {id}.{ext}]",
)
delivery = together(
    setting("output", DELIVERY),
    name_option,
    option(
        "--cache-control",
        default="",
        metavar="HEADER",
        section=DELIVERY,
        help="of audio in a bucket [default: immutable for names with {hash}, else no-cache]",
    ),
    option(
        "--public-base-url",
        default="",
        metavar="URL",
        section=DELIVERY,
        help="where a CDN has the output: each row gets its url in manifest, results and report",
    ),
)
pruning = together(
    option(
        "--merge",
        is_flag=True,
        section=DELIVERY,
        help="FILES are part of a catalog: keep the manifest's other rows (failed.csv always is)",
    ),
    option(
        "--overwrite",
        is_flag=True,
        section=DELIVERY,
        help="replace files in the output that no job has delivered [default: refuse]",
    ),
    option("--prune", is_flag=True, section=DELIVERY, help="delete the files whose rows left the catalog"),
    option(
        "--max-delete",
        type=Share(),
        default="10%",
        metavar="SHARE",
        section=DELIVERY,
        help="most of the output's files that --prune may delete [default: 10%]",
    ),
)
