"""Duplicates among spilled records, against a plain dict."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speeko_jobs.adapters.external_grouping import ExternalDedupe, Totals
from speeko_jobs.errors import SpeekoError


def sha(name: object, size: int = 32) -> bytes:
    return hashlib.sha256(repr(name).encode()).digest()[:size]


RECORDS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 60), st.integers(0, 2)), max_size=80)


def cost(name: int) -> int:
    """What every record of a hash carries alike."""
    return name * 7 + 1


@settings(max_examples=60, deadline=None)
@given(
    RECORDS, st.sets(st.integers(0, 60)), st.integers(1, 9), st.sampled_from([1, 3, 64, 256]), st.booleans()
)
def test_totals_equal_a_dict(
    records: list[tuple[int, int, int]], skip: set[int], batch: int, partitions: int, tiny: bool
) -> None:
    kept = [r for r in records if r[1] not in skip]
    highest: dict[int, int] = {}
    for name, _, rank in kept:
        highest[name] = max(rank, highest.get(name, 0))
    ranks = {
        rank: (len(names), sum(map(cost, names)))
        for rank in set(highest.values())
        if (names := [name for name, highest_rank in highest.items() if highest_rank == rank])
    }
    want = Totals(len(kept), len(highest), (sum(cost(r[0]) for r in kept),), ranks)
    with ExternalDedupe(1, partitions=partitions, buffer_bytes=64 if tiny else 1 << 20) as distinct:
        for at in range(0, len(records), batch):
            some = records[at : at + batch]
            distinct.add_many(
                [sha(r[0]) for r in some],
                [r[1] for r in some],
                [r[2] for r in some],
                [cost(r[0]) for r in some],
            )
        assert distinct.totals(skip) == want
        mask = np.zeros(70, np.bool_)
        mask[list(skip)] = True
        assert distinct.totals(mask) == want
        everything = distinct.totals()
        assert (everything.records, everything.distinct) == (len(records), len({r[0] for r in records}))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 30), max_size=90), st.integers(1, 9), st.booleans())
def test_collisions_equal_a_dict(names: list[int], batch: int, tiny: bool) -> None:
    rows: dict[int, list[int]] = {}
    for row, name in enumerate(names):
        rows.setdefault(name, []).append(row)
    with ExternalDedupe(partitions=7, buffer_bytes=50 if tiny else 1 << 20) as distinct:
        for at in range(0, len(names), batch):
            some = names[at : at + batch]
            distinct.add_many([sha(n, 16) for n in some], range(at, at + len(some)))
        assert sorted(distinct.collisions()) == sorted(r for r in rows.values() if len(r) > 1)


def test_hashes_that_share_one_half_stay_apart() -> None:
    halves = [bytes([1]) * 8, bytes([1]) + bytes(7)]
    hashes = [a + b for a in halves for b in halves] * 2
    with ExternalDedupe() as distinct:
        distinct.add_many(hashes, range(8))
        assert distinct.totals().distinct == 4
        assert sorted(distinct.collisions()) == [[0, 4], [1, 5], [2, 6], [3, 7]]


def test_more_can_be_added_after_a_look() -> None:
    with ExternalDedupe(1, buffer_bytes=200) as distinct:
        for row in range(50):
            distinct.add_many([sha(row % 10)], [row], 1, [row % 10])
            assert distinct.totals().distinct == min(row + 1, 10)
        assert distinct.totals() == Totals(50, 10, (225,), {1: (10, 45)})
        assert distinct.totals(range(40)) == Totals(10, 10, (45,), {1: (10, 45)})
        assert distinct.totals(range(50)) == Totals(0, 0, (0,), {})


def test_nothing_added() -> None:
    with ExternalDedupe(1) as distinct:
        distinct.add_many([], [], 0, [])
        assert distinct.totals([5]) == Totals(0, 0, (0,), {})
        assert list(distinct.collisions()) == []


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def open_files(folder: Path) -> list[str]:
    targets = []
    for fd in Path("/proc/self/fd").iterdir():
        try:
            targets.append(str(fd.readlink()))
        except FileNotFoundError:
            continue
    return [target for target in targets if target.startswith(str(folder))]


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="looks at /proc")
def test_little_data_makes_no_file_and_much_leaves_none(temporary: Path) -> None:
    with ExternalDedupe(buffer_bytes=32 * 100) as distinct:
        distinct.add_many([sha(n) for n in range(100)], range(100))
        assert distinct.totals().distinct == 100
        assert open_files(temporary) == []
        distinct.add_many([sha(n) for n in range(100, 150)], range(100, 150))
        assert len(open_files(temporary)) == 1
        assert list(temporary.iterdir()) == []  # it has no name that a kill could leave behind
        assert distinct.totals().distinct == 150
    distinct.close()
    assert open_files(temporary) == []


def test_a_temporary_folder_that_is_away_is_one_clear_line(temporary: Path) -> None:
    temporary.rmdir()
    with (
        ExternalDedupe(buffer_bytes=1) as distinct,
        pytest.raises(SpeekoError, match=r"No such file.*set TMPDIR$"),
    ):
        distinct.add_many([sha(1)], [1])


@pytest.mark.parametrize(
    ("hashes", "columns"),
    [([b"x" * 8], ([1], 0, [1])), ([b"x" * 17], ([1], 0, [1])), ([b"x" * 16], ([1],)),
     ([b"x" * 16], ([1, 2], 0, [1])), ([b"x" * 16, b"x" * 24], ([1, 2], 0, [1, 2]))],
)  # fmt: skip
def test_columns_that_do_not_fit_are_refused(hashes: list[bytes], columns: tuple[Any, ...]) -> None:
    with ExternalDedupe(1) as distinct, pytest.raises(ValueError):
        distinct.add_many(hashes, *columns)


def test_memory_stays_flat() -> None:
    """A hundred buffers' worth of records: what is held never outgrows one buffer and one batch."""
    with ExternalDedupe(1, buffer_bytes=40 * 1000) as distinct:
        for at in range(0, 100_000, 500):
            rows = range(at, at + 500)
            distinct.add_many([sha(r // 2) for r in rows], rows, 0, [r // 2 for r in rows])
            assert distinct._held_bytes <= 40 * 1500
        half = sum(range(50_000))
        assert distinct.totals() == Totals(100_000, 50_000, (2 * half,), {0: (50_000, half)})
        assert sum(1 for _ in distinct.collisions()) == 50_000
