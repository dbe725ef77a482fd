"""`speeko jobs` lists, and `speeko jobs prune` lets go of old rows, as a user meets them."""

from __future__ import annotations

import shlex
from typing import Any

import pytest

from tests.fixtures.books import Books
from tests.fixtures.database import migrated_template, migrated_url  # noqa: F401


def add_ended(books: Books, *, days: float = 40, tenant: str = "shop", store: str = "memory://store") -> int:
    """A job of three rows that ended so long ago."""
    job = books.job(["one", "two", "three"], tenant=tenant)
    books.execute(
        "UPDATE speeko.job SET state = 'done', finalized = true, chunks_open = 0, delivered = 3, "
        "spec = jsonb_set(spec, '{store}', to_jsonb(%s::text)), "
        "finished_at = clock_timestamp() - make_interval(secs => %s) WHERE id = %s",
        [store, days * 86_400, job],
    )
    return job


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("jobs prune", "missing option '--older-than'"),
        ("jobs prune --older-than 3", "not a duration such as 12h, 30d or 4w"),
        ("jobs --tenant shop prune --older-than 30d", "--tenant belongs after `prune`"),
        ("jobs purge", "there is no command 'purge' (did you mean prune?)"),
    ],
)
def test_words_that_do_not_fit_are_told_in_one_line(here: Any, words: str, told: str) -> None:
    code, out, err = here(*shlex.split(words))
    assert (code, out) == (2, "")
    assert told in err
    assert len(err.splitlines()) == 1


def test_a_job_that_no_worker_serves_is_named_by_jobs_and_status(ready: Any, books: Books) -> None:
    job = books.job(["one", "two"])
    books.execute("""UPDATE speeko.job SET spec = spec || '{"accounts": ["mine"]}' WHERE id = %s""", [job])
    ended = add_ended(books)
    told = "waits for a worker: none runs that serves mine"
    _, out, err = ready("jobs")
    (line,) = [line for line in out.splitlines() if " waits for " in line]
    assert line.startswith(f"job {job} {told}")
    assert "start one with `speeko up`" in line
    assert err == ""
    assert f"it {told}" in ready("status", str(job))[1]
    listed = {one["job"]: one["waiting"] for one in ready.json("jobs")}
    assert listed == {job: ready.json("status", str(job))["waiting"], ended: None}
    assert listed[job]["for"] == "worker"


def test_jobs_that_ended_just_now_stay(ready: Any, books: Books) -> None:
    add_ended(books)
    assert ready("jobs", "prune", "--older-than", "0d")[:2] == (2, "")


def test_what_is_told_is_what_happens(ready: Any, books: Books) -> None:
    old, other, young = (
        add_ended(books),
        add_ended(books, tenant="other"),
        add_ended(books, days=2),
    )
    prune = ("jobs", "prune", "--older-than", "30d")
    assert ready(*prune, "--dry-run")[:2] == (0, "would be deleted: 6 rows of 2 jobs\n")
    assert ready(*prune, "--tenant", "other", "--dry-run")[1] == "would be deleted: 3 rows of 1 job\n"
    found = ready.json(*prune, "--tenant", "other")
    assert (found["jobs"], found["rows"], found["dry_run"], found["is_whole"]) == (1, 3, False, True)
    assert ready(*prune)[1] == "deleted: 3 rows of 1 job\n"
    assert ready(*prune)[1] == "deleted: 0 rows of 0 jobs\n"
    listed = {job["job"]: job for job in ready.json("jobs")}
    assert listed.keys() == {old, other, young}
    assert [listed[job]["pruned_at"] is not None for job in (old, other, young)] == [True, True, False]
    assert all(job["rows"] == job["served"] == 3 for job in listed.values())
    table = ready("jobs", "--limit", "2")[1].splitlines()
    assert len(table) == 3
    assert table[0].split()[:2] == ["job", "state"]
    code, out, err = ready("results", str(old))
    assert (code, out) == (1, "")
    assert f"the rows of job {old} were pruned" in err


def test_what_had_to_stay_is_told_and_the_code_says_so(ready: Any, books: Books) -> None:
    job = add_ended(books, store="ftp://gone")
    code, out, _ = ready("jobs", "prune", "--older-than", "30d")
    assert code == 3
    assert out.splitlines() == [
        "deleted: 3 rows of 0 jobs",
        f"job {job}: its parts could not be deleted from the store; the next prune tries again",
    ]
