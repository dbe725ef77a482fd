"""Render pages and their fragments from documents: the only module that uses the template engine.

A fragment is an element with an id that changes as a whole; where its rows have ids too, they change one by
one. Every value is escaped and stripped of control characters.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from speeko_cli.dashboard import assets, template_filters
from speeko_cli.dashboard import charts as drawn
from speeko_cli.dashboard.routes import NAMES, Place
from speeko_jobs import __version__
from speeko_jobs.core.output.archive_path import is_archive
from speeko_jobs.core.output.sanitize import printable
from speeko_jobs.core.reporting import svg_charts

LIVE = "live_"  # blocks of this beginning are fragments
SEAM = "\x1e"  # stands between rows that change one by one; nothing that is shown can hold it
UNREAD = " data-unread"
_ID = re.compile(r'\bid="([^"]*)"')


@dataclass(frozen=True)
class Fragment:
    """Hold an element as its rows and the HTML around them; most have no rows."""

    around: tuple[str, ...]
    rows: Mapping[str, str]

    @property
    def html(self) -> str:
        return "".join([self.around[0], *self.rows.values(), *self.around[1:]])


@dataclass(frozen=True)
class PageView:
    """Hold what a page shows to every viewer. `documents` are by name, None for one not read yet; `away` says
    why they may be old, or is ""."""

    place: Place
    documents: Mapping[str, Any]
    allow_actions: bool
    away: str = ""


def page(view: PageView, *, act: Markup, told: str = "", can_leave: bool = False) -> str:
    """Return the whole page. `act` is the viewer's hidden CSRF field, `told` the outcome of the last action;
    `can_leave` shows the button to sign out."""
    values = _values(view) | {"act": act, "told": told, "can_leave": can_leave}
    html: str = _template(view.place.name).render(values)
    return html.replace(SEAM, "")


def fragments(view: PageView) -> dict[str, Fragment]:
    """Return what may change of the page, by the ids of elements. What is not read yet is left out, since a
    viewer may have it already."""
    values = _values(view)
    found = {}
    blocks = {name: template for template in _family(view.place.name) for name in template.blocks}
    for name, template in blocks.items():
        if name.startswith(LIVE):
            html = "".join(template.blocks[name](template.new_context(values))).strip()
            if UNREAD not in html:
                found[_id_of(html)] = _cut(html)
    return found


def prepare() -> None:
    """Compile the templates and import the charts, so that no viewer waits for them."""
    for name in NAMES:
        _template(name)
    svg_charts.course((1.0,), 1.0, "")


def _family(name: str) -> tuple[Template, Template]:
    """Return the layout and the page's own template."""
    return _template("layout"), _template(name)


def changes(old: Mapping[str, Fragment], new: Mapping[str, Fragment]) -> dict[str, str]:
    """Return the elements that turn `old` into `new`, by id."""
    found: dict[str, str] = {}
    for name, fragment in new.items():
        before = old.get(name)
        if before is None or before.around != fragment.around or [*before.rows] != [*fragment.rows]:
            found[name] = fragment.html
        else:
            found |= {row: html for row, html in fragment.rows.items() if before.rows[row] != html}
    return found


def bare(name: str, **values: Any) -> str:
    """Return a page without figures: sign-in, an error, a question."""
    html: str = _template(name).render(values | _common())
    return html


def sign_in(wrong: str = "", next: str = "/", xsrf_html: str = "") -> str:
    """Return the page that asks for the token. `wrong`: why the last one was refused."""
    field = Markup(xsrf_html)  # noqa: S704 (Tornado's)
    return bare("sign_in", wrong=wrong, next=next, act=field)


def error_page(status: int, line: str) -> str:
    """Return a page that says what is wrong."""
    return bare("trouble", status=status, line=line)


def _cut(html: str) -> Fragment:
    first, *rows = html.split(SEAM)
    if not rows:
        return Fragment((first,), {})
    *rows, last = rows
    return Fragment((first, last), {_id_of(row): row for row in rows})


def _id_of(html: str) -> str:
    found = _ID.search(html)
    assert found is not None, f"a fragment without an id: {html[:80]}"
    return found[1]


def _values(view: PageView) -> dict[str, Any]:
    return {
        **_common(),
        **view.documents,
        "place": view.place,
        "allow_actions": view.allow_actions,
        "away": view.away,
    }


@cache
def _common() -> dict[str, Any]:
    return {
        "asset": assets.address,
        "version": assets.version(),
        "product": __version__,
        "draw": drawn,
        "seam": Markup(SEAM),  # noqa: S704 (one character)
    }


@cache
def _template(name: str) -> Template:
    return _environment().get_template(f"{name}.html")


@cache
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("speeko_cli.dashboard"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        finalize=_inert,
    )
    made.filters |= {
        one.__name__: one
        for one in (
            template_filters.money, template_filters.number, template_filters.size, template_filters.duration,
            template_filters.when, template_filters.mark, template_filters.words,
            template_filters.row_key, template_filters.spread, template_filters.reason_words,
        )
    }  # fmt: skip
    made.globals |= {
        one.__name__: one
        for one in (
            template_filters.bar, template_filters.share, template_filters.of_money, template_filters.places,
            template_filters.progress_words,
            template_filters.counted, template_filters.figure, template_filters.actions,
            template_filters.rate_words, template_filters.calls_for_you, template_filters.needs_budget,
        )
    }  # fmt: skip
    made.globals["is_archive"] = is_archive
    made.globals["parts"] = made.get_template("parts.html").module
    return made


def _inert(value: object) -> object:
    return printable(value) if type(value) is str else value
