"""Mojibake is mended, and nothing else is touched."""

from __future__ import annotations

import ftfy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speeko_jobs.core.text.cleaning import spoken
from speeko_jobs.core.text.mojibake import repaired


@pytest.mark.parametrize(
    ("broken", "meant"),
    [
        ("GrÃ¶ÃŸe 38â€“40", "Größe 38–40"),
        ("dÃ©jÃ\xa0 vu", "déjà vu"),
        ("itâ€™s â€œniceâ€\x9d", "it’s “nice”"),
        ("Preis 20 â‚¬", "Preis 20 €"),
        ("Gr&Atilde;&para;&Atilde;&#376;e", "Größe"),
        ("l\u2019humanitÃ©", "l\u2019humanité"),
        ("æ—¥æœ¬èªž", "日本語"),
        ("\x93quoted\x94", "“quoted”"),
    ],
)
def test_mojibake_is_mended(broken: str, meant: str) -> None:
    assert spoken(repaired(broken)) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "“It’s” ‘fine’ — really… ﬁne",
        "Größe 38–40 · 20 €",
        "ＡＢＣ　１２３",
        "R&amp;D <b>bold</b> &Atilde; &copy;",
        "e\u0301 a\u200db \x1b[31mred\x1b[0m\r\nnext\x07",
        "SÃO PAULO, À LA CARTE",
        "日本語 हिन्दी العربية",
    ],
)
def test_text_that_makes_sense_stays(text: str) -> None:
    assert repaired(text) == text


MANGLED = st.text(max_size=8).map(lambda text: text.encode("utf-8", "ignore").decode("latin-1"))
LETTERS = st.sampled_from("aZ .,é–œŒÂÃà€™“×²°·\x93\xa0\n")


@settings(deadline=None, max_examples=300)
@given(st.lists(st.text(max_size=3) | MANGLED | LETTERS, max_size=12).map("".join))
def test_the_quick_test_misses_nothing_that_ftfy_mends(text: str) -> None:
    text = text.replace("&", "+")
    assert repaired(text) == ftfy.fix_text(
        text,
        unescape_html=False,
        remove_terminal_escapes=False,
        fix_latin_ligatures=False,
        fix_character_width=False,
        uncurl_quotes=False,
        fix_line_breaks=False,
        fix_surrogates=False,
        remove_control_chars=False,
        normalization=None,
    )


def test_a_long_text_is_no_trap() -> None:
    for unit in ("Ã¶", "â€", "&Atilde;", "é ", "Ã"):
        repaired(unit * (100_000 // len(unit)))
