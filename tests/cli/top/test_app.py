"""`speeko top`: pictures that fit, figures that are other verbs' too, a terminal that is left as it was."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from rich.text import Text

from speeko_cli.monitoring.broker_status import BrokerStatus
from speeko_cli.monitoring.fleet_state import STILL, FleetEngines, FleetState, NodeStatus, ObservedJob
from speeko_cli.output.throughput import Throughput
from speeko_cli.top import app
from speeko_cli.top.job_order import JobOrder
from speeko_cli.top.screen import ScreenData, ScreenView, picture
from speeko_jobs.adapters.celery_queue.queue import QUEUES
from speeko_jobs.adapters.postgres.fleet_status import FleetSnapshot
from speeko_jobs.adapters.postgres.permits import AccountLimits, PermitHolder
from speeko_jobs.core.model.money import micros
from speeko_jobs.core.model.states import AttemptState, JobState
from speeko_jobs.core.output import formatting
from tests.cli.conftest import SCRIPT
from tests.cli.monitoring.test_fleet_state import ENGINE, LINE
from tests.faults.proxy import Proxy
from tests.fixtures.books import Books as Ledger
from tests.fixtures.books import ended, stored
from tests.fixtures.database import migrated_template, migrated_url  # noqa: F401
from tests.wait import wait_until

AT = datetime(2026, 11, 1, 12, 0, tzinfo=UTC)
NOW = FleetSnapshot(AT, 2, 1, 12_345, 8, 64, 2, 1, 1_234_567, 45, 2_345, 1)
ESCAPES = re.compile(r"\x1b(\[[0-9;?]*[A-Za-z]|[()][A-Z0-9]|[=>])")
NASTY = "catalog\x1b[2J\u202e\tnäme.csv"


def lines_of(count: int) -> list[ObservedJob]:
    """Jobs of all kinds, with figures of all lengths."""
    made = []
    for n in range(1, count + 1):
        rows = 10 ** (n % 8)
        line = replace(
            LINE, id=n ** (1 + n % 3), rows=rows, delivered=rows // 3, failed=n % 2, calls=rows // 3,
            spent_micros=rows * 7, in_flight=n, files=[NASTY, "商品カタログ.csv"], tenant="shop" * (n % 9),
            budget_micros=rows * 9, possible_micros=n, schedule="nightly",
        )  # fmt: skip
        pace = Throughput(rows / 7, rows / 8, n * 1_000.0)
        if n % 4 == 0:
            line = replace(line, state=JobState.PAUSED, reason=f"the budget is reached\x07 {'so ' * 60}")
        seen = ObservedJob(line, pace if line.state is JobState.RUNNING else STILL)
        made.append(seen)
    return made


def books_of(jobs: int, engines: int) -> ScreenData:
    """A picture's worth, with one engine that died."""
    board, at = FleetState(), AT.timestamp()
    some = [replace(ENGINE, id=n + 2, pid=n, host="a-host-with-a-long-name") for n in range(engines)]
    board.take_engines(at - 10, [*some, ENGINE])
    dead = [replace(ENGINE, lease_seconds=-5.0)] if engines else []
    ended = [
        replace(LINE, id=1_000 + n, state=state, finished_at=AT - timedelta(hours=9 * n), delivered=3_000)
        for n, state in enumerate([JobState.DONE, JobState.DONE_WITH_ERRORS, JobState.CANCELLED] * 5)
    ]
    accounts = [
        AccountLimits("speeko:12ab34cd", 8, 64, "up: nothing was refused", 120.0, 0.0, 0, 0),
        AccountLimits("openai:99", 1, 8, "down: 429", 3.0, 42.0, 0, 0),
    ]
    return ScreenData(
        at, NOW, lines_of(jobs), ended if jobs else [], board.take_engines(at, [*some[1:], *dead]),
        accounts[:jobs], [PermitHolder("speeko:12ab34cd", "here", 100, 8, 5, 9)],
    )  # fmt: skip


BROKER = BrokerStatus(
    True,
    [
        NodeStatus("deliver-1@here", True, AT.timestamp()),
        NodeStatus("synthesize-1@here", False, AT.timestamp() - 14),
    ],
    {"synthesize": 3, "deliver": 0, "control": 1},
)
AWAY = BrokerStatus(False, [], {"synthesize": None})


