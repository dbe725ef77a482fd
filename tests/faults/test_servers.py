"""Servers that go away, refuse, fill up or lose power under real workers; nothing is paid twice unsaid."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
import sqlalchemy

from speeko_jobs.adapters.postgres import jobs, migrate
from speeko_jobs.adapters.postgres.database import Database
from speeko_jobs.core.model.states import FINISHED, JobState
from speeko_jobs.embedded.servers import EmbeddedServers, running
from speeko_jobs.errors import ServerError, SpeekoError
from speeko_jobs.flow.lifecycle.crash_recovery import sweep
from speeko_jobs.flow.synthesis import engine as synthesis_engine
from speeko_jobs.flow.synthesis import spool
from tests.faults.proxy import Proxy
from tests.faults.workers import WorkerChild, finish
from tests.fixtures.books import together
from tests.fixtures.database import plain_url
from tests.fixtures.faulty import MakeSpine
from tests.fixtures.inprocess import InProcess
from tests.fixtures.ledger import check_ledger, check_served
from tests.fixtures.metered import MeteredProvider
from tests.fixtures.spine import DELIVERING, SYNTHESIZING, Spine, texts, write_catalog
from tests.wait import wait_until

ROWS = texts(120)
SPOKEN = {str(number): text for number, text in enumerate(ROWS, start=1)}
STRICT = {"latency_ms": 100, "ignore_idempotency": True, "fsync": False}
FEW = [(f"r{n}", f"This is text {n}.") for n in range(30)]


@pytest.fixture
def slow(make_spine: MakeSpine) -> Spine:
    return make_spine(provider=STRICT, max_concurrency=16, lease_seconds=30.0, work_seconds=1.0)


def submit(spine: Spine) -> int:
    return spine.submit(write_catalog(spine.folder / "catalog.csv", ROWS))


def check_end(spine: Spine, job: int) -> None:
    """All rows are served, and no call was made twice."""
    summary = spine.wait(job, sweeping=True)
    check_served(spine, summary, SPOKEN)
    assert check_ledger(spine)["unknown"] == 0
    assert spine.provider.calls == len(ROWS)


# Redis


def test_a_message_dies_with_the_worker_that_took_it(slow: Spine) -> None:
    workers = slow.start_workers(SYNTHESIZING, DELIVERING)
    node = slow.nodes[0].container
    assert len(list(workers)) == 2
    os.killpg(node.process.pid, signal.SIGSTOP)
    job = submit(slow)
    node.kill("SIGKILL")
    with slow.redis.client as client:
        client.delete("speeko:synthesize", "speeko:unacked", "speeko:unacked_index")
    slow.sql("UPDATE speeko.chunk SET queued_at = queued_at - interval '1 minute'")
    slow.start_workers(SYNTHESIZING)
    check_end(slow, job)


def test_connections_to_redis_are_cut_all_the_time(slow: Spine) -> None:
    slow.start_workers(SYNTHESIZING, DELIVERING)
    node = psutil.Process(slow.nodes[0].container.process.pid)
    job = submit(slow)
    slow.wait_for_calls(10)
    open_files = node.num_fds()
    for round_ in range(6):
        with slow.redis.client as client:
            client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        wait_until(lambda n=10 + 10 * round_: slow.provider.calls >= n, "progress")  # type: ignore[misc]
    check_end(slow, job)
    assert all(worker.container.status == "running" for worker in slow.nodes)
    wait_until(lambda: node.num_fds() <= open_files + 10, "no more open files than before")


def test_redis_is_out_of_memory(slow: Spine, caplog: pytest.LogCaptureFixture) -> None:
    with slow.redis.client as client:
        client.config_set("maxmemory", "1")
        job = submit(slow)
        assert slow.job(job).state is JobState.RUNNING  # Postgres has it
        assert "the sweeper will send" in caplog.text
        client.config_set("maxmemory", "0")
    slow.sql("UPDATE speeko.chunk SET queued_at = queued_at - interval '1 minute'")
    slow.start_workers(SYNTHESIZING, DELIVERING)
    check_end(slow, job)


# Postgres


def over(proxy: Proxy, url: str) -> str:
    return sqlalchemy.make_url(url).set(host="127.0.0.1", port=proxy.port, query={}).render_as_string(False)


def socket_of(url: str) -> Path:
    return Path(str(sqlalchemy.make_url(url).query["host"])) / ".s.PGSQL.5432"


@pytest.fixture
def cut(flow: InProcess) -> Iterator[tuple[Proxy, InProcess]]:
    """The flow, and the same flow over a line to Postgres that can be cut."""
    with Proxy(socket_of(flow.settings.database_url)) as proxy:
        far = flow.again(database_url=over(proxy, flow.settings.database_url), max_concurrency=8)
        yield proxy, far
        far.close()


def test_postgres_is_away_while_audio_arrives(
    flow: InProcess, cut: tuple[Proxy, InProcess], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was paid lies in the spool, nothing more is called, and the replay needs no second call."""
    monkeypatch.setattr(synthesis_engine, "SETTLE_TRIES", 2)
    proxy, far = cut
    flow.provider.script([{"match": "*", "times": -1, "delay_seconds": 1.2}])
    job, _ = far.submit(far.catalog(FEW))
    failed: list[BaseException] = []

    def work() -> None:
        try:
            far.synthesize(job)
        except SpeekoError as error:
            failed.append(error)

    engine = threading.Thread(target=work)
    engine.start()
    wait_until(lambda: flow.provider.calls >= 12, "calls on their way")
    proxy.down()
    engine.join(60)
    assert not engine.is_alive()
    calls = flow.provider.calls
    assert calls < len(FEW)  # it stopped by itself
    spooled = list(spool.folder(flow.context).glob("*.audio"))
    booked = flow.books.one("SELECT count(*) FROM speeko.attempt WHERE state = 'stored'")
    assert len(spooled) == calls - booked > 0
    proxy.up()
    flow.provider.script([])

    finish(flow, job)

    assert list(spool.folder(flow.context).iterdir()) == []
    assert flow.provider.calls == len(FEW)
    flow.check()
    assert flow.summary()["delivered"] == len(FEW)


