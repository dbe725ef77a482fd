"""A job's course as charts, each with its words and its figures as a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from markupsafe import Markup

from speeko_jobs.core.output import formatting
from speeko_jobs.core.reporting import svg_charts

TABLE_LINES, MAX_KEPT = 30, 50
MIN_STRETCHES, CHUNKS_A_STRETCH = 4, 4
MIN_RATE = 0.05  # a second, that is not told as 0.0


@dataclass(frozen=True, slots=True)
class CourseChart:
    """`keys`: names of its lines, in their order; `table`: what is drawn, thinned out to some lines."""

    name: str
    title: str
    told: str
    svg: Markup
    heads: Sequence[str]
    table: Sequence[Sequence[str]]
    keys: Sequence[str] = ()


def course(document: Mapping[str, Any], chunk_rows: float) -> list[CourseChart]:
    """Rows a second over the job's time, and calls in flight below the limit of each of its accounts.
    `chunk_rows`: how many rows a chunk has.

    Drawing takes long beside the rest of a page, which changes oftener: the last ones are kept.
    """
    kept = _kept.pop(id(document), None)
    if kept is None:
        kept = document, _drawn(document, chunk_rows)
    _kept[id(document)] = kept
    while len(_kept) > MAX_KEPT:
        del _kept[next(iter(_kept))]
    return kept[1]


_kept: dict[
    int, tuple[Mapping[str, Any], list[CourseChart]]
] = {}  # a document that is kept has its id to itself


def _drawn(document: Mapping[str, Any], chunk_rows: float) -> list[CourseChart]:
    found = [_rows(document, chunk_rows), *(_flight(document, name) for name in _accounts(document))]
    return [chart for chart in found if chart is not None]


def _accounts(document: Mapping[str, Any]) -> list[str]:
    return list(dict.fromkeys(pulse["account"] for pulse in document["pulses"]))


def _rows(document: Mapping[str, Any], chunk_rows: float) -> CourseChart | None:
    rows = [stretch["rows"] for stretch in document["stretches"]]
    if not sum(rows) or document["seconds_each"] <= 0:
        return None
    rows, each = _wider(rows, document["seconds_each"], chunk_rows)
    rates, seconds = [n / each for n in rows], each * len(rows)
    told = f"{formatting.count(sum(rows), 'row')} in {formatting.duration(seconds)}"
    if max(rates) >= MIN_RATE:
        told += f": {formatting.rate(sum(rows) / seconds)} a second, at most {formatting.rate(max(rates))}"
    told += "."
    table = [
        [formatting.duration(at * each), f"{n:,}", formatting.rate(n / each)] for at, n in enumerate(rows)
    ]
    heads = ("from", "rows", "rows a second")
    return CourseChart(
        "rows", "Rows a second", told, svg_charts.course(rates, seconds, told), heads, _thinned(table)
    )


def _wider(rows: list[int], each: float, chunk_rows: float) -> tuple[list[int], float]:
    """Stretches in which several chunks end: rows come a chunk at a time, and spikes tell nothing."""
    wanted = max(MIN_STRETCHES, int(sum(rows) / max(chunk_rows, 1) / CHUNKS_A_STRETCH))
    step = max(1, len(rows) // wanted)
    while len(rows) % step:
        step -= 1
    return [sum(rows[at : at + step]) for at in range(0, len(rows), step)], each * step


def _flight(document: Mapping[str, Any], account: str) -> CourseChart | None:
    stretches = document["stretches"]
    pulses = [pulse for pulse in document["pulses"] if pulse["account"] == account]
    if not stretches:
        return None
    began = datetime.fromisoformat(stretches[0]["at"])
    seconds = document["seconds_each"] * len(stretches)
    moments = [(datetime.fromisoformat(p["at"]) - began).total_seconds() for p in pulses]
    found = [(max(at, 0.0), p) for at, p in zip(moments, pulses, strict=True) if at < seconds]
    if not found or seconds <= 0:
        return None
    busy, limit = (_line([(at, float(p[name])) for at, p in found], seconds) for name in ("busy", "limit"))
    least, most = (f"{of(p['limit'] for _, p in found):,}" for of in (min, max))
    told = (
        f"At most {max(p['busy'] for _, p in found):,} calls of this API key, of all jobs; the limit was"
        f" {most if least == most else f'{least} to {most}'}."
    )
    table = [
        [formatting.duration(at), f"{p['busy']:,}", f"{p['limit']:,}", f"{p['wants']:,}"] for at, p in found
    ]
    title = "Calls in flight" + (f", {account}" if len(_accounts(document)) > 1 else "")
    return CourseChart(
        f"flight.{account}",
        title,
        told,
        svg_charts.steps((busy, limit), seconds, told),
        ("from", "in flight", "limit", "could use"),
        _thinned(table),
        ("in flight", "limit"),
    )


def _line(points: list[tuple[float, float]], seconds: float) -> list[tuple[float, float]]:
    """Down to 0 where no engine was at work: there are no account samples then."""
    step = min((b - a for (a, _), (b, _) in pairwise(points) if b > a), default=seconds)
    line = [(0.0, 0.0)] if points[0][0] > 2 * step else []
    for (at, value), (then, _) in pairwise([*points, (seconds, 0.0)]):
        line.append((at, value))
        if then - at > 2 * step:
            line.append((at + step, 0.0))
    return line


def _thinned(table: list[list[str]]) -> list[list[str]]:
    return table[:: -(-len(table) // TABLE_LINES) or 1]
