"""Find SPEEKO_* variables that are no setting and look like one: without a word they would have no effect."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterator, Mapping

from speeko_jobs.settings import Settings

PREFIX = "SPEEKO_"
ALIKE = 0.85
OTHERS = ("CONFIG", "DASHBOARD_TOKEN", "DASHBOARD_AUTH", "JOB", "STATE", "IMAGE", "LINGER", "SUPERVISED")


def misspelled(environ: Mapping[str, str]) -> Iterator[str]:
    """Yield a line on each variable that is probably a misspelled setting."""
    known = [PREFIX + name for name in (*(f.name.upper() for f in dataclasses.fields(Settings)), *OTHERS)]
    for name, value in sorted(environ.items()):
        if not (name.startswith(PREFIX) and value) or name in known or name.startswith("SPEEKO_ACCOUNT_"):
            continue
        if near := difflib.get_close_matches(name, known, 1, ALIKE):
            yield f"the variable {name} has no effect: did you mean {near[0]}?"
