"""report.html: its figures are those of summary.json and of the ledger, nothing in it acts, same bytes."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from speeko_jobs.core.model.money import micros
from speeko_jobs.flow.delivery import finalize
from tests.fixtures.inprocess import InProcess
from tests.fixtures.spine import texts

ROWS = [(f"r{n}", text) for n, text in enumerate(texts(30))]
HOSTILE = "<script>alert(1)</script>\"'>&{{ 7*7 }}<img src=x onerror=alert(2)>"


class Page(HTMLParser):
    """What is in a page: its tags with their attributes, its text, and the values of its figures."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.figures: dict[str, str] = {}
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        found = dict(attrs)
        if tag == "data":
            assert found["id"] not in self.figures
            self.figures[str(found["id"])] = str(found["value"])

    def handle_data(self, data: str) -> None:
        self.text += data

    def attributes(self, tag: str, name: str) -> list[str]:
        return [str(found[name]) for kind, found in self.tags if kind == tag and name in found]


def page(flow: InProcess) -> Page:
    return Page((flow.output / "report.html").read_text("utf-8"))


def check_figures(flow: InProcess, summary: dict[str, Any]) -> dict[str, str]:
    """Each figure of the page against summary.json and the ledger; those figures."""
    found = page(flow).figures
    expected: dict[str, Any] = {}
    for name, value in summary.items():
        if name in ("sources", "changes", "unknown"):
            expected |= {f"{name}.{kind}": n for kind, n in value.items()}
        elif name == "failures":
            expected |= {f"reason.{n}": entry["rows"] for n, entry in enumerate(value)}
        else:
            expected |= {name: value, f"tile.{name}": value}
    own = {name: value for name, value in found.items() if not name.startswith(("voice.", "pace."))}
    assert own == {name: str(expected[name]) for name in own}
    must = {"rows", "delivered", "failed", "refused", "calls", "cost_usd", "list_cost_usd", "saved_usd"}
    must |= {f"sources.{s}" for s, n in summary["sources"].items() if n}
    must |= {f"reason.{n}" for n in range(len(summary["failures"]))}
    must |= {f"changes.{kind}" for kind in summary["changes"]}
    assert must <= own.keys()
    ledger = flow.books.execute(
        "SELECT count(*), coalesce(sum(chars), 0)::bigint, coalesce(sum(cost_micros), 0)::bigint "
        "FROM speeko.attempt WHERE job_id = %s AND state IN ('stored', 'bad')",
        [summary["job"]],
    )[0]

    def total(ending: str) -> list[str]:
        return [v for name, v in found.items() if name.startswith("voice.") and name.endswith(ending)]

    sums = (*(sum(map(int, total(end))) for end in (".calls", ".chars")), sum(map(micros, total(".usd"))))
    assert sums == ledger
    assert micros(summary["cost_usd"]) == ledger[2]
    assert sum(int(n) for name, n in found.items() if name.startswith("pace.")) in (0, ledger[0])
    return found


def test_every_figure_is_that_of_the_summary_and_of_the_ledger(flow: InProcess) -> None:
    rows = [(*row, "kokoro-friendly" if n % 3 else "") for n, row in enumerate(ROWS)]
    rows += [("again", ROWS[0][1], ""), ("empty", "!", "")]
    summary = flow.run(flow.catalog(rows, ("id", "text", "voice")), voice_column="voice")
    found = check_figures(flow, summary)
    assert (summary["refused"], summary["sources"]["duplicate"]) == (1, 1)
    assert (found["voice.0.calls"], found["voice.1.calls"]) == ("20", "10")
    assert sum(1 for tag, _ in page(flow).tags if tag == "svg") == 4
    summary = flow.run(flow.catalog([*ROWS, ("new", "One more row.")]))
    assert (summary["unchanged"], summary["changes"]["added"]) == (10, 1)
    check_figures(flow, summary)


def test_wasted_money_stands_beside_the_cost(flow: InProcess) -> None:
    flow.provider.script([{"match": ROWS[0][1], "times": 1, "garbage": "silence"}])
    summary = flow.run(flow.catalog(ROWS))
    assert micros(summary["wasted_usd"]) > 0
    found = check_figures(flow, summary)
    assert found["wasted_usd"] == summary["wasted_usd"]
    assert found["max_waste_usd"] == summary["max_waste_usd"] == "1.000000"


