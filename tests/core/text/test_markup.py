"""Markdown and shortcodes are spoken as they stand, unless a job asks for less."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from speeko_jobs.core.text.cleaning import spoken
from speeko_jobs.core.text.markup import suggestion
from speeko_jobs.core.text.pipeline import Wording

FEATURES = (
    "## Features\n\n- **Solid** oak\n- *Oiled* finish\n\nSee [our guide](https://a.example/g) for `care`."
)
TABLE = "| Size | Weight |\n|---|---|\n| M | 200 g |"
GALLERY = '[gallery ids="1,2"] A lamp [vc_row][vc_column_text]Tall[/vc_column_text][/vc_row]'


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        (FEATURES, "Features. Solid oak. Oiled finish. See our guide for care."),
        (r"- **Solid** oak\n- Oiled\n- Waxed", "Solid oak. Oiled. Waxed"),
        ("* Water resistant\n* Two pockets\n* One size", "Water resistant. Two pockets. One size"),
        (TABLE, "Size. Weight. M. 200 g"),
        ("Oak ![a picture](x.jpg) lamp", "Oak lamp"),
        ("<p>Oak &amp; pine</p>", "Oak & pine"),
        ("2 * 3 * 4 and snake_case_name", "2 * 3 * 4 and snake_case_name"),
        ("    indented text", "indented text"),
        ("5 kg. Soft", "5 kg. Soft"),
    ],
)
def test_markdown(source: str, wanted: str) -> None:
    wording = Wording(markup="markdown")
    assert not wording.is_plain
    assert wording.spoken(source, "") == wanted


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        (GALLERY, "A lamp. Tall"),
        ('[caption id="a" width="3"]An oak lamp[/caption] stands', "An oak lamp. stands"),
        ("[embed]https://example.com/v[/embed]See it", "See it"),
        ("Quoted [sic] and [1] and [[gallery]]", "Quoted [sic] and [1] and [gallery]"),
        ("[b]bold[/b]", "bold"),
        ("[contact-form-7]", ""),
    ],
)
def test_shortcodes(source: str, wanted: str) -> None:
    assert Wording(markup="wordpress").spoken(source, "") == wanted


def test_nothing_is_taken_out_unasked() -> None:
    assert Wording().spoken(GALLERY, "") == GALLERY
    assert Wording().spoken("**Solid** oak", "") == "**Solid** oak"
    assert (Wording(markup="markdown").version, Wording().version) == ("2+markdown", "2")


@given(
    st.lists(
        st.sampled_from(
            ["#", "*", "_", "`", "[", "]", "(a)", "\n", "- ", "| ", "---", "<b>", "a", " ", "/x", "=1"]
        )
    )
)
def test_the_words_are_clean(parts: list[str]) -> None:
    for markup in ("markdown", "wordpress"):
        words = Wording(markup=markup).spoken("".join(parts), "")
        assert spoken(words) == words


def test_it_is_suggested_where_a_share_of_the_texts_has_it() -> None:
    plain = ["An oak lamp, 5 * 3 m [1], of snake_case."] * 10
    assert suggestion([*plain, FEATURES]) == (
        "1 of the first 11 texts hold Markdown: --markup markdown leaves its signs unspoken"
    )
    assert "--markup wordpress" in suggestion([*plain, GALLERY, GALLERY])
    assert suggestion(plain) == ""
    assert suggestion([*plain * 10, FEATURES]) == ""
    assert suggestion([]) == ""
