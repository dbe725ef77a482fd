"""A cloze deletion says its answer, a sound tag nothing."""

from __future__ import annotations

import pytest

from speeko_jobs.core.text.cleaning import spoken
from speeko_jobs.core.text.text_rules import VERSIONS


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("Ich {{c1::bin::sein}} ein Mann.", "Ich bin ein Mann."),
        ("The {{c1::world}} has gone {{c2::nuts}}", "The world has gone nuts"),
        ("{{c1::one {{c2::two::hint}} three}} end", "one two three end"),
        ("Guten Morgen[sound:guten_morgen.mp3]", "Guten Morgen"),
        (
            "[anki:tts lang=en_US] Hello",
            "[anki:tts lang=en_US] Hello",
        ),
        ("[sound:a.mp3]", ""),
        ("std::vector and {{ a::b }}", "std::vector and {{ a::b }}"),
    ],
)
def test_tags(source: str, wanted: str) -> None:
    assert spoken(source) == wanted
    assert spoken(wanted) == wanted
    assert spoken(source, VERSIONS[1]) == source
