"""The pages as HTML: their figures are those of the API, nothing of a stranger acts, all can be used without
a script, and by those who do not see."""

from __future__ import annotations

import asyncio
import dataclasses
import itertools
import re
import threading
import time
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any

import pytest

from speeko_cli.dashboard import assets, pages, template_rendering
from speeko_cli.dashboard import charts as drawn
from speeko_cli.dashboard import template_filters as shown
from speeko_cli.dashboard.auth import Access
from speeko_cli.dashboard.errors import Problem
from speeko_cli.dashboard.pages import documents
from speeko_cli.dashboard.routes import Place, place_at
from speeko_cli.dashboard.shared_polling import Feeds, FeedSource
from speeko_cli.monitoring.thread_lane import ThreadLane
from speeko_jobs import runtime
from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.core.model.states import JobState
from speeko_jobs.core.output import formatting
from speeko_jobs.flow.delivery import finalize
from tests.cli.dashboard.conftest import PLANTED, XSRF, Client, Serve, Shop
from tests.fixtures.database import migrated_template, migrated_url  # noqa: F401
from tests.fixtures.inprocess import InProcess
from tests.wait import wait_until

pytestmark = pytest.mark.usefixtures("one_day")
ACTING = Access("127.0.0.1", allow_actions=True)
HOSTILE = "<script>alert(1)</script>\"'>&{{ 98765*4321 }}<img src=x onerror=alert(2)>\x1b[31m\u202e"
VOID = {"meta", "link", "input", "img", "br", "rect", "path", "circle", "line"}