def shown(*arguments: Any, **more: Any) -> list[str]:
    return [line.plain for line in picture(*arguments, **more)]


# what fits


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (200, 60), (20, 5), (1, 1)])
@pytest.mark.parametrize("jobs", [0, 3, 120])
@pytest.mark.parametrize("engines", [0, 70])
@pytest.mark.parametrize("broker", [None, BROKER, AWAY], ids=["unasked", "answers", "away"])
def test_it_fits(size: tuple[int, int], jobs: int, engines: int, broker: BrokerStatus | None) -> None:
    width, height = size
    view = ScreenView(width, height, tenant="a tenant\x1b[1m", keys="q quits", first=jobs // 2)
    lines = picture(books_of(jobs, engines), broker, view, trouble="Postgres does not answer: trying again")
    assert len(lines) == height
    assert max(line.cell_len for line in lines) <= width
    assert lines[-1].plain in ("q quits", "…")
    assert "\x1b" not in "".join(line.plain for line in lines)


@pytest.mark.parametrize("size", [(60, 15), (80, 24), (120, 40)])
def test_what_matters_is_there_at_any_size(size: tuple[int, int]) -> None:
    told = shown(books_of(3, 2), BROKER, ScreenView(*size, keys="q quits"))
    text = "\n".join(told)
    for words in ("1 engine died", "today $1.23 spent", "33%", "ETA", "synthesize-1@here has not",
                  "died 5.0 s ago", "speeko:12ab34cd · 5 open, 8 held of 8"):  # fmt: skip
        assert words in text
    assert "openai:99" in text or size == (60, 15)


def test_wide_terminals_show_everything() -> None:
    text = "\n".join(shown(books_of(4, 2), BROKER, ScreenView(260)))
    for words in (
        "2 running · 1 paused · 12,345 rows waiting · 8 of 64 in flight",
        "$0.000045 saved · $0.002345 reserved · 1 schedule overdue",
        "catalog\\x1b[2J\\u202e\\tnäme.csv, 商品カタログ.csv · ",
        " calls/s · possible extra charge $0.000001 · budget $0.00009 · $1.50 saved as planned · ",
        "schedule nightly · to /out",
        "the budget is reached\\x07 so so",
        "openai:99 · waits 42 s more · 0 open, 0 held of 1 · ceiling 8 · moved 3.0 s ago: down: 429",
        "queues   synthesize 3 · deliver 0 · control 1",
        "workers  1 node answers · deliver-1@here",
        "1001  done, some rows failed",
    ):
        assert words in text
    head = text.splitlines()[3].split()
    assert head == [
        "job",
        "state",
        "done",
        "with",
        "audio",
        "rows/s",
        "ETA",
        "in",
        "flight",
        "spent",
        "planned",
        "failed",
    ]


def test_a_bar_and_its_percent_are_the_rows_served() -> None:
    line = replace(LINE, delivered=1_000, unchanged=500, failed=3, refused=0)
    jobs = replace(books_of(1, 0), open=[ObservedJob(line, STILL)])
    row = shown(jobs, None, ScreenView(160))[4]
    assert (row.count("█"), row.count("░")) == (12, 12)
    assert " 50%  1,500 of 3,000" in row


def test_what_there_is_no_room_for_is_counted() -> None:
    told = shown(books_of(120, 70), BROKER, ScreenView(100, 40))
    assert any(re.fullmatch(r"… \d+ more jobs", line) for line in told)
    assert any(re.fullmatch(r"… \d+ more engines", line) for line in told)
    rows = [line for line in told if "running" in line and "%" in line]
    assert len(rows) > 10


def test_nothing_to_see_says_what_to_do() -> None:
    quiet = replace(books_of(0, 0), now=replace(NOW, running=0, paused=0), engines=FleetEngines([], []))
    text = "\n".join(shown(quiet, AWAY, ScreenView(80, 24)))
    assert "no job is open: `speeko run` makes one" in text
    assert "no engine is at work" in text
    assert "broker   does not answer: trying again" in text
    alone = replace(BROKER, nodes=[])
    assert "workers  none answers\n" in "\n".join(shown(quiet, alone, ScreenView(80, 24)))
    idle = replace(quiet, now=NOW)
    assert "none answers: start some with `speeko up`" in "\n".join(shown(idle, alone, ScreenView(80, 24)))
    assert shown(None, None, ScreenView(80, 3))[0] == "looking at the jobs"
    assert shown(None, None, ScreenView(80, 3), "no")[0] == "no"


def test_jobs_are_ordered_and_scrolled() -> None:
    def first(order: JobOrder, first: int = 0) -> str:
        row = shown(books_of(8, 0), None, ScreenView(160, order=order, first=first))[4]
        return row.split()[0]

    ids = [seen.line.id for seen in lines_of(8)]
    assert first(JobOrder.PRIORITY) == str(ids[0])
    assert first(JobOrder.PRIORITY, 3) == str(ids[3])
    assert first(JobOrder.PRIORITY, 30) == str(ids[-1])
    assert first(JobOrder.NEWEST) == str(max(ids))
    assert first(JobOrder.SPENT) == str(ids[6])  # 10,000,000 rows
    assert first(JobOrder.ETA) == str(ids[0])
    view, books, went = ScreenView(80), books_of(2, 0), []
    for key in "jjkkojox":
        view = app._turned(view, key, books)
        went.append(f"{view.order} {view.first}")
    assert went == [
        "priority 1", "priority 1", "priority 0", "priority 0", "newest 0", "newest 1", "spent 0", "spent 0"
    ]  # fmt: skip


def test_a_terminal_without_utf8_gets_ascii(monkeypatch: pytest.MonkeyPatch) -> None:
    with open(os.devnull, "w", encoding="ascii") as plain:  # noqa: PTH123
        monkeypatch.setattr(sys, "stdout", plain)
        (line,) = app._drawn([Text.assemble(("█░", "green"), " a → b · c …")])
    assert line.plain == "#. a > b - c ~"
    assert line.spans[0].style == "green"


# figures


@pytest.fixture
def busy(one_day: None, ready: Any, books: Ledger) -> Ledger:
    """Two tenants' jobs: bought, bad, unknown and open calls, an engine that holds permits, one that died."""
    engine, dead = books.engine(3600), books.engine(3600)
    shop = books.job(["a", "b", "c", "d"], cost_micros=123_457)
    other = books.job(["e"], tenant="other", cost_micros=5)
    one, two, three, _ = books.claim(shop, engine, books.start(shop, 1, engine))
    (foreign,) = books.claim(other, engine, books.start(other, 1, engine))
    books.settle(
        stored(shop, one), ended(shop, two, AttemptState.BAD), ended(shop, three, AttemptState.UNKNOWN)
    )
    books.settle(stored(other, foreign))
    books.expire(dead)
    books.execute(
        'INSERT INTO speeko.account (name, "limit", ceiling, moved_why) VALUES (%s, 8, 16, %s)',
        ["speeko:ab", "up"],
    )
    books.execute(
        "INSERT INTO speeko.permit (account, claimant_id, held, busy, wants, until) "
        "VALUES (%s, %s, 4, 1, 9, clock_timestamp() + interval '1 hour')",
        ["speeko:ab", engine],
    )
    done = books.job(["f"], tenant="shop")
    books.execute(
        "UPDATE speeko.job SET state = 'done', chunks_open = 0, delivered = 1, finalized = true, "
        "finished_at = clock_timestamp() WHERE id = %s",
        [done],
    )
    return books


def same(one: Any, other: Any, names: tuple[str, ...]) -> None:
    for name in names:
        assert one[name] == other[name], name


def test_its_figures_are_those_of_the_other_verbs(ready: Any, busy: Ledger) -> None:
    found = ready.json("top", "--once")
    now, jobs, done = found["now"], found["jobs"], found["ended"]
    assert [job["job"] for job in jobs] == [1, 2]
    assert [job["job"] for job in done] == [3]
    listed = {job["job"]: job for job in ready.json("jobs")}
    for job in (*jobs, *done):
        status = ready.json("status", str(job["job"]))
        same(job, status, ("state", "reason", "rows", "delivered", "unchanged", "failed", "refused", "calls",
                           "cost_usd", "budget_usd"))  # fmt: skip
        assert job["possible_usd"] == status["unknown"]["usd"]
        same(job, listed[job["job"]], ("tenant", "served", "cost_usd", "possible_usd", "output", "priority"))
    costs = ready.json("costs", "today")
    assert (now["spent_today_usd"], now["saved_today_usd"]) == (
        costs["total"]["cost_usd"],
        costs["total"]["saved_usd"],
    )
    assert micros(now["spent_today_usd"]) == 2 * 123_457 + 5
    assert now["reserved_usd"] == costs["in_flight"]["usd"] == "0.123457"
    workers = found["workers"]
    limits = ready.json("limits")
    for mine, theirs in zip(workers["accounts"], limits, strict=True):
        same(mine, theirs, ("name", "limit", "ceiling", "why", "holders"))
    assert (now["in_flight"], now["limit"], now["engines"], now["dead_engines"]) == (1, 8, 1, 1)
    (engine,) = workers["engines"]
    assert (engine["host"], engine["held"], engine["busy"], engine["wants"]) == ("here", 4, 1, 9)
    assert [gone["how"] for gone in workers["gone"]] == ["died"]
    assert workers["broker"] is True
    assert {queue["name"]: queue["waiting"] for queue in workers["queues"]} == dict.fromkeys(QUEUES, 0)


def test_a_tenant_sees_its_own(ready: Any, busy: Ledger) -> None:
    found = ready.json("top", "--once", "--tenant", "other")
    assert [job["job"] for job in found["jobs"]] == [2]
    assert found["ended"] == []
    costs = ready.json("costs", "today", "--tenant", "other")
    assert found["now"]["spent_today_usd"] == costs["total"]["cost_usd"] == "0.000005"


def test_the_picture_tells_the_same(ready: Any, busy: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)  # that of the terminal that the tests were started from
    code, out, err = ready("top", "--once")
    assert (code, err) == (0, "")
    assert "\x1b" not in out
    status, costs = ready.json("status", "1"), ready.json("costs", "today")
    told = " ".join(out.split())
    for words in (
        f"today {formatting.table_money(costs['total']['cost_usd'])} spent",
        "running ████████████████████░░░░ 83% 0 of 4 0.0",
        formatting.table_money(status["cost_usd"]),
        "waits for retries",
        "1 engine died",
        "account speeko:ab · 1 open, 4 held of 8 · ceiling 16",
        "queues synthesize 0 · deliver 0 · control 0",
        "workers none answers",
        "3 done",
    ):
        assert words in told, words
    assert max(map(len, out.splitlines())) <= app.PIPED_WIDTH
    assert all(line == line.rstrip() for line in out.splitlines())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("top", "top needs a terminal: give --once to print the screen once, or --json"),
        ("top --once --interval 0", "not in the range"),
        ("top --interval nan", "not a number"),
        ("top 12", "unexpected extra argument"),
    ],
)
def test_words_that_do_not_fit_are_one_line(here: Any, words: str, told: str) -> None:
    code, out, err = here(*words.split())
    assert (code, out) == (2, "")
    assert told in err
    assert len(err.splitlines()) == 1


