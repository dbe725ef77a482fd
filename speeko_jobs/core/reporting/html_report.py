"""The report of a job as one page of HTML: no script, nothing from elsewhere, the same bytes for the same
figures. Figures are those of summary.json, and of the ledger for voices and time; each is a <data> element
that holds its exact value beside the words for people.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from markupsafe import Markup

from speeko_jobs.core.model.money import micros, usd
from speeko_jobs.core.output import formatting
from speeko_jobs.core.output.sanitize import printable
from speeko_jobs.core.reporting import job_figures, svg_charts

if TYPE_CHECKING:
    from jinja2 import Environment

SHOWN_VOICES = 10
SHOWN_TEXT_CHARS = 240
_COUNTS = (
    ("rows", "rows"),
    ("delivered", "delivered"),
    ("unchanged", "unchanged"),
    ("failed", "failed"),
    ("refused", "refused"),
    ("left_out", "without text, left out"),
    ("skipped", "left out"),
    ("unique_texts", "unique texts"),
    ("reused", "served from audio in another format"),
    ("chars", "characters"),
    ("billed_chars", "characters paid for"),
    ("calls", "calls"),
    ("removed", "left the catalog"),
)
_MONEY = (
    ("cost_usd", "cost"),
    ("planned_cost_usd", "as planned"),
    ("list_cost_usd", "at list price, for rows with audio"),
    ("planned_list_cost_usd", "at list price, for the whole catalog"),
    ("saved_usd", "saved"),
    ("routing_saved_usd", "saved by the choice of voices, at list price"),
    ("wasted_usd", "wasted on audio that failed validation, part of cost and possible extra charge"),
    ("max_waste_usd", "waste cap"),
    ("budget_usd", "budget"),
)


@dataclass(frozen=True, slots=True)
class ReportVoice:
    """What was paid for one voice."""

    name: str
    calls: int
    chars: int
    micros: int


@dataclass(frozen=True, slots=True)
class ReportRow:
    """A row that is shown or drawn. `path` and `error` as in the manifest."""

    no: int
    id: str
    path: str
    voice: str
    chars: int
    seconds: float
    source: str
    error: str = ""
    text: str = ""
    url: str = ""


@dataclass(frozen=True)
class ReportFigures:
    """All that a report shows. `pace`: paid calls in equal stretches of `pace_seconds` in all; `drawn`: rows
    of the last chart; `linked`: the files lie beside the report."""

    summary: Mapping[str, Any]
    asked: Sequence[tuple[str, str]]
    when: str
    voices: Sequence[ReportVoice]
    pace: Sequence[int]
    pace_seconds: float
    drawn: Sequence[ReportRow]
    sample: Sequence[ReportRow]
    failed: Sequence[ReportRow]
    linked: bool


@dataclass(frozen=True, slots=True)
class ReportFigure:
    """One figure: its name in summary.json, its exact value, and both in words. Without a name: words."""

    label: str
    shown: str
    name: str = ""
    exact: str = ""
    words: str = ""


@dataclass(frozen=True, slots=True)
class ReportChart:
    name: str
    title: str
    told: str
    svg: Markup
    heads: Sequence[str] = ()
    table: Sequence[Sequence[ReportFigure]] = ()


def page(found: ReportFigures) -> str:
    """The report."""
    summary = found.summary
    html: str = (
        _environment()
        .get_template("report.html")
        .render(
            policy=_policy(),
            style=Markup(_style()),  # noqa: S704 (our own)
            job=summary["job"],
            state=printable(summary["state_text"]),
            heading=_heading(summary),
            reason=printable(job_figures.reason_words(summary["reason"])),
            steps=[(printable(step["text"]), printable(step["command"])) for step in summary["next"]],
            when=found.when,
            tiles=_tiles(summary),
            lists=_lists(found),
            charts=[
                chart for chart in (_sources(summary), _voices(found), _pace(found), _dots(found)) if chart
            ],
            reasons=[
                _count(f"reason.{n}", f["reason"], f["rows"]) for n, f in enumerate(summary["failures"])
            ],
            failed=[(row.no, printable(row.id), printable(row.error)) for row in found.failed],
            failed_words=_failed_words(found),
            links=found.linked,
            sample=[_shown(row, linked=found.linked) for row in found.sample],
            value=_value,
        )
    )
    return html


@lru_cache(maxsize=1)
def _environment() -> Environment:
    """Return the environment of the page's template and style sheet, which lie beside this module."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    loader = PackageLoader("speeko_jobs.core", "reporting")
    return Environment(loader=loader, autoescape=True, undefined=StrictUndefined)