class Page(HTMLParser):
    """What is in a page: tags with their attributes, text, and the exact values of figures by name."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.figures: dict[str, list[tuple[str, str]]] = {}  # by name: (exact value, words)
        self._open: list[str] = []
        self._figure: tuple[str, str] | None = None
        self.feed(html)
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "data" and "data-figure" in found:
            self._figure = str(found["data-figure"]), str(found["value"])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if self._figure is not None:
            name, exact = self._figure
            self.figures.setdefault(name, []).append((exact, data))
            self._figure = None

    def all(self, tag: str, **attributes: str) -> list[dict[str, str | None]]:
        wanted = {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()}
        return [a for kind, a in self.tags if kind == tag and wanted.items() <= a.items()]

    def exact(self, name: str) -> str:
        """The one value that all figures of this name show."""
        (value,) = {exact for exact, _ in self.figures[name]}
        return value


def page(client: Client, path: str, status: int = 200) -> Page:
    answer = client.get(path)
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"].lower() == "text/html; charset=utf-8"
    return Page(answer.text)


def paths(shop: Shop) -> list[str]:
    return ["/", "/costs", "/cache", "/schedules", "/workers", *(f"/jobs/{job}" for job in shop.all)]


# figures


def test_the_job_page_shows_what_status_tells(board: Client, shop: Shop) -> None:
    for job in (shop.done, shop.joined, shop.with_errors, shop.half, shop.cancelled):
        found = page(board, f"/jobs/{job}")
        document = board.json(f"/api/jobs/{job}")
        summary, line = document["summary"], document["job"]

        for name in ("rows", "failed", "refused", "calls", "cost_usd", "planned_cost_usd", "list_cost_usd",
                     "saved_usd", "budget_usd"):  # fmt: skip
            if summary[name] not in (0, None) or name in ("rows", "calls", "cost_usd", "saved_usd"):
                assert found.exact(name) == str(summary[name]), (job, name)
        for source, rows in summary["sources"].items():
            assert found.exact(f"sources.{source}") == str(rows)
        assert found.exact("possible_usd") == summary["unknown"]["usd"]
        assert found.exact("with_audio") == str(line["with_audio"])
        for at, failure in enumerate(summary["failures"]):
            assert found.exact(f"failures.{at}") == str(failure["rows"])
            assert failure["reason"] in found.text
        states = board.json(f"/api/jobs/{job}/chunks")["states"]
        assert {state: found.exact(f"chunks.{state}") for state in states} == {
            state: str(count) for state, count in states.items()
        }


def test_the_job_page_shows_notes(board: Client, shop: Shop) -> None:
    notes = board.json(f"/api/jobs/{shop.done}")["summary"]["notes"]
    assert notes == finalize.status(shop.flow.context, shop.done)["notes"]
    assert notes, "the plan says which columns were guessed"
    shown_text = page(board, f"/jobs/{shop.done}").text
    assert all(note in shown_text for note in notes)


def test_the_list_shows_what_jobs_tells(board: Client, shop: Shop) -> None:
    found = page(board, "/")
    listed = board.json("/api/jobs")["jobs"]
    for name in ("cost_usd", "with_audio", "rows"):
        assert [exact for exact, _ in found.figures[name]] == [str(job[name]) for job in listed]
    assert [a["id"] for a in found.all("tr") if "id" in a] == [f"job-{job['job']}" for job in listed]
    assert {job["job"] for job in listed} >= set(shop.all)


@pytest.mark.parametrize("by", ["voice", "day", "job", "tenant", "provider", "source"])
def test_the_costs_page_shows_what_costs_tells(by: str, board: Client) -> None:
    month, today = board.json(f"/api/costs?by={by}"), board.json(f"/api/costs/today?by={by}")
    for query, table in ((f"by={by}", month), (f"by={by}&days=today", today)):
        found = page(board, f"/costs?{query}")
        for name in ("cost_usd", "saved_usd"):
            told = [exact for exact, _ in found.figures.get(f"line.{name}", [])]
            assert told == [line[name] for line in table["lines"]]
        total = table["total"]
        assert found.exact("month.cost_usd") == month["total"]["cost_usd"]
        assert found.exact("today.saved_usd") == today["total"]["saved_usd"]
        shown = {name: found.exact(name) for name in ("speech_usd", "saved_usd", "possible_usd", "total_usd")}
        assert shown == {**{name: total.get(name) for name in shown}, "total_usd": table["total_usd"]}
        assert found.exact("storage.usd") == table["storage"]["usd"]


def test_the_line_above_is_that_of_now(board: Client) -> None:
    found, now = page(board, "/cache"), board.json("/api/now")
    for name in ("running", "waiting_rows", "in_flight", "spent_today_usd", "saved_today_usd", "engines"):
        assert found.exact(name) == str(now[name])
    assert found.exact("spent_today_usd") == board.json("/api/costs/today")["total"]["cost_usd"]


def test_other_pages_show_their_documents(board: Client) -> None:
    cache = board.json("/api/cache")
    found = page(board, "/cache")
    assert found.exact("store.entries") == str(cache["store"]["entries"])
    assert found.exact("store.saved_usd") == cache["store"]["saved_usd"]
    assert found.exact("store.hit_rate") == str(cache["store"]["hit_rate"])
    found = page(board, "/schedules")
    for schedule in board.json("/api/schedules")["schedules"]:
        assert schedule["schedule"] in found.text
        assert schedule["when"] in found.text
    assert ("overdue" in found.text, "paused" in found.text) == (True, True)
    workers, found = board.json("/api/workers"), page(board, "/workers")
    for account in workers["accounts"]:
        assert account["name"] in found.text
    assert len(found.figures.get("held", [])) == len(workers["engines"])


def test_every_figure_is_told_exactly(board: Client, shop: Shop) -> None:
    for path in paths(shop):
        for name, told in page(board, path).figures.items():
            for exact, words in told:
                if name.endswith("_usd") and "share" not in name:
                    assert words == formatting.table_money(exact), (path, name)
                elif re.fullmatch(r"\d+", exact) and re.fullmatch(r"[\d,]+", words):
                    assert words == f"{int(exact):,}", (path, name)


# what strangers wrote


def test_nothing_of_a_stranger_acts(shop_home: InProcess, board: Client) -> None:
    flow = shop_home
    rows = [(HOSTILE, "A text of some length that can be spoken."), ("bad", "!")]
    job, _ = flow.submit(
        flow.catalog(rows, name="<script>.csv"),
        {"name": "{row}.{ext}", "output": str(flow.folder / "strange")},
    )
    change = "UPDATE speeko.job SET reason = %s, tenant = %s WHERE id = %s"
    flow.books.execute(change, [HOSTILE, HOSTILE, job])
    for path in ("/", f"/jobs/{job}", "/?words=%3Cscript%3E&tenant=%22%3E%3Cimg%3E", "/costs?by=tenant"):
        answer = board.get(path)
        assert answer.status_code == 200
        found = Page(answer.text)
        assert [tag for tag, _ in found.tags if tag == "script"] == ["script"]
        assert not [tag for tag, _ in found.tags if tag == "img"]
        assert not {"\x1b", "\u202e", "\x1e"} & set(answer.text)
        assert str(98765 * 4321) not in answer.text.replace(",", "")
    assert HOSTILE[:25] in page(board, f"/jobs/{job}").text
    flow.books.execute("UPDATE speeko.job SET state = 'cancelled' WHERE id = %s", [job])


def test_no_secret_is_shown(board: Client, shop: Shop) -> None:
    for path in paths(shop):
        assert PLANTED not in board.get(path).text


# places


def test_addresses_that_are_none(board: Client) -> None:
    for path, status in (
        ("/jobs/999999", 404), ("/jobs/0", 404), ("/jobs/99999999999999999999", 404), ("/nothing", 404),
        ("/?unknown=1", 400), ("/?before=x", 400), ("/?shown=ALL", 400), ("/costs?by=moon", 400),
        ("/costs?since=2026-13-01", 400), ("/costs?since=2026-12-01&until=2026-11-01", 400),
        ("/costs?days=week", 400), ("/jobs/1?failed_after=-1", 400), ("/?words=a&words=b", 400),
        ("/?words=" + "x" * 201, 400),
    ):  # fmt: skip
        found = page(board, path, status)
        assert found.all("p", role="alert"), path
        assert "Traceback" not in found.text


def test_a_place_knows_its_address() -> None:
    at = place_at("/?tenant=a+b&shown=open&words=")
    assert at == Place("jobs", 0, (("shown", "open"), ("tenant", "a b")))
    assert place_at(at.with_query()) == at
    assert at.with_query(tenant=None, before=7) == "/?shown=open&before=7"
    assert place_at("/jobs/7").with_query() == "/jobs/7"
    with pytest.raises(Problem):
        place_at("/jobs/7/pause")


def test_lists_are_filtered_and_paged(board: Client, shop: Shop) -> None:
    found = page(board, "/?words=PAUSED&shown=troubled")
    assert [a["id"] for a in found.all("tr") if "id" in a] == [f"job-{shop.paused}"]
    assert {"value": "PAUSED"}.items() <= found.all("input", name="words")[0].items()
    assert "No job is like that" in page(board, "/?words=no+such+file").text
    assert "Newest" in page(board, f"/?before={shop.paused}").text


# what can be done


def test_buttons_are_there_only_when_they_may_be_used(board: Client, serve: Serve, shop: Shop) -> None:
    acting = serve(shop.flow.context, ACTING)
    for job, verbs in (
        (shop.running, ["pause", "cancel"]), (shop.paused, ["resume", "cancel"]), (shop.done, []),
        (shop.with_errors, ["retry"]), (shop.pruned, []),
    ):  # fmt: skip
        only = page(board, f"/jobs/{job}")
        assert not [a for a in only.all("button") if a.get("formaction")]
        assert all(f"speeko {verb} {job}" in only.text for verb in verbs)
        found = page(acting, f"/jobs/{job}")
        buttons = [a["formaction"] for a in found.all("button", form="act")]
        assert [a for a in buttons if a != f"/jobs/{job}/cancel"] == [
            f"/jobs/{job}/{verb}" for verb in verbs if verb != "cancel"
        ]
        assert bool(found.all("form", action=f"/jobs/{job}/cancel")) == ("cancel" in verbs)


def test_actions_without_a_script(serve: Serve, shop: Shop) -> None:
    acting = serve(shop.flow.context, ACTING)
    catalog = shop.flow.catalog([("x", "A text for a job that is moved about.")])
    job, _ = shop.flow.submit(catalog, {"output": str(shop.flow.folder / "without-a-script")})
    assert acting.post(f"/jobs/{job}/pause").status_code == 403
    states = {"pause": JobState.PAUSED, "resume": JobState.RUNNING, "cancel": JobState.CANCELLED}
    for verb, state in states.items():
        if verb == "cancel":
            assert acting.get(f"/jobs/{job}/cancel").status_code == 200
        answer = acting.post(f"/jobs/{job}/{verb}", headers=XSRF)
        assert (answer.status_code, answer.headers["Location"]) == (303, f"/jobs/{job}")
        assert jobs.show(shop.flow.context.database, job).state is state
        assert state.value in page(acting, f"/jobs/{job}").text
    answer = acting.post(f"/jobs/{job}/pause", headers=XSRF)
    assert answer.status_code == 303
    told = {"Cookie": answer.headers["Set-Cookie"].partition(";")[0]}
    assert "cannot be paused" in Page(acting.get(f"/jobs/{job}", headers=told).text).text


def test_nothing_is_done_where_it_may_not_be(board: Client, shop: Shop) -> None:
    for path in (f"/jobs/{shop.running}/pause", f"/jobs/{shop.running}/cancel"):
        assert board.post(path, headers=XSRF).status_code == 403
    assert board.get(f"/jobs/{shop.running}/cancel").status_code == 403
    assert board.post("/jobs/999999/retry", headers=XSRF).status_code in (403, 404)


# for everybody


def test_pages_are_built_for_everybody(board: Client, serve: Serve, shop: Shop) -> None:
    acting = serve(shop.flow.context, ACTING)
    for path in paths(shop):
        for client in (board, acting):
            check_structure(page(client, path), path)


def check_structure(found: Page, path: str) -> None:
    assert found.all("html")[0]["lang"] == "en"
    for landmark in ("header", "main", "footer", "title"):
        assert len(found.all(landmark)) == 1, (path, landmark)
    assert all(a.get("aria-label") for a in found.all("nav"))
    assert found.all("a", href="#main", class_="skip")
    levels = [int(tag[1]) for tag, _ in found.tags if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b <= a + 1 for a, b in itertools.pairwise(levels)), (path, levels)
    ids = [a["id"] for _, a in found.tags if "id" in a]
    assert len(ids) == len(set(ids)), path
    assert all("aria-label" in a for a in found.all("svg", role="img") + found.all("audio"))
    assert all(a.get("scope") for a in found.all("th"))
    for _, attributes in found.tags:
        assert not [name for name in attributes if name.startswith("on") or name == "style"], path
        for name in ("src", "href", "action", "formaction"):
            assert re.match(r"[/#]|\?", attributes.get(name) or "/"), (path, attributes)
    forms = {a.get("id") for a in found.all("form")}
    assert all(a.get("form") in {*forms, None} for a in found.all("button"))


def test_pages_of_an_empty_database_say_what_to_do(
    migrated_url: str,  # noqa: F811
    shop_home: InProcess,
    serve: Serve,
) -> None:
    settings = dataclasses.replace(shop_home.settings, database_url=migrated_url)
    context = runtime.open_context(settings, name="test")
    try:
        client = serve(context)
        for path, command in (
            ("/", "speeko run"), ("/costs", "speeko budget set"), ("/cache", "speeko cache warm"),
            ("/schedules", "speeko schedule add"), ("/workers", "speeko up"),
        ):  # fmt: skip
            wait_until(lambda: command in page(client, path).text, f"{command} on {path}")  # noqa: B023
            check_structure(page(client, path), path)
    finally:
        runtime.close(context)


LIGHT_AND_DARK = re.findall(r":root\{([^}]*)\}", assets.content("style.css").decode())
TEXTS_ON = [(ink, ground) for ink in ("ink", "quiet", "accent", "bad", "good", "waits") for ground in
            ("page", "card", "hover")]  # fmt: skip
MARKS_ON = [(mark, "card") for mark in ("bought", "cached", "duplicate", "coalesced", "unchanged", "failed",
                                        "possible")]  # fmt: skip


@pytest.mark.parametrize("which", [0, 1], ids=["light", "dark"])
def test_colours_can_be_told_apart(which: int) -> None:
    names = re.findall(r"--(\w+):(#\w+)", LIGHT_AND_DARK[0])
    colours = dict(names) | dict(re.findall(r"--(\w+):(#\w+)", LIGHT_AND_DARK[which]))
    for pairs, least in ((TEXTS_ON, 4.5), (MARKS_ON, 3.0)):
        for one, other in pairs:
            assert contrast(colours[one], colours[other]) >= least, (one, other)


def contrast(one: str, other: str) -> float:
    """WCAG 2.2's contrast ratio of two colours."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    parts = [int(digits[at : at + 2], 16) / 255 for at in (0, 2, 4)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


