"""`speeko cache` as a user meets it, also when it is killed half-way."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from speeko_jobs.adapters.audio_store import Store
from speeko_jobs.core.catalog.file_names import audio_path
from tests.cli.conftest import SCRIPT
from tests.fixtures.books import Books
from tests.fixtures.cached import Cached, add_cached, key
from tests.fixtures.database import migrated_template, migrated_url  # noqa: F401


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("evict --fraction 1.5", "not in the range"),
        ("evict --fraction nan", "not a number"),
        ("evict --older-than 3", "not a duration such as 12h, 30d or 4w"),
        ("evict --older-than 30d", "--older-than and --max-hits need --policy age"),
        ("evict --policy age --fraction 0.1", "need --policy roi"),
        ("evict --fraction 0.1 --to-budget", "not both"),
        ("evict --to-budget", "the store has no budget: set SPEEKO_STORE_BUDGET_GB"),
        ("evict --policy lru", "'lru' is not one of"),
        ("verify --after xyz", "not a key"),
        ("verify --after abc", "not a key"),
        ("verify --after ab --sample 5", "--sample and --after exclude each other"),
        ("verify --sample 0", "not in the range"),
    ],
)
def test_words_that_do_not_fit_are_told_in_one_line(here: Any, words: str, told: str) -> None:
    code, out, err = here("cache", *shlex.split(words))
    assert (code, out) == (2, "")
    assert told in err
    assert len(err.splitlines()) == 1


def test_an_empty_cache(ready: Any) -> None:
    assert ready("cache", "stats")[1].split()[:6] == ["tier", "entries", "audio", "budget", "look-ups", "hit"]
    assert ready.json("cache", "stats")["voices"] == []
    assert "0 of 0 entries" in ready("cache", "evict")[1]
    assert ready("cache", "verify")[1].splitlines() == ["0 entries read, 0 B", "all as it was bought"]


def test_what_is_told_is_what_happens(ready: Any, books: Books) -> None:
    add_cached(books, [Cached(key(n), 1_000 * (n + 1), n % 3, 700, 50) for n in range(10)])
    found = ready.json("cache", "stats")
    assert found["store"]["entries"] == found["voices"][0]["entries"] == 10
    assert found["store"]["cost_to_buy_again_usd"] == "0.007000"
    table = ready("cache", "stats")[1]
    assert "\nkokoro-professional" in table
    assert max(map(len, table.splitlines())) <= 80

    was = ready.json("cache", "evict", "--dry-run", "--fraction", "0.3")
    done = ready.json("cache", "evict", "--fraction", "0.3")
    assert done == was | {"dry_run": False}
    assert (done["entries"], done["entries_before"], done["worth_usd"]) == (3, 10, "0.000000")
    code, out, _ = ready("cache", "evict", "--policy", "age", "--older-than", "49d", "--max-hits", "1")
    assert code == 0
    assert out.splitlines()[0].startswith("gone from the store: 4 of 7 entries, ")
    assert "their hits so far saved $0.0021" in out
    assert ready("cache", "evict", "--policy", "age", "--older-than", "0d", "--dry-run")[1].startswith(
        "would go from the store: 3 of 3 entries"
    )
    assert ready.json("cache", "evict", "--tier", "redis", "--to-budget")["entries"] == 0


def test_what_is_damaged_is_told_and_the_code_says_so(ready: Any, books: Books, tmp_path: Path) -> None:
    add_cached(books, [Cached(key(n)) for n in range(12)])
    (tmp_path / "home" / "audio").mkdir(parents=True)
    code, out, _ = ready("cache", "verify")
    assert code == 3
    assert out.splitlines()[1] == "12 gone, bought again when a job needs them:"
    assert out.splitlines()[-1] == "  and 2 more"
    lists = {name: [] for name in ("gone", "damaged", "delivered", "orphan_paths")}
    counts = {"entries": 0, "bytes": 0, "adopted": 0, "orphans": 0}
    assert ready.json("cache", "verify") == counts | lists | {"last": ""}


@pytest.mark.parametrize("place", ["after_mark", "before_take_out"])
def test_killed_half_way_it_is_finished_by_the_next_call(
    ready: Any, books: Books, tmp_path: Path, place: str
) -> None:
    add_cached(books, [Cached(key(n)) for n in range(10)])
    store = Store(str(tmp_path / "home" / "audio"))
    store.put_many([(audio_path(key(n), "mp3"), b"audio") for n in range(10)])
    died = subprocess.run(
        [str(SCRIPT), "cache", "evict", "--fraction", "0.5"],
        env=os.environ | {"SPEEKO_CRASH": place},
        check=False,
    )
    assert died.returncode == -signal.SIGKILL
    assert books.one("SELECT count(*) FROM speeko.utterance WHERE state = 'missing'") == 5
    assert len(list(store.list("audio"))) == 10  # audio is never gone before everybody knows it

    done = ready.json("cache", "evict", "--fraction", "0")
    assert (done["entries"], done["entries_before"]) == (0, 5)
    left = books.execute("SELECT key FROM speeko.utterance WHERE state = 'done'")
    assert set(store.list("audio")) == {audio_path(k, "mp3") for (k,) in left}
