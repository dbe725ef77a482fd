"""A browser at a job of a million rows among thousands of jobs: what its page costs the database grows
neither with rows nor with viewers, so that it answers at once and stays right behind what happens.

Times of this machine are printed; what makes them short is counted.
"""

from __future__ import annotations

import contextlib
import re
import statistics
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from sqlalchemy import event

from speeko_cli.dashboard.queries import OFTEN_SECONDS, Readings
from speeko_cli.dashboard.routes import place_at
from speeko_jobs.adapters.postgres import jobs
from speeko_jobs.adapters.postgres.database import statement, statement_names
from speeko_jobs.core.model.states import JobState
from speeko_jobs.embedded.servers import ServerUrls
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.delivery import chunk_delivery
from tests.cli.dashboard.conftest import Client, Serve, ended
from tests.fixtures.browser import Page, expect
from tests.fixtures.database import own_database, plain_url
from tests.fixtures.inprocess import InProcess
from tests.fixtures.stage import Dashboard, hear, listening
from tests.wait import wait_until

ROWS, FEW_ROWS, CHUNK_ROWS, JOBS = 1_000_000, 1_000, 500, 5_000
BOUGHT, MOVES, LOADS, PUSHES = 20, 6, 8, 4
FAILED, FAILING = 30, 100  # so many rows, in each so-many-th chunk
LARGE = ("item", "utterance", "attempt_other")
VIEWERS = 50
SERVED = "#progress [data-figure=with_audio]"
PAST = "([where, past]) => Number(document.querySelector(where)?.value) > past"
TOOK = (
    "() => { const t = performance.getEntriesByType('navigation')[0]; return t.responseEnd - t.requestStart }"
)
NAMES = {statement(name): name for name in statement_names()}


@dataclass(frozen=True)
class Large:
    """Two jobs that are half done. `context` is for dashboards, `said` the statements that it runs."""

    flow: InProcess
    small: int
    large: int
    context: Context
    said: list[tuple[bytes, Any]]


@pytest.fixture(scope="module")
def large(
    servers: ServerUrls,
    migrated_template: str,
    shop_home: InProcess,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Large]:
    folder = tmp_path_factory.mktemp("large")
    with own_database(servers, "large", migrated_template) as url:
        flow = shop_home.again(database_url=url, home=str(folder / "home"))
        flow.folder, flow.output = folder, folder / "out"
        again = flow.again()
        began = time.monotonic()
        base = ended(flow, [(f"A-{n}", f"Row {n} of what was bought.") for n in range(BOUGHT)])
        with psycopg.connect(plain_url(url), autocommit=True) as connection:
            for table in LARGE:
                connection.execute(f"ALTER TABLE speeko.{table} SET UNLOGGED".encode())
                connection.execute(f"ALTER TABLE speeko.{table} SET (autovacuum_enabled = off)".encode())
            connection.execute(_ENDED, [JOBS, base])
            small, large = (fill(connection, base, rows) for rows in (FEW_ROWS, ROWS))
            connection.execute("ANALYZE")
        print(f"\na job of {ROWS:,} rows was made in {time.monotonic() - began:.1f} s")
        yield Large(flow, small, large, again.context, overheard(again.context))
        flow.close()


def fill(connection: psycopg.Connection[Any], base: int, rows: int) -> int:
    """A job of so many rows, bought and delivered up to its middle, by that base's orders; its number.

    The next chunks are of texts that the base has bought: they can be delivered.
    """
    half = rows // 2
    failed = FAILED * len(failing(half))
    values = {
        "base": base, "rows": rows, "half": half, "size": CHUNK_ROWS, "failed": failed, "few": FAILED,
        "failing": FAILING, "next": half + MOVES * CHUNK_ROWS,
    }  # fmt: skip
    with psycopg.ClientCursor(connection) as cursor:
        cursor.execute(_JOB, values)
        found = cursor.fetchone()
        assert found is not None
        values["job"] = found[0]
        for one in _REST:
            cursor.execute(one, values)
    return int(values["job"])


