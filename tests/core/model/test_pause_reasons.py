"""Kinds of pause: the stored reason round-trips."""

from __future__ import annotations

import pytest

from speeko_jobs.core.model.pause_reasons import PauseKind, kind_of, stored_reason


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