@lru_cache(maxsize=1)
def _style() -> str:
    environment = _environment()
    assert environment.loader is not None
    source, _, _ = environment.loader.get_source(environment, "report.css")
    return source


def _policy() -> str:
    """Allow nothing but audio from beside the page, and the one style sheet, known by its hash (CSP)."""
    known = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    media = "media-src 'self' file:"  # a page in a folder has no origin of its own
    return f"default-src 'none'; style-src 'sha256-{known}'; {media}; base-uri 'none'; form-action 'none'"


def _value(figure: ReportFigure) -> Markup:
    if not figure.name:
        return Markup("<bdi>{}</bdi>").format(figure.shown)
    return Markup('<data id="{}" value="{}">{}</data>').format(figure.name, figure.exact, figure.shown)


def _heading(summary: Mapping[str, Any]) -> str:
    rows = formatting.count(job_figures.spoken_rows(summary), "row")
    return f"{printable(summary['state_text'])}, {summary['with_audio']:,} of {rows} with audio"


def _tiles(summary: Mapping[str, Any]) -> list[ReportFigure]:
    cost, listed, saved = (summary[name] for name in ("cost_usd", "list_cost_usd", "saved_usd"))
    share = formatting.percent(micros(saved), micros(listed)) if micros(saved) > 0 else "0%"
    unknown = summary["unknown"]
    more = f"possible extra charge {_usd(unknown)}" if unknown["calls"] else "exact"
    size = formatting.size(summary["audio_bytes"])
    name, of = "list_cost_usd", "without any reuse"
    if summary["with_audio"] < job_figures.spoken_rows(summary):
        of = f"for the whole catalog; {formatting.table_money(listed)} for rows with audio"
        name, listed = "planned_list_cost_usd", summary["planned_list_cost_usd"]
    return [
        ReportFigure("Cost", formatting.table_money(cost), "tile.cost_usd", cost, more),
        ReportFigure("At list price", formatting.table_money(listed), f"tile.{name}", listed, of),
        ReportFigure(
            "Saved", formatting.table_money(saved), "tile.saved_usd", saved, f"{share} of the list price"
        ),
        ReportFigure(
            "Audio",
            formatting.duration(summary["audio_seconds"]),
            "tile.audio_seconds",
            str(summary["audio_seconds"]),
            size,
        ),
        ReportFigure(
            "Time",
            formatting.duration(summary["seconds"]),
            "tile.seconds",
            str(summary["seconds"]),
            formatting.count(summary["calls"], "call"),
        ),
    ]


def _lists(found: ReportFigures) -> list[tuple[str, list[ReportFigure]]]:
    summary = found.summary
    asked = [ReportFigure(label, printable(value)) for label, value in found.asked if value]
    money = [
        ReportFigure(label, formatting.table_money(summary[name]), name, summary[name])
        for name, label in _MONEY
        if summary[name] is not None and (name != "routing_saved_usd" or micros(summary[name]))
    ]
    unknown = summary["unknown"]
    money += [
        _count("unknown.calls", "calls with unknown outcome", unknown["calls"]),
        ReportFigure("possible extra charge for them", _usd(unknown), "unknown.usd", unknown["usd"]),
    ]
    counts = [_count(name, label, summary[name]) for name, label in _COUNTS]
    changes = [_count(f"changes.{kind}", _words(kind), n) for kind, n in summary["changes"].items()]
    lists = [("What was asked", asked), ("What it cost", money), ("What happened", counts)]
    made = job_figures.changes_made(summary)
    title = "What changed since the output was last written"
    if made is not None:
        title = f"Changes as planned ({formatting.count(made, 'row')} delivered)"
    return [*lists, (title, changes)] if changes else lists


def _usd(unknown: Mapping[str, Any]) -> str:
    return formatting.table_money(unknown["usd"])