def failing(half: int) -> range:
    """The chunks with failed rows among those that are delivered."""
    return range(1, half // CHUNK_ROWS + 1, FAILING)


_ENDED = b"""
    INSERT INTO speeko.job OVERRIDING SYSTEM VALUE
    SELECT (jsonb_populate_record(job, jsonb_build_object('id', nextval('speeko.job_id_seq')))).*
    FROM speeko.job, generate_series(1, %s) WHERE id = %s
"""
_JOB = b"""
    WITH place AS (
        INSERT INTO speeko.destination (url, mark)
        SELECT d.url || '-' || %(rows)s, d.mark
        FROM speeko.job j JOIN speeko.destination d ON d.id = j.destination_id WHERE j.id = %(base)s
        RETURNING id
    )
    INSERT INTO speeko.job (tenant, state, spec, files, plan, destination_id, submitter_until, released_at,
                            rows, chunks, chunks_open, delivered, failed, calls, spent_micros, uncounted_row)
    SELECT j.tenant, 'running', j.spec, j.files,
           j.plan || jsonb_build_object('calls', %(rows)s, 'cost_micros', %(rows)s * 990), place.id,
           j.submitter_until, clock_timestamp() - interval '2 hours', %(rows)s,
           %(rows)s / %(size)s, (%(rows)s - %(half)s) / %(size)s, %(half)s - %(failed)s, %(failed)s, %(half)s,
           %(half)s * 990, NULL
    FROM speeko.job j, place WHERE j.id = %(base)s
    RETURNING id
"""
_REST = (
    b"""
    INSERT INTO speeko.chunk (job_id, no, first_row, last_row, state, delivered_at, counts)
    SELECT %(job)s, n, (n - 1) * %(size)s + 1, n * %(size)s,
           CASE WHEN c.is_done THEN 'delivered' ELSE 'planned' END,
           CASE WHEN c.is_done THEN clock_timestamp()
                                    - interval '2 hours' * (1 - n * %(size)s / %(half)s::float8) END,
           CASE WHEN c.is_done THEN jsonb_build_object(
               'delivered', %(size)s - c.failed, 'synthesized', %(size)s - c.failed, 'failed', c.failed,
               'unchanged', 0, 'refused', 0, 'chars', 33000, 'list_micros', 495000, 'audio_millis', 2000000,
               'audio_bytes', 15000000) ELSE '{}' END
    FROM generate_series(1, %(rows)s / %(size)s) n CROSS JOIN LATERAL (
        SELECT n * %(size)s <= %(half)s AS is_done, %(few)s * (n %% %(failing)s = 1)::int AS failed
    ) c
    """,
    b"""
    WITH bought AS MATERIALIZED (SELECT array_agg(keys[1]) AS keys FROM speeko.item WHERE job_id = %(base)s)
    INSERT INTO speeko.item (job_id, row_no, row_id, path, chars, keys)
    SELECT %(job)s, n, 'A-' || n, n || '.mp3', 66, ARRAY[
               CASE WHEN n > %(half)s AND n <= %(next)s THEN keys[1 + n %% cardinality(keys)]
                    ELSE sha256((%(job)s || ' ' || n)::bytea) END]
    FROM generate_series(1, %(rows)s) n, bought
    """,
    b"""
    INSERT INTO speeko.utterance (key, state, provider, model, voice, language, format, chars, cost_micros,
                                  text, reason, bytes, millis, sha256, bought_job, bought_row, settled_at)
    SELECT keys[1], CASE WHEN row_no > %(half)s THEN 'missing' WHEN f.has THEN 'failed' ELSE 'done' END,
           'speeko', 'kokoro', 'kokoro-professional', '', 'mp3', 66, 990, 'The text of row ' || row_no,
           CASE WHEN f.has THEN 'the provider refused it (400)' ELSE '' END, 30000, 4000, keys[1], %(job)s,
           row_no, clock_timestamp()
    FROM speeko.item CROSS JOIN LATERAL (
        SELECT row_no <= %(half)s AND (row_no - 1) / %(size)s %% %(failing)s = 0
               AND (row_no - 1) %% %(size)s < %(few)s AS has
    ) f
    WHERE job_id = %(job)s AND (row_no <= %(half)s OR row_no > %(next)s)
    ORDER BY keys[1]
    """,
    b"""
    INSERT INTO speeko.attempt (job_id, chunk_no, row_no, key, fence, claimant_id, state, tenant, provider,
                                voice, chars, cost_micros, settled_at)
    SELECT %(job)s, (row_no - 1) / %(size)s + 1, row_no, keys[1], 1, 1, 'stored', 'shop', 'speeko',
           'kokoro-professional', 66, 990, clock_timestamp()
    FROM speeko.item WHERE job_id = %(job)s AND row_no <= %(half)s
    """,
)


def overheard(context: Context) -> list[tuple[bytes, Any]]:
    """All statements that the context runs from now on, with their values. It has no connection yet."""
    said: list[tuple[bytes, Any]] = []

    class Heard(psycopg.Cursor[Any]):
        def execute(self, query: Any, params: Any = None, **options: Any) -> Any:
            if query in NAMES:
                said.append((query, params))
            return super().execute(query, params, **options)

    def connected(connection: Any, _: Any) -> None:
        connection.cursor_factory = Heard

    event.listen(context.database.engine, "connect", connected)
    return said


# what a look costs


def look(large: Large, job: int) -> list[tuple[bytes, Any]]:
    """The statements of one look at all that the job's page shows."""
    large.said.clear()
    sources = Readings(large.context).sources()
    for ask in place_at(f"/jobs/{job}").asks().values():
        sources[ask.feed].read(**dict(ask.arguments))
    wait_until(lambda: "job_failures" in names(large.said), "the count of reasons in its thread")
    return list(large.said)


def names(said: list[tuple[bytes, Any]]) -> Counter[str]:
    return Counter(NAMES[query] for query, _ in said)


def rows_read(large: Large, said: list[tuple[bytes, Any]]) -> Counter[str]:
    """How many rows these statements look at, by table."""
    found: Counter[str] = Counter()
    with psycopg.connect(plain_url(large.flow.settings.database_url), autocommit=True) as connection:
        for query, values in said:
            row = connection.execute(
                b"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) " + query, values
            ).fetchone()
            assert row is not None
            for node in nodes(row[0][0]["Plan"]):
                removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
                rows = round((node["Actual Rows"] + removed) * node["Actual Loops"])
                found[node.get("Relation Name", "")] += rows
                whole = node["Node Type"] == "Seq Scan" and node["Actual Loops"]  # 0: it was never run
                assert not (whole and node["Relation Name"] in LARGE), NAMES[query]
    return found


def nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", ()):
        yield from nodes(child)


def test_a_look_at_a_million_rows_costs_what_one_at_a_thousand_costs(large: Large) -> None:
    few, many = look(large, large.small), look(large, large.large)
    print(f"\na look at a job's page: {sum(names(many).values())} statements: {dict(names(many))}")
    assert names(few) == names(many)
    for job, rows in ((large.small, FEW_ROWS), (large.large, ROWS)):
        ((_, failed),) = jobs.failures(large.flow.context.database, job)
        assert failed == FAILED * len(failing(rows // 2))
    of_few, of_many = rows_read(large, few), rows_read(large, many)
    print(f"rows looked at of {FEW_ROWS:,}: {dict(of_few)}")
    print(f"rows looked at of {ROWS:,}: {dict(of_many)}")
    for read, rows in ((of_few, FEW_ROWS), (of_many, ROWS)):
        in_failing = CHUNK_ROWS * len(failing(rows // 2))
        assert max(read[table] for table in LARGE) <= in_failing + CHUNK_ROWS + 10 * FAILED
        assert read["chunk"] <= 8 * rows // CHUNK_ROWS + 64  # a few for what it waits for


# what viewers cost


def move(large: Large, to: JobState) -> None:
    """Pause the large job or let it run, as a thing that happens in the database."""
    states, job = [JobState.RUNNING, JobState.PAUSED], large.large
    database = large.flow.context.database
    assert database.run(lambda t: jobs.set_state(t, job, to, "a push", expected=states))


def pushed(large: Large, client: Client, viewers: int) -> tuple[int, float]:
    """So many viewers of the large job, while something happens to it and all of them hear of it each time:
    statements that the dashboard ran for them, and seconds."""
    with contextlib.ExitStack() as stack:
        large.said.clear()
        began = time.monotonic()
        path = f"/jobs/{large.large}"
        said = [stack.enter_context(listening(client.url, path)) for _ in range(viewers)]
        for push in range(PUSHES):
            to = (JobState.PAUSED, JobState.RUNNING)[push % 2]
            move(large, to)
            for one in said:
                hear(one, f"Job {large.large} is {to}")
        return len(large.said), time.monotonic() - began


def test_fifty_viewers_cost_what_one_costs(large: Large, serve: Serve) -> None:
    a_look = sum(names(look(large, large.large)).values())
    for viewers in (1, VIEWERS):
        statements, seconds = pushed(large, serve(large.context), viewers)
        print(f"{viewers} viewers, {PUSHES} pushes in {seconds:.1f} s: {statements} statements")
        assert statements <= a_look * (seconds / OFTEN_SECONDS + 2)  # a look a period, whoever looks


# what a viewer sees


@pytest.fixture
def dashboard(large: Large) -> Iterator[Dashboard]:
    """A process, as users have it."""
    made = Dashboard(large.flow.settings, large.flow.folder)
    yield made
    assert made.kill("SIGTERM") == 0


def test_a_browser_follows_a_million_rows(large: Large, dashboard: Dashboard, page: Page) -> None:
    page.goto(f"{dashboard.url}/jobs/{large.large}")
    answers = [page.evaluate(TOOK)]
    expect(page.locator("#progress")).to_contain_text("of 1,000,000")
    expect(page.locator("#samples audio")).to_have_count(5)
    expect(page.locator("#failed")).to_contain_text(f"{10 * FAILED}")
    page.evaluate("window.stayed = true")

    behind = []
    first = ROWS // 2 // CHUNK_ROWS + 1
    ready = (
        "UPDATE speeko.chunk SET state = 'ready', ready_at = clock_timestamp() WHERE job_id = %s AND no = %s"
    )
    for no in range(first, first + MOVES):
        before = int(page.locator(SERVED).get_attribute("value"))
        large.flow.books.execute(ready, [large.large, no])
        assert chunk_delivery.deliver(large.flow.context, large.large, no)
        began = time.monotonic()
        page.wait_for_function(PAST, arg=[SERVED, before])
        behind.append(1e3 * (time.monotonic() - began))
    assert page.evaluate("window.stayed")

    page.goto(dashboard.url)
    lists = [page.evaluate(TOOK)]
    expect(page.locator("#shown")).to_contain_text(re.compile(r"All\s+5,003"))
    expect(page.locator("#list tbody tr")).to_have_count(50)
    page.get_by_role("link", name=f"Job {large.large}", exact=True).click()
    page.evaluate("window.stayed = true")

    for button, shown, state in (("Pause", "paused by the user", "paused"), ("Resume", "running", "running")):
        page.get_by_role("button", name=button).click()
        expect(page.locator("#head .mark")).to_have_text(shown)
        assert jobs.show(large.flow.context.database, large.large).state == state
    assert page.evaluate("window.stayed")

    for _ in range(LOADS):
        page.reload()
        answers.append(page.evaluate(TOOK))
    page.goto(dashboard.url)
    lists.append(page.evaluate(TOOK))
    said = {
        f"the page of a job of {ROWS:,} rows answers in": answers,
        f"that of {JOBS:,} jobs in": lists,
        "the page is behind the database": behind,
    }
    for what, millis in said.items():
        first, middle, most = millis[0], statistics.median(millis), max(millis)
        print(f"\n{what} {middle:.0f} ms (the first {first:.0f}, the slowest {most:.0f})", end="")