def test_without_jobs_it_says_how_to_make_one(here: Any, ready: Any) -> None:
    code, out, _ = ready("top", "--once")
    assert code == 0
    assert "no job is open: `speeko run` makes one" in out
    assert "0 running · 0 rows waiting" in out


# a terminal


class Screen:
    """A terminal with `speeko top` on it; `text` is all that was ever written, without escapes."""

    def __init__(self, environ: dict[str, str], *words: str, size: tuple[int, int] = (80, 24)) -> None:
        self._master, slave = pty.openpty()
        self.resize(*size)
        self.before = termios.tcgetattr(slave)
        self.process = subprocess.Popen(
            [str(SCRIPT), "top", *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={k: v for k, v in environ.items() if k not in ("COLUMNS", "LINES")}
            | {"TERM": "xterm-256color"},
            start_new_session=True,
        )
        self._slave = slave
        self.raw = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while data := os.read(self._master, 65_536):
                self.raw += data.decode("utf-8", "replace")

    @property
    def text(self) -> str:
        return ESCAPES.sub("", self.raw)

    def press(self, keys: str) -> None:
        os.write(self._master, keys.encode())

    def resize(self, width: int, height: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def until(self, words: str, after: int = 0) -> int:
        """Wait for these words behind a place; where the text is by then."""
        wait_until(lambda: words in self.text[after:] or self.process.poll() is not None, words)
        assert words in self.text[after:], self.text[-2_000:]
        return len(self.text)

    def end(self) -> int:
        """Wait for its end: the terminal is as it was. The exit code."""
        code = self.process.wait(60)
        assert termios.tcgetattr(self._slave) == self.before
        wait_until(lambda: "\x1b[?1049l" in self.raw, "the end of the alternate screen")
        assert self.raw.rindex("\x1b[?1049l") > self.raw.rindex("\x1b[?1049h")
        assert self.raw.rindex("\x1b[?25h") > self.raw.rindex("\x1b[?25l")
        return code

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self._slave)
        self._reader.join(10)
        os.close(self._master)


@pytest.fixture
def environ(migrated_url: str, redis_url: str, tmp_path: Path) -> Iterator[tuple[dict[str, str], Proxy]]:  # noqa: F811
    """An environment with servers, and the line to Postgres."""
    url = sqlalchemy.make_url(migrated_url)
    with Proxy(Path(str(url.query["host"])) / ".s.PGSQL.5432") as line:
        through = url.set(host="127.0.0.1", port=line.port, query={}).render_as_string(hide_password=False)
        plain = {k: v for k, v in os.environ.items() if not k.startswith("SPEEKO_")}
        ours = {"SPEEKO_HOME": f"{tmp_path}", "SPEEKO_DATABASE_URL": through, "SPEEKO_REDIS_URL": redis_url}
        yield plain | ours | {"NO_COLOR": "1"}, line


@pytest.fixture
def screen(environ: tuple[dict[str, str], Proxy], busy: Ledger) -> Iterator[Screen]:
    made = Screen(environ[0])
    yield made
    made.close()


def test_it_is_live_and_q_leaves_the_terminal_as_it_was(
    screen: Screen, busy: Ledger, environ: tuple[dict[str, str], Proxy]
) -> None:
    screen.until("0 of 4")
    at = screen.until("synthesize 0")
    busy.execute("UPDATE speeko.job SET state = 'paused', reason = 'enough for today' WHERE id = 1")
    at = screen.until("enough for today", at)
    screen.press("o")
    at = screen.until("o orders by newest", at)
    screen.press("\x1b[B")
    at = screen.until("(2 of 2)", at)
    screen.resize(60, 15)
    at = screen.until("orders by newest", at)
    wait_until(lambda: len(screen.raw[screen.raw.rindex("\x1b[H") :].split("\n")) == 15, "fifteen lines")
    environ[1].hang()
    at = screen.until("Postgres does not answer: trying again", at)
    assert "enough" in screen.text[at - 2_000 :]
    screen.press("o")
    at = screen.until("orders by spent", at)  # keys are heard all the same
    environ[1].resume()
    busy.execute("UPDATE speeko.job SET reason = 'back again' WHERE id = 1")
    screen.until("back again", at)
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]m", screen.raw)  # NO_COLOR
    screen.press("q")
    assert screen.end() == 0


