"""What lies between an answer and its booking is there before the call: open files, threads, memory.

Worker processes run under limits that they cannot raise. Nothing is bought twice, and a job either ends
or pauses with what is missing as its reason.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from speeko_jobs import system_resources
from speeko_jobs.adapters.audio_store import Store
from speeko_jobs.core.model.states import FINISHED, JobState
from speeko_jobs.errors import ServerError
from speeko_jobs.flow.lifecycle import control
from speeko_jobs.flow.synthesis import resource_reserve, spool
from speeko_workers.supervisor import CeleryNode
from tests.fixtures import cluster
from tests.fixtures.faulty import MakeSpine
from tests.fixtures.inprocess import InProcess
from tests.fixtures.ledger import check_ledger
from tests.fixtures.spine import DELIVERING, SYNTHESIZING, Spine, texts, write_catalog

ONE = CeleryNode("synthesize", SYNTHESIZING.queues, 1)
ENDS = (*FINISHED, JobState.PAUSED)
ROOT = Path(__file__).parents[2]


def start_limited(spine: Spine, monkeypatch: pytest.MonkeyPatch, ulimit: str, *nodes: CeleryNode) -> None:
    """Start workers as a shell does after `ulimit ...`."""
    plain = cluster.worker_command

    def limited(node: CeleryNode) -> list[str]:
        return ["sh", "-c", f'ulimit {ulimit} && exec "$@"', "sh", *plain(node)]

    with monkeypatch.context() as patch:
        patch.setattr(cluster, "worker_command", limited)
        spine.start_workers(*nodes)


@pytest.mark.parametrize("processes", [1, 4])
def test_no_text_is_bought_twice_under_few_open_files(
    make_spine: MakeSpine, monkeypatch: pytest.MonkeyPatch, processes: int
) -> None:
    """`ulimit -n 64`, for all workers: fewer calls at a time, each of them kept."""
    spine = make_spine(provider={"latency_ms": 200, "ignore_idempotency": True}, max_concurrency=64)
    node = CeleryNode("synthesize", SYNTHESIZING.queues, processes)
    start_limited(spine, monkeypatch, "-n 64", node, DELIVERING)
    job = spine.submit(write_catalog(spine.folder / "catalog.csv", texts(120)))
    assert spine.wait(job, sweeping=True, seconds=120)["delivered"] == 120
    states = check_ledger(spine)
    assert spine.provider.calls == states["stored"] == 120
    assert states["unknown"] == 0
    assert "too many open files" not in spine.logs().lower()


def test_a_worker_without_files_for_one_call_pauses_the_job_before_it_pays(
    make_spine: MakeSpine, monkeypatch: pytest.MonkeyPatch
) -> None:
    spine = make_spine()
    start_limited(spine, monkeypatch, "-n 40", ONE)
    spine.start_workers(DELIVERING)
    job = spine.submit(write_catalog(spine.folder / "catalog.csv", texts(10)))
    spine.until(lambda: spine.job(job).state in ENDS, "the pause")
    assert spine.job(job).state is JobState.PAUSED
    assert spine.job(job).reason.startswith("worker: ")
    assert "ulimit -n" in spine.job(job).reason
    assert spine.provider.calls == 0
    spine.nodes[0].container.kill()
    spine.start_workers(ONE)
    control.resume(spine.context, job)
    assert spine.wait(job, sweeping=True)["delivered"] == 10
    assert check_ledger(spine)["stored"] == spine.provider.calls == 10


def test_a_worker_without_memory_pauses_the_job_before_it_pays(make_spine: MakeSpine) -> None:
    """Also without room for a thread's stack: the threads are started before the first call."""
    spine = make_spine()
    spine.start_workers(ONE, DELIVERING)
    (child,) = spine.nodes[0].container.children()
    process = psutil.Process(child)
    process.rlimit(psutil.RLIMIT_AS, (process.memory_info().vms + (20 << 20), resource.RLIM_INFINITY))
    job = spine.submit(write_catalog(spine.folder / "catalog.csv", texts(10)))
    spine.until(lambda: spine.job(job).state in ENDS, "the pause")
    assert spine.job(job).state is JobState.PAUSED
    assert spine.job(job).reason.startswith("worker: ")
    assert spine.provider.calls == 0
    process.rlimit(psutil.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    control.resume(spine.context, job)
    assert spine.wait(job, sweeping=True)["delivered"] == 10
    assert check_ledger(spine)["stored"] == spine.provider.calls == 10


def test_workers_raise_their_soft_limit(make_spine: MakeSpine, monkeypatch: pytest.MonkeyPatch) -> None:
    spine = make_spine()
    start_limited(spine, monkeypatch, "-S -n 64", ONE)
    (child,) = spine.nodes[0].container.children()
    soft, hard = psutil.Process(child).rlimit(psutil.RLIMIT_NOFILE)
    assert soft == min(hard, system_resources.MAX_OPEN_FILES)
    assert soft > 64


def test_commands_raise_their_soft_limit() -> None:
    ask = (
        "import resource, sys; sys.argv = ['speeko', 'config', '--json']\n"
        "from cli import main\n"
        "try: main.main()\n"
        "finally: print(resource.getrlimit(resource.RLIMIT_NOFILE)[0], file=sys.stderr)"
    )
    words = ["sh", "-c", 'ulimit -S -n 64 && exec "$@"', "sh", sys.executable, "-c", ask]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, timeout=60, check=True)
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert int(done.stderr.split()[-1]) == min(hard, system_resources.MAX_OPEN_FILES)


