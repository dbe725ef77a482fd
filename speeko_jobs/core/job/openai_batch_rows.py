"""Check rows of OpenAI batch files, which may ask for more than a job gives."""

from __future__ import annotations

from collections.abc import Sequence

from speeko_jobs.core.catalog.column_mapping import OPENAI_BATCH_HEADER
from speeko_jobs.core.job.job_spec import JobSpec


def refusal(spec: JobSpec, cells: Sequence[str]) -> str:
    """Return why a job does not do what the row asks for, in one line; "" where it does."""
    asked = dict(zip(OPENAI_BATCH_HEADER, cells, strict=False))
    has_format = spec.delivered.format
    for name, has in (("model", spec.model), ("format", has_format), ("speed", f"{spec.speed:g}")):
        value = asked.get(name, "")
        if value and value != has and not (name == "speed" and _same_number(value, has)):
            return f"the row asks for {name} {value[:40]!r}, the job has {has!r} (--{name})"
    return "the row has instructions, which are not sent" if asked.get("instructions") else ""


def _same_number(one: str, other: str) -> bool:
    try:
        return float(one) == float(other)
    except ValueError:
        return False
