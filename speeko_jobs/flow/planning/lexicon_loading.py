"""A job's wording with its lexicon read in."""

from __future__ import annotations

from speeko_jobs.adapters.lexicon_files import read_lexicon
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.text.pipeline import Wording
from speeko_jobs.core.text.text_rules import rules_of


def wording_of(spec: JobSpec) -> tuple[Wording, list[str]]:
    """What is done to the job's texts, and lines on what is not: lexicon entries that had to be left out."""
    lexicon, notes = read_lexicon(spec.lexicon) if spec.lexicon else (None, [])
    if spec.read_numbers and not spec.language:
        notes.append("numbers are read out only in rows that name a language (--language gives it to all)")
    rules = rules_of(spec.text_rules)
    return Wording(spec.repair, lexicon, spec.read_numbers, rules, spec.markup), notes
