"""Charts as SVG for a page that styles them: pygal draws, and what would run, load or differ is taken out.

pygal because it is pure Python, makes nothing but SVG, and is kept up; what it makes is text with classes,
so that one style sheet serves light, dark and print. Labels go through an XML writer and cannot act.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from typing import Any
from xml.etree import ElementTree

from markupsafe import Markup

from speeko_jobs.core.output import formatting

WIDTH = 400
BAR_HEIGHT, FRAME_HEIGHT, HEIGHT = 30, 16, 240
FONT_SIZE = 13
LABEL_CHARS = 24
_TAKEN_OUT = {"script", "style", "desc", "title", "defs"}


def bars(entries: Sequence[tuple[str, float, str]], told: str) -> Markup:
    """Horizontal bars, the first at the top: (label, length, figure in words)."""
    pygal = _pygal()

    height = FRAME_HEIGHT + BAR_HEIGHT * len(entries)
    chart = pygal.HorizontalBar(**_common(height), show_x_labels=False, show_x_guides=False)
    chart.x_labels = [f"{_short(label)} · {figure}" for label, _, figure in reversed(entries)]
    chart.add("", [length for _, length, _ in reversed(entries)])
    return _svg(chart, told)


def course(values: Sequence[float], seconds: float, told: str) -> Markup:
    """Steps over time: values of equal stretches, `seconds` in all."""
    pygal = _pygal()

    chart = pygal.XY(**_common(HEIGHT) | {"x_value_formatter": _moment}, fill=True, show_dots=False)
    step = seconds / len(values)
    chart.add("", [(step * at, value) for n, value in enumerate(values) for at in (n, n + 1)])
    chart.xrange = (0, seconds)
    chart.range = (0, max(values) or 1)
    return _svg(chart, told)


def steps(series: Sequence[Sequence[tuple[float, float]]], seconds: float, told: str) -> Markup:
    """Several courses over one stretch of time, each a value from a second on until the next one's.

    In the drawing they are of the classes serie-0, serie-1 and so on: the page tells them apart.
    """
    pygal = _pygal()

    chart = pygal.XY(**_common(HEIGHT) | {"x_value_formatter": _moment}, show_dots=False)
    for points in series:
        chart.add("", _stepped(points, seconds))
    chart.xrange = (0, seconds)
    chart.range = (0, max((value for points in series for _, value in points), default=0) or 1)
    return _svg(chart, told)


def _stepped(points: Sequence[tuple[float, float]], seconds: float) -> list[tuple[float, float]]:
    """The corners of the line through `points`, from where the first begins to the end."""
    ends = [at for at, _ in points[1:]] + [seconds]
    return [
        corner
        for (at, value), end in zip(points, ends, strict=False)
        for corner in ((at, value), (end, value))
    ]


def dots(points: Sequence[tuple[float, float]], told: str) -> Markup:
    """Points: x to the right, y upwards, both from 0."""
    pygal = _pygal()

    chart = pygal.XY(**_common(HEIGHT), stroke=False, dots_size=2.5)
    chart.add("", list(points))
    chart.xrange = (0, max(x for x, _ in points) or 1)
    chart.range = (0, max(y for _, y in points) or 1)
    return _svg(chart, told)


@cache
def _pygal() -> Any:
    """pygal, without the finder of plug-ins that it leaves behind: every later import would warn of it."""
    import pygal

    # only this one: what importlib_metadata puts there is needed
    sys.meta_path[:] = [f for f in sys.meta_path if type(f).__name__ != "PluginImportFixer"]
    return pygal


def _common(height: int) -> dict[str, Any]:
    from pygal.style import Style

    style = Style(label_font_size=FONT_SIZE, major_label_font_size=FONT_SIZE, value_font_size=FONT_SIZE)
    return {
        "width": WIDTH,
        "height": height,
        "style": style,
        "js": [],
        "css": [],
        "no_prefix": True,  # else each chart has a random name
        "show_legend": False,
        "truncate_label": -1,
        "margin": 8,
        "max_scale": 6,
        "formatter": _number,
        "x_value_formatter": _number,
    }


def _number(value: Any) -> str:
    """A number on an axis. The pairs that points are made of are asked for, too, and shown nowhere."""
    return f"{value:,.10g}" if isinstance(value, int | float) else ""


def _moment(value: Any) -> str:
    return formatting.duration(value) if isinstance(value, int | float) else ""


def _svg(chart: Any, told: str) -> Markup:
    """The drawing alone, with `told` for those who cannot see it."""
    root = chart.render_tree()
    for parent in list(root.iter()):
        for child in list(parent):
            kind, words = child.tag, child.get("class", "")
            if not isinstance(kind, str) or kind in _TAKEN_OUT or "tooltip-overlay" in words:
                parent.remove(child)
    del root.attrib["id"]
    root.attrib |= {"role": "img", "aria-label": told, "class": "chart"}
    return Markup(ElementTree.tostring(root, encoding="unicode"))  # noqa: S704 (written by an XML writer)


def _short(label: str) -> str:
    return label if len(label) <= LABEL_CHARS else label[: LABEL_CHARS - 1] + "…"