def drive_on(flow: InProcess, job: int) -> None:
    """Drive as workers do: an error ends one task, and the sweeper finds what it left."""

    def ended() -> bool:
        try:
            sweep(flow.context)
            return flow.drive(job).state in FINISHED
        except (ServerError, AssertionError):
            return False

    wait_until(ended, "the end of the job")


def all_the_time(work: Callable[[], object], stop: threading.Event, every_seconds: float) -> threading.Thread:
    def run() -> None:
        while not stop.wait(every_seconds):
            work()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_backends_are_killed_all_the_time(flow: InProcess) -> None:
    flow.provider.script([{"match": "*", "times": -1, "delay_seconds": 0.1}])
    wide = flow.again(max_concurrency=4)
    job, _ = wide.submit(wide.catalog(FEW))
    query = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    cut = 0
    with psycopg.connect(plain_url(flow.settings.database_url), autocommit=True) as connection:

        def kill() -> None:
            nonlocal cut
            cut += connection.execute(query.encode()).fetchone()[0]  # type: ignore[index]

        stop = threading.Event()
        killer = all_the_time(kill, stop, 0.25)
        try:
            wait_until(lambda: cut >= 1, "the first cut")
            threading.Timer(5.0, stop.set).start()
            drive_on(wide, job)
        finally:
            stop.set()
            killer.join()
    assert cut >= 5
    wide.close()
    flow.check()
    assert flow.summary()["delivered"] == len(FEW)
    unknown = flow.books.one("SELECT count(*) FROM speeko.attempt WHERE ever_unknown")
    assert len(FEW) <= flow.provider.calls <= len(FEW) + unknown


def test_lines_to_postgres_are_reset_in_mid_statement(flow: InProcess, cut: tuple[Proxy, InProcess]) -> None:
    proxy, far = cut
    job, _ = far.submit(far.catalog(FEW))
    proxy.resets, proxy.limit_data = True, 6_000
    failed = 0
    for _ in range(3):
        try:
            far.drive(job, rounds=20)  # each connects several times, which takes a slow machine long
        except (SpeekoError, AssertionError):
            failed += 1
    proxy.limit_data = None
    drive_on(far, job)
    assert failed
    flow.check()
    assert flow.summary()["delivered"] == len(FEW)


def test_a_deadlock_repeats_the_transaction_and_nothing_else(flow: InProcess) -> None:
    jobs_made = [flow.books.job([text]) for text in ("one", "two")]
    met = threading.Barrier(2, timeout=20)
    runs = [0, 0]

    def crossing(number: int) -> Callable[[], None]:
        order = jobs_made if number == 0 else jobs_made[::-1]

        def work(t: Any) -> None:
            runs[number] += 1
            for at, job in enumerate(order):
                with t._connection.cursor() as cursor:
                    cursor.execute("SELECT 1 FROM speeko.job WHERE id = %s FOR UPDATE", [job])
                if at == 0 and max(runs) == 1:
                    met.wait()

        return lambda: flow.context.database.run(work)

    together([crossing(0), crossing(1)])
    assert sorted(runs) == [1, 2]