def test_ctrl_c_is_no_error(screen: Screen) -> None:
    screen.until("0 of 4")
    os.killpg(screen.process.pid, signal.SIGINT)
    assert screen.end() == 0
    assert "Traceback" not in screen.text


def test_a_database_that_is_away_at_first_is_waited_for(
    environ: tuple[dict[str, str], Proxy], busy: Ledger
) -> None:
    environ[1].down()
    with contextlib.closing(Screen(environ[0])) as screen:
        at = screen.until("Postgres does not answer: trying again")
        environ[1].up()
        screen.until("0 of 4", at)
        screen.process.send_signal(signal.SIGTERM)
        assert screen.end() == 0


def test_documents_come_a_line_each_and_go_on_without_postgres(
    environ: tuple[dict[str, str], Proxy], busy: Ledger
) -> None:
    process = subprocess.Popen(
        [str(SCRIPT), "top", "--json", "--interval", "0.2"], env=environ[0], stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        documents = map(json.loads, process.stdout)
        assert [job["job"] for job in next(documents)["jobs"]] == [1, 2]
        environ[1].down()
        assert "Postgres" in next(found for found in documents if "error" in found)["error"]
        environ[1].up()
        assert next(found for found in documents if "error" not in found)["now"]["running"] == 2
        process.send_signal(signal.SIGINT)
        for _ in documents:
            pass
    assert process.returncode == 0