def test_calls_are_bounded_by_what_files_and_memory_allow(monkeypatch: pytest.MonkeyPatch) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    used = system_resources.max_open_files() - system_resources.spare_files()
    resource_reserve._files_at_first.cache_clear()
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (used + resource_reserve.RESERVED_FILES + 5, hard))
        assert resource_reserve.max_calls() == 5
        assert resource_reserve.shortage() == ""
        resource.setrlimit(resource.RLIMIT_NOFILE, (used + resource_reserve.MIN_FILES, hard))
        assert resource_reserve.shortage() == ""
        resource.setrlimit(resource.RLIMIT_NOFILE, (used + resource_reserve.MIN_FILES - 1, hard))
        assert "ulimit -n" in resource_reserve.shortage()
        resource_reserve._files_at_first.cache_clear()
        resource.setrlimit(resource.RLIMIT_NOFILE, (used + resource_reserve.RESERVED_FILES, hard))
        assert resource_reserve.max_calls() == 0
        assert "ulimit -n" in resource_reserve.shortage()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        resource_reserve._files_at_first.cache_clear()
    assert resource_reserve.shortage() == ""
    assert 0 < system_resources.spare_memory_bytes() < system_resources.UNLIMITED
    monkeypatch.setattr(
        system_resources, "spare_memory_bytes", lambda: resource_reserve.RESERVED_MEMORY_BYTES
    )
    assert resource_reserve.max_calls() == 0
    assert "memory" in resource_reserve.shortage()


def test_threads_that_cannot_start_are_told_before_the_first_call(monkeypatch: pytest.MonkeyPatch) -> None:
    pool, starts = ThreadPoolExecutor(3), threading.Thread.start

    def start(thread: threading.Thread) -> None:
        if len(pool._threads) == 2:
            raise RuntimeError("can't start new thread")
        starts(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(ServerError, match="no more threads"):
        resource_reserve.start_threads(pool, 3)
    pool.shutdown()


def test_a_store_is_written_with_hardly_any_open_files(tmp_path: Path) -> None:
    """Folders that are kept open are closed where the process may open no more."""
    store = Store(str(tmp_path / "store"))
    store.put("ready.txt", b"")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    free = max(int(path.name) for path in Path("/proc/self/fd").iterdir()) + 1
    held = []
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (free + 6, hard))
        while True:  # numbers below the highest are free, too
            held.append(os.open(os.devnull, os.O_RDONLY))
    except OSError:
        for fd in held[-5:]:
            os.close(fd)
        del held[-5:]
        store.put_many([(f"audio/{n}/{n}/{n}.mp3", b"%d" % n) for n in range(40)])
    finally:
        for fd in held:
            os.close(fd)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert store.get_many(["audio/7/7/7.mp3", "audio/39/39/39.mp3"]) == [b"7", b"39"]


def test_paid_answers_that_even_the_spool_refuses_are_held_until_one_takes_them(
    flow: InProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The store is a file and so is the spool's folder; both are mended while the engine holds the audio."""
    rows: Sequence[tuple[str, str]] = [(f"r{n}", f"This is text {n}, about a box.") for n in range(8)]
    job, _ = flow.submit(flow.catalog(rows))
    store, spooled = Path(flow.settings.store_url), spool.folder(flow.context)
    if store.exists():
        store.rmdir()
    store.write_text("in the way")
    spooled.write_text("in the way")
    refused = threading.Event()
    save = spool.save

    def saved(*arguments: object) -> int:
        try:
            return save(*arguments)  # type: ignore[arg-type]
        except OSError:
            refused.set()
            raise

    monkeypatch.setattr(spool, "save", saved)

    def mend() -> None:
        assert refused.wait(60)
        store.unlink()

    thread = threading.Thread(target=mend)
    thread.start()
    flow.synthesize(job)
    thread.join()
    spooled.unlink()
    bought = flow.provider.calls
    assert bought >= 1
    assert flow.books.one("SELECT count(*) FROM speeko.attempt WHERE state = 'stored'") == bought
    control.resume(flow.context, job)
    assert flow.drive(job).state is JobState.DONE
    flow.check()
    assert flow.provider.calls == len(rows)
