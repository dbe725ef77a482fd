"""The figures of a job's report: out of its summary, the ledger and the manifest as it goes by.

Whatever the job's size, a few hundred rows are kept of it: every n-th one, so that each run keeps the same.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from speeko_jobs.adapters.postgres import chunks, reports
from speeko_jobs.adapters.postgres.jobs import Job
from speeko_jobs.core.reporting import html_report
from speeko_jobs.core.reporting.html_report import ReportFigures, ReportRow, ReportVoice
from speeko_jobs.flow.context import Context

DRAWN_ROWS = 300
PLAYABLE_ROWS = 12
SHOWN_FAILED = 50
STRETCHES = 40
CALLS_A_STRETCH = 5  # fewer make a jagged line of what is no news


class ManifestSample:
    """Rows of a manifest that goes by part after part, in order."""

    def __init__(self, rows: int) -> None:
        """`rows`: about how many there will be."""
        self.failed: list[ReportRow] = []
        self.served: list[ReportRow] = []
        self.keys: list[bytes] = []  # of those served
        self._step = max(1, rows // DRAWN_ROWS)
        self._at = 0

    def add(self, lines: bytes, wrong: Sequence[Mapping[str, Any]] = ()) -> None:
        """A part: its lines, and those of them without audio."""
        found = lines.splitlines()
        picked = found[-self._at % self._step :: self._step]
        self._at += len(found)
        served = [line for line in map(json.loads, picked) if line["error"] is None]
        self.served += map(_row, served)
        self.keys += [bytes.fromhex(line["key"]) for line in served]
        self.failed += map(_row, wrong[: max(0, SHOWN_FAILED - len(self.failed))])


def _row(line: Mapping[str, Any]) -> ReportRow:
    return ReportRow(
        line["row"],
        line["id"],
        line["path"],
        line["voice"],
        line["chars"],
        line["audio_seconds"],
        line["source"] or "",
        line["error"] or "",
        url=line.get("url") or "",
    )


def page(context: Context, job: Job, summary: Mapping[str, Any], sample: ManifestSample) -> bytes:
    """report.html of a job whose manifest has gone by."""
    voices = reports.by_voice(context.database, job.id)
    calls = sum(voice.calls for voice in voices)
    pace, seconds = list[int](), 0.0
    if calls:
        first, last = min(v.first for v in voices), max(v.last for v in voices)
        if last > first:
            stretches = max(1, min(STRETCHES, calls // CALLS_A_STRETCH))
            pace, seconds = reports.pace(context.database, job.id, first, last, stretches), last - first
    found = ReportFigures(
        summary=summary,
        asked=_asked(job),
        when=_when(job),
        voices=[ReportVoice(v.voice or "the default voice", v.calls, v.chars, v.micros) for v in voices],
        pace=pace,
        pace_seconds=seconds,
        drawn=sample.served,
        sample=_playable(context, sample),
        failed=sample.failed,
        linked=job.spec.archive or context.destination_of(job.spec).is_folder,
    )
    return html_report.page(found).encode("utf-8", "replace")


def _playable(context: Context, sample: ManifestSample) -> list[ReportRow]:
    """A few rows with their spoken texts, where that is one text."""
    places = range(0, len(sample.served), -(-len(sample.served) // PLAYABLE_ROWS) or 1)
    texts = chunks.texts(context.database, [sample.keys[at] for at in places])
    return [replace(sample.served[at], text=texts.get(sample.keys[at], "")) for at in places]


def _asked(job: Job) -> list[tuple[str, str]]:
    spec = job.spec
    loudness = "" if spec.loudness is None else f", {spec.loudness:g} LUFS"
    return [
        ("catalog", ", ".join(spec.sources) or ", ".join(str(file["name"]) for file in job.files)),
        ("output", job.destination),
        ("file names", spec.name),
        ("provider", spec.provider),
        ("model", spec.model),
        ("voice", spec.voice),
        ("language", spec.language),
        ("format", spec.delivered.format + loudness),
        ("speed", f"{spec.speed:g}"),
        ("USD for a million characters", spec.price_per_million),
        ("lexicon", ", ".join(spec.lexicon)),
        ("tenant", job.tenant),
    ]


def _when(job: Job) -> str:
    began, ended = (_time(moment) for moment in (job.released_at or job.created_at, job.finished_at))
    return f"{began} to {ended}, UTC"


def _time(moment: datetime | None) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if moment else "now"
