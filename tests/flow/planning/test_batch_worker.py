"""One thread beside a producer: in order, few ahead, errors raised where the producer stands."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from speeko_jobs.flow.planning.batch_worker import MAX_PENDING, BatchWorker


@pytest.fixture
def worker() -> Iterator[BatchWorker]:
    opened = BatchWorker("test")
    yield opened
    opened.close()


def test_batches_run_in_order_in_one_thread(worker: BatchWorker) -> None:
    seen: list[tuple[int, int]] = []
    for number in range(20):
        worker.submit(lambda n: seen.append((n, threading.get_ident())), number)
    worker.drain()
    assert [number for number, _ in seen] == list(range(20))
    assert len({thread for _, thread in seen}) == 1
    assert seen[0][1] != threading.get_ident()


def test_the_producer_waits_where_too_many_are_ahead(worker: BatchWorker) -> None:
    go, ran = threading.Event(), list[int]()

    def work(number: int) -> None:
        go.wait(60)
        ran.append(number)

    for number in range(MAX_PENDING):
        worker.submit(work, number)
    assert ran == []  # these did not have to wait
    blocked = threading.Thread(target=worker.submit, args=(work, MAX_PENDING))
    blocked.start()
    go.set()
    blocked.join(60)
    assert not blocked.is_alive()
    assert ran[0] == 0  # the oldest had ended before `submit` returned
    worker.drain()
    assert ran == list(range(MAX_PENDING + 1))


def test_an_error_is_raised_to_the_producer(worker: BatchWorker) -> None:
    def fail() -> None:
        raise ValueError("no such table")

    worker.submit(fail)
    with pytest.raises(ValueError, match="no such table"):
        worker.drain()


def test_closing_drops_batches_that_have_not_begun() -> None:
    worker, begun, go, ran = BatchWorker("test"), threading.Event(), threading.Event(), list[int]()

    def first() -> None:
        begun.set()
        go.wait(60)

    worker.submit(first)
    worker.submit(ran.append, 2)
    assert begun.wait(60)
    closing = threading.Thread(target=worker.close)
    closing.start()
    while not worker._pending[1].cancelled() and closing.is_alive():
        closing.join(0.01)
    go.set()
    closing.join(60)
    assert ran == []
