"""Permits: one limit over all engines of an account, shared fairly, lapsing with those who die."""

from __future__ import annotations

import random
import threading

import pytest

from speeko_jobs.adapters.postgres import permits
from speeko_jobs.adapters.postgres.permits import LeaseRequest, PermitLease
from speeko_jobs.core.policies.adaptive_limit import CallWindow
from tests.fixtures.books import Books, together

ACCOUNT = "speeko:test"


def lease(
    books: Books, engine: int, wants: int, busy: int = 0, seconds: float = 60, **more: object
) -> PermitLease:
    asked = LeaseRequest(wants, busy, **more)  # type: ignore[arg-type]
    return books.run(lambda t: permits.lease(t, ACCOUNT, engine, asked, seconds))


@pytest.fixture
def ten(books: Books) -> Books:
    """An account with room for ten calls."""
    books.run(lambda t: permits.open_account(t, ACCOUNT, 10))
    return books


def test_what_all_hold_never_passes_the_limit(ten: Books) -> None:
    engines = [ten.engine() for _ in range(8)]
    over, stop = [], threading.Event()

    def watch() -> None:
        while not stop.is_set():
            held = ten.one("SELECT coalesce(sum(held), 0) FROM speeko.permit")
            if held > 10:
                over.append(held)

    def work(engine: int) -> int:
        chance, busy, most = random.Random(engine), 0, 0
        for _ in range(25):
            allowed = lease(ten, engine, chance.choice([0, 1, 3, 50]), busy).allowed
            busy = max(busy, allowed)  # as many calls as allowed are begun,
            busy = chance.randint(0, busy)  # and some end before it asks again
            most = max(most, allowed)
        lease(ten, engine, 0)
        return most

    watcher = threading.Thread(target=watch)
    watcher.start()
    most = together([lambda e=e: work(e) for e in engines])
    stop.set()
    watcher.join()
    assert over == []
    assert max(most) > 1
    assert lease(ten, engines[0], 50).allowed == 10  # nothing was lost on the way


def test_two_equal_engines_have_half_each_after_two_rounds(ten: Books) -> None:
    one, two = ten.engine(), ten.engine()
    assert lease(ten, one, 100).allowed == 10
    assert lease(ten, two, 100).allowed == 0  # it is asked for, not taken away
    assert [lease(ten, e, 100).allowed for e in (one, two)] == [5, 5]
    assert [lease(ten, e, 100).allowed for e in (one, two)] == [5, 5]


def test_calls_that_are_open_are_not_taken_back(ten: Books) -> None:
    one, two = ten.engine(), ten.engine()
    lease(ten, one, 100)
    lease(ten, two, 100)
    assert lease(ten, one, 100, busy=8).allowed == 5
    assert lease(ten, two, 100).allowed == 2
    assert lease(ten, one, 100, busy=5).allowed == 5
    assert lease(ten, two, 100, busy=2).allowed == 5


def test_who_wants_little_leaves_the_rest(ten: Books) -> None:
    small, large = ten.engine(), ten.engine()
    assert lease(ten, small, 2).allowed == 2
    assert lease(ten, large, 100).allowed == 8
    assert lease(ten, small, 0).allowed == 0
    assert lease(ten, large, 100).allowed == 10


@pytest.mark.parametrize("engines", [3, 4, 6, 9, 12])
def test_nobody_goes_without_while_others_have_two_more(ten: Books, engines: int) -> None:
    """Ten permits for many: no two shares differ by more than one, and none lies idle."""
    names = [ten.engine() for _ in range(engines)]
    lease(ten, names[0], 100)
    for _ in range(3):
        got = [lease(ten, engine, 100).allowed for engine in names]
    assert sum(got) == 10
    assert max(got) - min(got) <= 1


def test_permits_lapse(ten: Books) -> None:
    dead, living = ten.engine(), ten.engine()
    lease(ten, dead, 100)
    assert lease(ten, living, 100).allowed == 0
    ten.execute("UPDATE speeko.permit SET until = clock_timestamp() WHERE claimant_id = %s", [dead])
    assert lease(ten, living, 100).allowed == 10
    assert [h.held for h in permits.holders(ten.database)] == [10]


def test_permits_go_with_their_engine(ten: Books) -> None:
    lease(ten, engine := ten.engine(), 100)
    ten.execute("DELETE FROM speeko.claimant WHERE id = %s", [engine])
    assert permits.holders(ten.database) == []