def _sources(summary: Mapping[str, Any]) -> ReportChart | None:
    sources = {source: n for source, n in summary["sources"].items() if n}
    if not sources:
        return None
    told = ", ".join(f"{n:,} {_words(source)}" for source, n in sources.items())
    drawing = svg_charts.bars(
        [(_words(s), n, f"{n:,}") for s, n in sources.items()], f"Rows by source: {told}."
    )
    table = [[_name(source), _count(f"sources.{source}", "", n)] for source, n in sources.items()]
    return ReportChart(
        "sources", "Where rows came from", f"Rows: {told}.", drawing, ("source", "rows"), table
    )


def _voices(found: ReportFigures) -> ReportChart | None:
    if not any(voice.micros for voice in found.voices):
        return None
    shown = list(found.voices[:SHOWN_VOICES])
    rest = found.voices[SHOWN_VOICES:]
    if rest:
        sums = [sum(getattr(v, name) for v in rest) for name in ("calls", "chars", "micros")]
        shown.append(ReportVoice(f"{len(rest):,} other voices", *sums))
    entries = [(printable(v.name), v.micros / 1e6, formatting.table_micros(v.micros)) for v in shown]
    first = f"Most was paid for {entries[0][0]}: {entries[0][2]}."
    table = [
        [
            _name(v.name),
            _count(f"voice.{n}.calls", "", v.calls),
            _count(f"voice.{n}.chars", "", v.chars),
            ReportFigure("", formatting.table_micros(v.micros), f"voice.{n}.usd", usd(v.micros)),
        ]
        for n, v in enumerate(shown)
    ]
    heads = ("voice", "calls", "characters", "cost")
    return ReportChart("voices", "Cost by voice", first, svg_charts.bars(entries, first), heads, table)


def _pace(found: ReportFigures) -> ReportChart | None:
    if not found.pace or not found.pace_seconds:
        return None
    step = found.pace_seconds / len(found.pace)
    rates = [n / step for n in found.pace]
    overall = formatting.rate(sum(found.pace) / found.pace_seconds)
    told = (
        f"{formatting.count(sum(found.pace), 'paid call')} in {formatting.duration(found.pace_seconds)}:"
        f" {overall} a second, at most {formatting.rate(max(rates))}."
    )
    drawing = svg_charts.course(rates, found.pace_seconds, told)
    table = [
        [ReportFigure("", formatting.duration(n * step)), _count(f"pace.{n}", "", calls)]
        for n, calls in enumerate(found.pace)
    ]
    return ReportChart("pace", "Calls a second", told, drawing, ("from", "calls"), table)


def _dots(found: ReportFigures) -> ReportChart | None:
    if not found.drawn:
        return None
    seconds = [row.seconds for row in found.drawn]
    hundred = 100 * sum(seconds) / max(1, sum(row.chars for row in found.drawn))
    told = (
        f"{formatting.count(len(seconds), 'row')}, from {formatting.duration(min(seconds))} to"
        f" {formatting.duration(max(seconds))}; 100 characters take {hundred:.1f} s."
        " To the right: characters; upwards: seconds."
    )
    drawing = svg_charts.dots([(row.chars, row.seconds) for row in found.drawn], told)
    return ReportChart("lengths", "Length against seconds", told, drawing)


def _failed_words(found: ReportFigures) -> str:
    wrong = found.summary["failed"] + found.summary["refused"]
    if len(found.failed) < wrong:
        return f"Below are the first {len(found.failed):,} of {wrong:,} rows."
    return ""


def _shown(row: ReportRow, *, linked: bool) -> dict[str, Any]:
    words = " · ".join(
        part for part in (printable(row.voice), formatting.duration(row.seconds), _words(row.source)) if part
    )
    text = row.text if len(row.text) <= SHOWN_TEXT_CHARS else row.text[: SHOWN_TEXT_CHARS - 1] + "…"
    return {
        "no": row.no,
        "id": printable(row.id),
        "path": printable(row.path),
        "words": words,
        "text": printable(text),
        "link": "./" + quote(row.path, errors="surrogateescape") if linked else "",
        "url": row.url,
    }


def _count(name: str, label: str, n: int) -> ReportFigure:
    return ReportFigure(printable(label), f"{n:,}", name, str(n))


def _name(text: str) -> ReportFigure:
    return ReportFigure("", printable(_words(text)))


def _words(name: str) -> str:
    return name.replace("_", " ")
