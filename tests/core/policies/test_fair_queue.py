"""What an engine has to buy: turns between jobs, weights of tenants, priorities, and waiting."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from speeko_jobs.core.policies.fair_queue import CREDIT_CALLS, FairQueue, PurchaseRequest


def wants(job: int, count: int, first: int = 0) -> list[PurchaseRequest]:
    return [PurchaseRequest(f"{job}-{n}".encode(), n, n // 10) for n in range(first, first + count)]


def backlog(*lines: tuple[int, int, str, float], count: int = 1000) -> FairQueue:
    """Lines of (job, priority, tenant, weight), each with so many wants."""
    made = FairQueue()
    for job, priority, tenant, weight in lines:
        made.open(job, priority, tenant, weight)
        made.add(job, wants(job, count))
    return made


def served(made: FairQueue, calls: int, at_once: int = 5) -> Counter[int]:
    """How many wants of each job are among the next so many."""
    out: Counter[int] = Counter()
    while out.total() < calls:
        turn = made.take(at_once)
        assert turn is not None
        out[turn[0]] += len(turn[1])
    return out


def test_jobs_take_turns() -> None:
    made = backlog((1, 0, "a", 1), (2, 0, "a", 1), (3, 0, "a", 1))
    assert served(made, 300) == {1: 100, 2: 100, 3: 100}


def test_wants_of_a_job_come_in_their_order() -> None:
    made = backlog((1, 0, "a", 1), count=20)
    assert [want for _ in range(4) for want in made.take(5)[1]] == wants(1, 20)  # type: ignore[index]
    assert made.take(5) is None


def test_tenants_share_by_weight_however_many_jobs_they_have() -> None:
    made = backlog((1, 0, "heavy", 2), (2, 0, "light", 1), (3, 0, "light", 1), (4, 0, "light", 1))
    got = served(made, 900, at_once=1)
    assert abs(got[1] - 600) <= 2
    assert all(abs(got[job] - 100) <= 1 for job in (2, 3, 4))


def test_a_higher_priority_goes_first_whatever_the_weight() -> None:
    made = backlog((1, 0, "heavy", 100), (2, 5, "light", 0.1), count=50)
    assert made.top_priority() == 5
    assert served(made, 50) == {2: 50}
    assert made.top_priority() == 0
    assert served(made, 50) == {1: 50}
    assert made.top_priority() is None


def test_who_comes_late_gets_nothing_for_the_past() -> None:
    made = backlog((1, 0, "a", 1))
    served(made, 500)
    made.open(2, 0, "b", 1)
    made.add(2, wants(2, 1000))
    got = served(made, 200)
    assert abs(got[1] - got[2]) <= 5


def test_a_short_gap_is_made_up_for_and_a_long_one_is_not() -> None:
    for gap, owed in ((20, 20), (600, CREDIT_CALLS)):
        made = backlog((1, 0, "a", 1), (2, 0, "b", 1))
        served(made, 100)
        made.drop(2)
        served(made, gap)
        made.add(2, wants(2, 1000))
        got = served(made, 200)
        assert abs(got[2] - got[1] - owed) <= 10


def test_waiting_wants_come_when_their_time_has_come() -> None:
    made = backlog((1, 0, "a", 1), count=0)
    late, later = wants(1, 2)
    made.add_later(1, later, 20.0)
    made.add_later(1, late, 10.0)
    assert (len(made), made.ready(), made.next_wake()) == (2, 0, 10.0)
    assert made.take(5) is None
    made.wake(10.0)
    assert made.take(5) == (1, [late])
    assert made.next_wake() == 20.0


def test_dropping_forgets_all_of_one_job_and_says_what() -> None:
    made = backlog((1, 0, "a", 1), (2, 0, "a", 1), count=3)
    waiting = PurchaseRequest(b"waiting", 9, 9)
    made.add_later(1, waiting, 10.0)
    assert (made.jobs(), (1, 9) in made.chunks()) == ({1, 2}, True)
    assert sorted(made.drop(1), key=lambda w: w.row_no) == [*wants(1, 3), waiting]
    assert (made.jobs(), len(made), made.next_wake()) == ({2}, 3, None)
    assert made.drop(7) == []


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 2), st.sampled_from("ab"), st.integers(1, 9))))
def test_everything_is_served_once(added: list[tuple[int, int, str, int]]) -> None:
    made, put = FairQueue(), Counter[tuple[int, bytes]]()
    for n, (job, priority, tenant, count) in enumerate(added):
        made.open(job, priority, tenant)
        more = wants(job, count, first=100 * n)
        if n % 3:
            made.add(job, more)
        else:
            for want in more:
                made.add_later(job, want, float(n))
        put.update((job, want.key) for want in more)
    assert len(made) == put.total()
    made.wake(1e9)
    out = Counter[tuple[int, bytes]]()
    while (turn := made.take(4)) is not None:
        assert 0 < len(turn[1]) <= 4
        out.update((turn[0], want.key) for want in turn[1])
    assert out == put
