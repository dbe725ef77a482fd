"""Charts as SVG: what is drawn is what was given, nothing in it acts, same figures make the same bytes."""

from __future__ import annotations

import re
from itertools import pairwise
from xml.etree import ElementTree

from speeko_jobs.core.reporting import svg_charts

SVG = "{http://www.w3.org/2000/svg}"


def corners(svg: str, serie: int) -> list[tuple[float, float]]:
    """The corners of a line, in the drawing's own units."""
    root = ElementTree.fromstring(svg)
    paths = [
        path.get("d", "")
        for group in root.iter(f"{SVG}g")
        if f"serie-{serie}" in group.get("class", "")
        for path in group.iter(f"{SVG}path")
    ]
    (drawn,) = paths
    numbers = [float(number) for number in re.findall(r"-?\d+\.\d+", drawn)]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


def test_steps_hold_each_value_until_the_next() -> None:
    svg = svg_charts.steps([[(0, 1), (10, 4), (20, 3)], [(0, 8), (15, 16)]], 30, "how it went")
    first, second = corners(svg, 0), corners(svg, 1)
    assert len(first) == 6
    assert len(second) == 4
    assert [one[1] == other[1] for one, other in pairwise(first)] == [
        True, False, True, False, True,
    ]  # fmt: skip
    widths = [round(other[0] - one[0], 2) for one, other in zip(first[::2], first[1::2], strict=True)]
    assert len(set(widths)) == 1
    assert first[-1][0] == second[-1][0]
    top, bottom = second[-1][1], first[0][1]
    assert top < second[0][1] < first[2][1] < bottom


def test_steps_of_little_and_of_nothing() -> None:
    assert corners(svg_charts.steps([[(5, 2)]], 30, ""), 0)[0][0] > 0
    assert corners(svg_charts.steps([[(0, 0), (3, 0)]], 30, ""), 0)


def test_what_is_told_is_inert() -> None:
    told = '"><script>alert(1)</script>'
    for svg in (
        svg_charts.steps([[(0, 1)]], 3, told),
        svg_charts.course([1, 2], 3, told),
        svg_charts.bars([(told, 1, told)], told),
        svg_charts.dots([(1, 2)], told),
    ):
        root = ElementTree.fromstring(svg)
        assert root.get("aria-label") == told
        assert {element.tag for element in root.iter()} <= {SVG + tag for tag in (
            "svg", "g", "path", "rect", "text", "circle")}  # fmt: skip
        assert not [name for element in root.iter() for name in element.attrib if name in ("style", "onload")]
        assert "http" not in svg.replace("http://www.w3.org/2000/svg", "")


def test_the_same_figures_make_the_same_bytes() -> None:
    one, other = (svg_charts.steps([[(0, 1), (2, 5)]], 9, "t") for _ in range(2))
    assert one == other