# around the pages


def test_assets_are_kept_for_good(board: Client) -> None:
    for name in assets.NAMES:
        answer = board.get(assets.address(name))
        assert (answer.status_code, answer.content) == (200, assets.content(name))
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["Content-Type"] == assets.kind(name)
        assert "immutable" not in board.get(f"/assets/0123/{name}").headers["Cache-Control"]
    assert board.get("/assets/0123/other.js").status_code == 404
    assert board.get("/assets/0123/..%2Fpages.py").status_code == 404


def test_pages_that_ask_and_say_what_is_wrong() -> None:
    asks = Page(
        template_rendering.sign_in("that is not the token", "/jobs/7?x=<", '<input name="_xsrf" value="1">')
    )
    assert asks.all("input", name="next")[0]["value"] == "/jobs/7?x=<"
    assert asks.all("input", type="password", name="token")
    assert asks.all("label", for_="token")
    assert asks.all("input", name="_xsrf")
    wrong = Page(template_rendering.error_page(503, "Postgres is away <b>"))
    assert "Postgres is away <b>" in wrong.text
    assert wrong.all("meta", http_equiv="refresh")
    assert not Page(template_rendering.error_page(404, "no")).all("meta", http_equiv="refresh")


async def slow_and_quick(release: Any) -> dict[str, Any]:
    def waits() -> dict[str, Any]:
        release.wait()
        return {}

    lane = ThreadLane("test", 2)
    feeds = Feeds({"now": FeedSource(lambda: {"at": 1}, lane, 60), "cache": FeedSource(waits, lane, 60)})
    try:
        return await documents(feeds, place_at("/cache"))
    finally:
        release.set()
        feeds.close()


