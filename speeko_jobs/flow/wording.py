"""A job's wording with its lexicon read in."""

from __future__ import annotations

from speeko_jobs.adapters.lexicon_file import read_lexicon
from speeko_jobs.core.spec import JobSpec
from speeko_jobs.core.wording import Wording


def wording_of(spec: JobSpec) -> tuple[Wording, list[str]]:
    """What is done to the job's texts, and a line for each lexicon entry that had to be left out."""
    lexicon, left_out = read_lexicon(spec.lexicon) if spec.lexicon else (None, [])
    return Wording(repair=spec.repair, lexicon=lexicon, read_numbers=spec.read_numbers), left_out
