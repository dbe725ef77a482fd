"""Versions of the text rules: specs that name none are of the first one."""

from __future__ import annotations

import pytest

from speeko_jobs.core.job.job_spec import from_json
from speeko_jobs.core.text.text_rules import CURRENT_RULES, TEXT_VERSION, earlier_versions, rules_of
from speeko_jobs.errors import ConfigError
from tests.fixtures.books import SPEC


def test_a_spec_of_a_release_without_versions_keeps_its_words() -> None:
    stored = SPEC.to_json()
    assert from_json(stored).text_rules == TEXT_VERSION
    del stored["text_rules"]
    assert from_json(stored).text_rules == 1


def test_versions_are_found_by_number() -> None:
    assert rules_of(TEXT_VERSION) is CURRENT_RULES
    assert earlier_versions(TEXT_VERSION) == list(range(TEXT_VERSION - 1, 0, -1))
    assert earlier_versions(1) == []
    with pytest.raises(ConfigError, match="unknown version 99"):
        rules_of(99)