def test_a_block_holds_everybody_and_the_longest_counts(ten: Books) -> None:
    engines = [ten.engine() for _ in range(2)]
    assert lease(ten, engines[0], 5).blocked_seconds == 0
    ten.run(lambda t: permits.block(t, ACCOUNT, 100, "429"))
    ten.run(lambda t: permits.block(t, ACCOUNT, 1, "429 again"))
    assert all(50 < lease(ten, engine, 5).blocked_seconds <= 100 for engine in engines)
    assert lease(ten, engines[0], 5).allowed == 5  # what is held stays held
    ten.execute("UPDATE speeko.account SET blocked_until = clock_timestamp()")
    assert lease(ten, engines[0], 5).blocked_seconds == 0


def test_accounts_do_not_share(ten: Books) -> None:
    ten.run(lambda t: permits.open_account(t, "other", 3))
    lease(ten, ten.engine(), 100)
    asked = LeaseRequest(100, 0)
    engine = ten.engine()
    assert ten.run(lambda t: permits.lease(t, "other", engine, asked, 60)).allowed == 3


def test_a_lower_ceiling_counts_from_the_next_lease(ten: Books) -> None:
    one, two = ten.engine(), ten.engine()
    lease(ten, one, 100)
    ten.run(lambda t: permits.open_account(t, ACCOUNT, 4))
    assert lease(ten, one, 100, busy=10).allowed == 4
    assert lease(ten, two, 100).allowed == 0
    assert lease(ten, one, 100, busy=3).allowed == 2
    assert lease(ten, two, 100).allowed == 1


def age(books: Books, seconds: int) -> None:
    """Let the account's last moves be that long ago."""
    books.execute(
        "UPDATE speeko.account SET moved_at = moved_at - make_interval(secs => %s), "
        "window_at = window_at - make_interval(secs => %s), "
        "filled_at = filled_at - make_interval(secs => %s)",
        [seconds] * 3,
    )


def test_the_limit_goes_down_when_calls_are_thrown_back(ten: Books) -> None:
    engine, thrown_back = ten.engine(), CallWindow(20, 10, saturated=True)
    lease(ten, engine, 100)
    age(ten, 10)
    assert lease(ten, engine, 100, seen=thrown_back).limit == 5
    assert lease(ten, engine, 100, seen=thrown_back).limit == 5  # that was seen before the cut was known
    age(ten, 10)
    assert lease(ten, engine, 100, seen=thrown_back).limit == 2
    for _ in range(30):
        age(ten, 100)
        lease(ten, engine, 100, seen=CallWindow(20, 0, saturated=True))
    (account,) = permits.accounts(ten.database)
    assert (account.limit, account.ceiling) == (10, 10)


def test_what_several_engines_see_is_added_up(ten: Books) -> None:
    engines = [ten.engine() for _ in range(3)]
    for engine in engines:
        lease(ten, engine, 100, seen=CallWindow(10, 2, saturated=True))
    age(ten, 10)
    lease(ten, engines[0], 100)
    (account,) = permits.accounts(ten.database)
    assert (account.limit, account.why) == (5, "6 of 30 calls were thrown back")


def test_rates_a_minute_are_shared_out_and_never_passed(books: Books) -> None:
    books.run(lambda t: permits.open_account(t, ACCOUNT, 100, calls_a_minute=600, chars_a_minute=60_000))
    engines = [books.engine() for _ in range(4)]
    age(books, 3_600)
    calls = chars = 0
    for _ in range(30):
        for engine in engines:
            got = lease(books, engine, 100)
            calls, chars = calls + got.calls, chars + got.chars
    # a bucket of two seconds, and what dripped in while this ran
    seconds = 2 + books.one(
        "SELECT extract(epoch FROM clock_timestamp() - min(started_at))::float8 FROM speeko.claimant"
    )
    assert 0 < calls <= 10 * seconds
    assert 0 < chars <= 1_000 * seconds


def test_what_was_not_used_of_a_rate_is_there_again(books: Books) -> None:
    books.run(lambda t: permits.open_account(t, ACCOUNT, 100, calls_a_minute=1))  # none drips in meanwhile
    one, two = books.engine(), books.engine()
    age(books, 3_600)
    first = lease(books, one, 100).calls
    assert first == 1
    for _ in range(5):
        lease(books, two, 100)
    assert lease(books, two, 100).calls == 0
    assert lease(books, one, 100, calls_back=first).calls == 1


def test_no_rate_is_said_so(ten: Books) -> None:
    got = lease(ten, ten.engine(), 1)
    assert (got.calls, got.chars) == (-1, -1)
