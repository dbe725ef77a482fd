"""Who may have how many calls open: all of the limit, never more, and nobody goes short for another."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from speeko_jobs.core.policies.permit_shares import grant

ENGINES = st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=12)


@given(st.integers(0, 200), st.integers(0, 300), ENGINES)
def test_what_all_hold_is_never_more_than_the_limit(
    limit: int, wants: int, others: list[tuple[int, int]]
) -> None:
    got = grant(limit, wants, others)
    assert 0 <= got <= wants
    held = sum(held for held, _ in others)
    assert got + held <= max(limit, held)


@given(st.integers(1, 100), st.lists(st.integers(0, 300), min_size=1, max_size=10))
def test_after_some_rounds_shares_are_fair_and_none_lies_idle(limit: int, wanted: list[int]) -> None:
    held = [0] * len(wanted)
    for _ in range(4):
        for n, wants in enumerate(wanted):
            others = [(held[m], wanted[m]) for m in range(len(wanted)) if m != n]
            held[n] = grant(limit, wants, others)
    assert sum(held) == min(limit, sum(wanted))
    short = [held[n] for n, wants in enumerate(wanted) if held[n] < wants]
    if short:
        assert max(held) - min(short) <= 1


def test_who_is_alone_gets_all_it_wants() -> None:
    assert grant(20, 7, []) == 7
    assert grant(20, 70, []) == 20
    assert grant(20, 70, [(0, 0)]) == 20