# a machine of the test's own: its power, its disk


@pytest.fixture
def machine() -> Iterator[Path]:
    """A folder for a home whose sockets' paths stay short."""
    parent = Path(tempfile.mkdtemp(prefix="speeko-test-"))
    yield parent
    shutil.rmtree(parent)


def family(pid: int) -> list[psutil.Process]:
    """A server's processes. It is stopped first, so that there will be no more."""
    process = psutil.Process(pid)
    process.suspend()
    return [process, *process.children(recursive=True)]


def on_machine(
    home: Path, database_url: str, redis_url: str, folder: Path, strict: MeteredProvider
) -> InProcess:
    database = Database(database_url)
    if migrate.current(database) != migrate.head():
        migrate.upgrade(database)
    database.close()
    settings = strict.settings(
        home=str(home), database_url=database_url, redis_url=redis_url, max_concurrency=4, lease_seconds=3.0
    )
    return InProcess(settings, folder, strict)


def test_power_fails_and_the_disk_is_all_that_is_left(
    machine: Path, redis_url: str, strict: MeteredProvider
) -> None:
    """All processes stop in one moment; what is on the disk then is copied, and the rest goes on from it."""
    home, copy = machine / "home", machine / "copy"
    strict.script([{"match": "*", "times": -1, "delay_seconds": 0.5}])
    stack = EmbeddedServers(home, redis=False)
    url = stack.start().database_url
    flow = on_machine(home, url, redis_url, machine, strict)
    job, _ = flow.submit(flow.catalog(FEW))
    child = WorkerChild(flow.settings, job)
    wait_until(lambda: strict.calls >= 12, "the first calls")
    flow.close()

    victims = [psutil.Process(child.process.pid), *family(running(home)["postgres"])]
    for victim in victims:
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.suspend()
    paid = strict.calls
    try:
        subprocess.run(["cp", "-a", str(home), str(copy)], check=True)
    finally:  # nothing stays behind that is stopped
        for victim in reversed(victims):
            with contextlib.suppress(psutil.NoSuchProcess):
                victim.kill()
    child.wait()
    wait_until(lambda: "postgres" not in running(home), "its end")
    shutil.rmtree(home)
    copy.rename(home)
    strict.script([])

    with EmbeddedServers(home, redis=False) as urls:
        flow = on_machine(home, urls.database_url, redis_url, machine, strict)
        finish(flow, job)
        flow.check()
        unknown = flow.books.one("SELECT count(*) FROM speeko.attempt WHERE ever_unknown")
        assert flow.summary()["delivered"] == len(FEW)
        assert paid < len(FEW) <= strict.calls <= len(FEW) + unknown
        flow.close()


@pytest.fixture
def small_disk(machine: Path) -> Iterator[Path]:
    """A disk of 400 MB."""
    disk = machine / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400m,mode=0755", "none", str(disk)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("a disk of its own can only be mounted by root (with the right to mount)")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_the_disk_of_postgres_is_full(small_disk: Path, redis_url: str, strict: MeteredProvider) -> None:
    home, filler = small_disk / "home", small_disk / "filler"
    strict.script([{"match": "*", "times": -1, "delay_seconds": 0.2}])
    with EmbeddedServers(home, redis=False) as urls:
        flow = on_machine(home, urls.database_url, redis_url, small_disk.parent, strict)
        job, _ = flow.submit(flow.catalog(FEW))
        child = WorkerChild(flow.settings, job)
        wait_until(lambda: strict.calls >= 6, "the first calls")
        with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(b"0" * 65536)
        # now something large has to be written
        with pytest.raises((ServerError, psycopg.errors.DiskFull), match="No space left"):
            flow.books.execute(
                "CREATE TABLE large AS SELECT repeat('x', 100) FROM generate_series(1, 3000000)"
            )
        flow.close()
        child.end()
        filler.unlink()
    with EmbeddedServers(home, redis=False) as urls:
        flow = on_machine(home, urls.database_url, redis_url, small_disk.parent, strict)
        finish(flow, job)
        flow.check()
        assert jobs.show(flow.context.database, job).state is JobState.DONE
        assert flow.summary()["delivered"] == len(FEW)
        flow.close()