def test_a_page_does_not_wait_for_what_is_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "BRIEFLY_SECONDS", 0.2)
    found = asyncio.run(slow_and_quick(threading.Event()))
    assert found == {"now": {"at": 1}, "cache": None}


COPIED = """
INSERT INTO speeko.job OVERRIDING SYSTEM VALUE SELECT (jsonb_populate_record(job, jsonb_build_object(
    'id', (SELECT max(id) FROM speeko.job) + n, 'tenant', 'copied'))).*
FROM speeko.job, generate_series(1, 5000) AS n WHERE id = %s
"""


def test_five_thousand_jobs_in_the_list(serve: Serve, shop_home: InProcess, shop: Shop) -> None:
    books = shop_home.books
    books.execute(COPIED, [shop.done])
    try:
        client = serve(shop_home.context)
        took = []
        for path in ("/", "/", "/?words=catalog", "/?shown=open", f"/?before={shop.done + 4000}"):
            began = time.monotonic()
            found = page(client, path)
            took.append(f"{path}: {1000 * (time.monotonic() - began):.0f} ms")
            assert found.all("tr")
        print("5,000 jobs:", ", ".join(took))
        assert re.search(r"All\s+5,0", page(client, "/").text)
    finally:
        books.execute("DELETE FROM speeko.job WHERE tenant = 'copied'")


