"""Kinds of pause: the stored reason round-trips, and each kind names its remedy."""

from __future__ import annotations

import pytest

from speeko_jobs.core.model.pause_reasons import (
    REMEDIES,
    PauseKind,
    kind_of,
    remedy,
    resumes_by_itself,
    stored_reason,
)
from speeko_jobs.core.policies.waste_breaker import cap_reason, wasteful_reason


@pytest.mark.parametrize("kind", PauseKind)
def test_a_stored_reason_tells_its_kind(kind: PauseKind) -> None:
    assert kind_of(stored_reason(kind, "a: detail with colons: 3")) is kind


@pytest.mark.parametrize("reason", ["by the user", "interrupted", "", "something: else", "budget"])
def test_reasons_without_a_known_prefix_are_the_users(reason: str) -> None:
    assert kind_of(reason) is PauseKind.USER


def test_reasons_stored_by_version_0_1_0_keep_their_kind() -> None:
    assert kind_of("budget: the next text would pass the job's budget") is PauseKind.BUDGET
    assert kind_of("provider: HTTP 401: no such key") is PauseKind.ACCOUNT
    assert kind_of("store: it refuses") is PauseKind.STORE
    assert kind_of("spool: the disk of /x has less than 256 MB free") is PauseKind.SPOOL


def test_each_kind_has_a_remedy_and_only_an_outage_ends_by_itself() -> None:
    assert set(REMEDIES) == set(PauseKind)
    assert [kind for kind in PauseKind if resumes_by_itself(kind)] == [PauseKind.OUTAGE]


@pytest.mark.parametrize("kind", PauseKind)
def test_each_remedy_names_the_command(kind: PauseKind) -> None:
    assert "speeko resume 7" in remedy(stored_reason(kind, "a detail"), 7)


def test_the_option_is_named_where_it_helps() -> None:
    own = "budget: the next text would pass the job's budget"
    assert remedy(own, 7).endswith("then: speeko resume 7 --budget USD")
    tenants = "budget: the next text would pass the daily cap of tenant shop"
    assert remedy(tenants, 7).endswith("then: speeko resume 7")
    used_up = cap_reason(1_000_000, 999_000, 2_000, [])
    assert remedy(used_up, 7).endswith("then: speeko resume 7 --max-waste USD")
    assert remedy(wasteful_reason("b" * 10, "m", "v", 900, []), 7).endswith("then: speeko resume 7")
    assert remedy("by the user", 7) == "speeko resume 7"
    assert "resumes when the provider answers again" in remedy("outage: every call failed", 7)
