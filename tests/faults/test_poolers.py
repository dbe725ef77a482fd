"""Through PgBouncer, in both modes: nothing of a connection is relied on between two transactions."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from speeko_jobs.adapters.postgres import migrate
from speeko_jobs.adapters.postgres.database import Database, Transaction
from tests.fixtures.database import plain_url
from tests.fixtures.faulty import MakeSpine
from tests.fixtures.ledger import check_ledger
from tests.fixtures.pgbouncer import MakePooler
from tests.fixtures.spine import DELIVERING, SYNTHESIZING, texts, write_catalog

MODES = ["transaction", "session"]
TIMEOUTS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")


def timeouts(database: Database) -> tuple[str, ...]:
    """Those that hold within one of our transactions."""
    with database.transaction() as t:
        rows = [t._connection.execute(f"SHOW {name}".encode()).fetchone() for name in TIMEOUTS]
    return tuple(str(row[0]) for row in rows if row)


def check(database: Database) -> None:
    migrate.upgrade(database)
    for _ in range(12):  # more often than the driver waits before it prepares a statement
        assert database.rows("job_progress", {"job": 1}) == []
    assert timeouts(database) == ("1min", "20s", "15s")


def test_a_direct_connection_prepares_statements_and_starts_with_its_timeouts(database_url: str) -> None:
    database = Database(database_url)
    check(database)
    assert database.pooler_mode() == ""
    with database.transaction() as t:
        assert t._connection.prepare_threshold is not None
        assert not t._connection.autocommit
    database.close()


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("ignores", ["options", "extra_float_digits"], ids=["ignored", "refused"])
def test_timeouts_hold_where_the_pooler_does_not_pass_them_on(
    make_pooler: MakePooler, mode: str, ignores: str
) -> None:
    """PgBouncer 1.18 refuses `options`, or ignores it where it is told to."""
    pooler = make_pooler(mode=mode, ignores=ignores)
    database = Database(pooler.url)
    check(database)
    assert database.pooler_mode() == mode
    with psycopg.connect(plain_url(pooler.url), autocommit=True, prepare_threshold=None) as other:
        row = other.execute("SHOW statement_timeout").fetchone()
        assert row == ("0",), "a setting of ours was left on a shared connection"
        row = other.execute("SELECT count(*) FROM pg_prepared_statements").fetchone()
        assert row == (0,)
    database.close()


def test_a_transaction_that_fails_is_rolled_back_through_a_pooler(make_pooler: MakePooler) -> None:
    database = Database(make_pooler(mode="transaction", size=2).url)
    migrate.upgrade(database)

    def fail(t: Transaction) -> None:
        t._connection.execute("CREATE TABLE speeko.gone (id int)")
        raise RuntimeError

    with pytest.raises(RuntimeError):
        database.run(fail)
    with database.transaction() as t:
        row = t._connection.execute("SELECT to_regclass('speeko.gone')").fetchone()
        assert row == (None,)
    database.close()


@pytest.mark.parametrize("mode", MODES)
def test_a_whole_job_through_a_pooler(
    make_pooler: MakePooler, make_spine: MakeSpine, tmp_path: Path, mode: str
) -> None:
    """Workers share few server connections (in transaction mode), and the bill is the ledger."""
    pooler = make_pooler(mode=mode, size=4 if mode == "transaction" else 60)
    spine = make_spine(
        database_url=pooler.url, provider={"latency_ms": 5, "fsync": False}, max_concurrency=32
    )
    spine.start_workers(SYNTHESIZING, DELIVERING)
    job = spine.submit(write_catalog(tmp_path / "catalog.csv", texts(1_500)))
    assert spine.wait(job, sweeping=True, seconds=150)["delivered"] == 1_500
    states = check_ledger(spine)
    assert spine.provider.calls == states["stored"] == 1_500
    assert states["unknown"] == 0
    said = spine.logs()
    assert "prepared statement" not in said
    assert "Traceback" not in said