def test_words_of_figures() -> None:
    assert shown.money("1.500000", "x") == '<data value="1.500000" data-figure="x">$1.50</data>'
    assert shown.places(["1.500000", "0.000300", None]) == 4
    assert "\u2007\u2007" in shown.money("1.500000", places=4)
    assert shown.share(1, 0) == "–"
    assert shown.when("2026-11-23T05:00:00.000+00:00", "clock") == (
        '<time datetime="2026-11-23T05:00:00+00:00" data-form="clock">05:00:00 UTC</time>'
    )
    drawn = shown.bar((("a", 1), ("b", 3), ("c", 0)), 8, 'told "x"')
    assert re.findall(r'class="(\w+)" x="([\d.]+)%" width="([\d.]+)%"', drawn) == [
        ("a", "0.00", "12.50"),
        ("b", "12.50", "37.50"),
    ]
    assert 'aria-label="told &#34;x&#34;"' in drawn


def course(rows: list[int], pulses: Sequence[tuple[int, int, int]] = ()) -> dict[str, Any]:
    """A course in stretches of a second; pulses: (second, limit, busy)."""
    at = "2026-11-23T05:00:{:02}.000+00:00"
    return {
        "stretches": [{"at": at.format(n % 60), "rows": count} for n, count in enumerate(rows)],
        "seconds_each": 1.0,
        "pulses": [
            {"account": "key", "at": at.format(second), "limit": limit, "busy": busy, "wants": busy}
            for second, limit, busy in pulses
        ],
    }


def test_courses_are_drawn_as_they_were() -> None:
    assert drawn.course(course([]), 20) == []
    assert drawn.course(course([0] * 60), 20) == []
    (rows,) = drawn.course(course([0, 20, 0, 0, 20, 0] * 10), 20)
    assert rows.told == "400 rows in 1 min: 6.7 a second, at most 6.7."
    assert {line[1] for line in rows.table} == {"80"}
    (rows,) = drawn.course(course(([0] * 14 + [40]) * 4), 20)  # two chunks at a time
    assert rows.told == "160 rows in 1 min: 2.7 a second, at most 2.7."
    (rows,) = drawn.course(course([100 + n for n in range(60)]), 10)
    assert len(rows.table) == 30  # of 60 that are drawn
    pulses = [(0, 8, 8), (5, 16, 12), (10, 16, 16), (40, 4, 3), (45, 4, 4)]
    _, flight = drawn.course(course([1] * 60, pulses), 1)
    assert flight.told == "At most 16 calls of this API key, of all jobs; the limit was 4 to 16."
    assert list(flight.keys) == ["in flight", "limit"]
    line = drawn._line([(0.0, 8.0), (5.0, 12.0), (40.0, 3.0)], 60.0)
    assert line == [(0.0, 8.0), (5.0, 12.0), (10.0, 0.0), (40.0, 3.0), (45.0, 0.0)]
