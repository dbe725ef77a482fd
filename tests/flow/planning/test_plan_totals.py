"""Sums of a plan: each text once, by the highest rank that any row gives it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest

from speeko_jobs.core.job.plan_summary import Plan
from speeko_jobs.core.job.row_reader import SpokenRow
from speeko_jobs.core.voices.routing import Routing
from speeko_jobs.flow.cache.missing_audio import MissingAudio
from speeko_jobs.flow.planning.key_lookup import KeyRank
from speeko_jobs.flow.planning.plan_totals import PlanTotals, add_missing
from tests.fixtures.books import SPEC, key_of

VOICE = SPEC.voice


def row(no: int, *texts: str, voice: str = VOICE) -> SpokenRow:
    keys = tuple(map(key_of, texts))
    return SpokenRow(
        no, f"r{no}", f"r{no}.mp3", voice, "", sum(map(len, texts)), keys, texts, " ".join(texts)
    )


def price(text: str) -> int:
    return 15 * len(text) + 1


@pytest.fixture
def totals() -> Iterator[PlanTotals]:
    opened = PlanTotals(SPEC)
    yield opened
    opened.close()


def filled(totals: PlanTotals, rows: int, skipped: Sequence[int] = ()) -> Plan:
    plan = Plan()
    totals.fill(plan, rows, set(skipped))
    return plan


def test_each_text_is_bought_once_and_listed_every_time(totals: PlanTotals) -> None:
    ranks = {key_of("hello"): KeyRank.TO_BUY, key_of("bye"): KeyRank.IN_FLIGHT}
    totals.add([row(1, "hello"), row(2, "bye"), row(3, "hello"), row(4, "known")], (), ranks)
    plan = filled(totals, 4)
    assert (plan.rows, plan.unique_texts, plan.duplicates) == (4, 3, 1)
    assert (plan.to_buy, plan.calls, plan.billed_chars, plan.cost_micros) == (1, 1, 5, price("hello"))
    assert (plan.in_flight, plan.in_flight_micros) == (1, price("bye"))
    assert (plan.cached, plan.reused) == (1, 0)
    assert plan.chars == 5 + 3 + 5 + 5
    assert plan.list_micros == 2 * price("hello") + price("bye") + price("known")


def test_a_row_of_several_texts_pays_for_each(totals: PlanTotals) -> None:
    ranks = {key_of("one"): KeyRank.TO_BUY, key_of("three"): KeyRank.REUSED}
    totals.add([row(1, "one", "three", "five")], (), ranks)
    plan = filled(totals, 1)
    assert (plan.unique_texts, plan.to_buy, plan.reused, plan.cached) == (3, 1, 1, 2)
    assert plan.cost_micros == price("one")


def test_the_highest_rank_of_a_text_counts(totals: PlanTotals) -> None:
    ranks = {key_of("hello"): KeyRank.TO_BUY}
    totals.add([row(1, "hello")], {0}, {})  # its file is there
    totals.add([row(2, "hello")], (), ranks)  # another row's is not
    assert filled(totals, 2).to_buy == 1


def test_what_is_unchanged_is_neither_bought_nor_looked_for(totals: PlanTotals) -> None:
    totals.add([row(1, "hello"), row(2, "known")], {0}, {})
    plan = filled(totals, 2)
    assert (plan.to_buy, plan.cost_micros, plan.cached) == (0, 0, 2)
    (known,) = [part for part in totals.cached_keys(set()) if part]
    assert known == [(key_of("known")[:16], (5, price("known")))]


def test_skipped_rows_do_not_count(totals: PlanTotals) -> None:
    ranks = {key_of("hello"): KeyRank.TO_BUY, key_of("bye"): KeyRank.TO_BUY}
    totals.add([row(1, "hello"), row(2, "bye")], (), ranks)
    plan = filled(totals, 2, skipped=[2])
    assert (plan.rows, plan.skipped, plan.to_buy, plan.cost_micros) == (1, 1, 1, price("hello"))


def test_a_cheaper_voice_saves_against_the_default_one() -> None:
    spec = replace(SPEC, routing=Routing(()))
    totals = PlanTotals(spec)
    totals.add([row(1, "x" * 100, voice="kokoro-low-latency"), row(2, "hello")], (), {})
    plan = filled(totals, 2)
    assert plan.routing_saved_micros == 1501 - 1201
    totals.close()


def test_missing_audio_is_paid_for_again(totals: PlanTotals) -> None:
    totals.add([row(1, "hello"), row(2, "known")], (), {key_of("hello"): KeyRank.TO_BUY})
    plan = filled(totals, 2)
    missing = MissingAudio()
    missing.add(None, 5, price("known"))
    add_missing(plan, missing)
    missing.close()
    assert (plan.gone, plan.gone_micros) == (1, price("known"))
    assert (plan.cached, plan.to_buy, plan.calls, plan.billed_chars) == (0, 2, 2, 10)
    assert plan.cost_micros == price("hello") + price("known")
    assert plan.notes == ["1 known text is gone from the store: $0.000076 to buy again"]