def test_failed_rows_and_their_reasons(flow: InProcess) -> None:
    flow.provider.script([{"match": f"number {n} ", "times": -1, "status": 422} for n in range(3)])
    summary = flow.run(flow.catalog([*ROWS[:5], *[(f"e{n}", "!") for n in range(60)]]))
    assert (summary["failed"], summary["refused"]) == (3, 60)
    check_figures(flow, summary)
    found = page(flow)
    assert "Below are the first 50 of 63 rows." in found.text
    assert "./failed.csv" in found.attributes("a", "href")
    assert all(entry["reason"] in found.text for entry in summary["failures"])


def test_same_bytes_on_every_run(flow: InProcess) -> None:
    summary = flow.run(flow.catalog([*ROWS, ("empty", "!")]))
    before = (flow.output / "report.html").read_bytes()
    (flow.output / "report.html").unlink()
    other = flow.again()
    finalize.finalize(other.context, summary["job"])
    other.close()
    assert (flow.output / "report.html").read_bytes() == before


def test_nothing_in_it_acts_or_is_fetched(flow: InProcess) -> None:
    hostile = [
        (HOSTILE, f"A text with {HOSTILE}."),
        ("rtl-\u202etxt.exe\u200f", "Right to left \u202eagain\u202c, \x1b[31m and a bell."),
        ("javascript:alert(1)", "Another text."),
        ("quote\" onload='x", "And one more."),
        ("<b>empty</b>", "!"),
    ]
    flow.run(flow.catalog(hostile), {"name": "{row}/{id}.{ext}"})
    raw = (flow.output / "report.html").read_text("utf-8")
    found = page(flow)
    allowed = "html head meta title style body main h1 h2 p dl dt dd div section figure figcaption svg g rect"
    allowed += " path text circle table tr th td details summary data bdi ul li strong span audio a"
    assert {tag for tag, _ in found.tags} <= set(allowed.split())
    assert not [name for _, attributes in found.tags for name in attributes if name.startswith("on")]
    assert not [1 for _, attributes in found.tags if "style" in attributes]
    assert HOSTILE.removeprefix("<script>") in found.text  # as words, all of it
    assert "49" not in re.findall(r">&\{\{ (.*?) \}\}", found.text)
    assert not set("\u202e\u200f\u202c\x1b") & set(raw)
    places = found.attributes("audio", "src") + found.attributes("a", "href")
    assert all(place.startswith("./") for place in places)
    heard = [flow.output / unquote(place) for place in found.attributes("audio", "src")]
    assert len(heard) == 4
    assert all(Path(path).is_file() for path in heard)
    assert not re.search(r"(?:src|href|url)\s*[=(]\s*[\"']?(?:https?:)?//", raw)
    (policy,) = [str(a["content"]) for tag, a in found.tags if tag == "meta" and "http-equiv" in a]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


def test_a_bucket_is_named_and_not_linked(flow: InProcess) -> None:
    job, _ = flow.submit(flow.catalog(ROWS[:3]), {"output": "memory://shop/out"})
    flow.drive(job)
    raw = flow.context.store_of("memory://shop/out").get("report.html").decode()
    found = Page(raw)
    assert not found.attributes("audio", "src")
    assert not found.attributes("a", "href")
    assert "r0.mp3" in found.text


def test_nothing_bought_and_nothing_served(flow: InProcess) -> None:
    flow.run(flow.catalog(ROWS[:3]))
    again = flow.run(flow.catalog(ROWS[:3]))
    check_figures(flow, again)
    none = flow.run(flow.catalog([("a", "!"), ("b", " ?")]), text=("text",))
    found = check_figures(flow, none)
    assert found["rows"] == "2"


@pytest.mark.parametrize("rows", [1, 299, 300, 601, 5000])
def test_the_sample_is_bounded_and_the_same_however_the_parts_are_cut(rows: int) -> None:
    from speeko_jobs.flow.delivery.report_figures import DRAWN_ROWS, ManifestSample

    line = '{{"row": {0}, "id": "{0}", "path": "{0}.mp3", "voice": "v", "language": "", "key": "00", '
    line += '"source": "cache", "chars": 4, "audio_seconds": 1.000, "error": null}}\n'
    lines = [line.format(n).encode() for n in range(1, rows + 1)]
    kept = []
    for size in (1, 7, 1000):
        sample = ManifestSample(rows)
        for at in range(0, rows, size):
            sample.add(b"".join(lines[at : at + size]))
        kept.append([row.no for row in sample.served])
    assert kept[0] == kept[1] == kept[2]
    assert min(rows, DRAWN_ROWS) <= len(kept[0]) <= 2 * DRAWN_ROWS
