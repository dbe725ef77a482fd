"""What looks like the end of a sentence and is none; with and without a language."""

from __future__ import annotations

import pytest

from speeko_jobs.core.text.segmentation import sentences, split
from speeko_jobs.core.text.text_rules import VERSIONS

FOUND = [
    ("en", "Mr. Smith lives in St. Louis.|He blew a 0.9 at 3 p.m. on Jan. 5.|It cost approx. $5."),
    ("de", "Sie wurde am 3. Mai 2020 vom 2. Werk geliefert.|Nr. 5 ist ausverkauft."),
    ("de", "Die Lampe ist ca. 30 cm hoch, d.h. z.B. für den Tisch geeignet.|Sie ist neu."),
    ("fr", "M. Dupont habite au 3 av. de la Paix.|Il a 5 ans env. et c.-à-d. beaucoup.|Ça va ?"),
    ("pl", "Prof. Kowalski mieszka przy ul. Długiej 5.|To wszystko."),
    ("ja", "これは素晴らしい商品です。|「本当に？」と彼は言った。|はい！"),
    ("de", "Er kostet 5 Euro.|Jetzt kaufen!|Nur heute."),
    ("en", "Version 2.0.1 is out.|Node.js and ASP.NET work."),
    ("en", "Vol. 2 is great.|See fig. 3.|Approx. 3 ft. long.|Vol. II is out."),
    ("en", "It is ok.|The volume ends.|She said no.|They left."),
]


@pytest.mark.parametrize(("language", "marked"), FOUND)
def test_sentences_end_where_a_reader_ends_them(language: str, marked: str) -> None:
    wanted = tuple(marked.split("|"))
    text = ("" if language == "ja" else " ").join(wanted)
    assert sentences(text, 1_000, language) == wanted
    assert sentences(text, 1_000) == wanted


def test_a_polish_circa_needs_its_language() -> None:
    assert sentences("Produkt ma ok. 30 cm, tj. mało.", 1_000, "pl") == ("Produkt ma ok. 30 cm, tj. mało.",)


def test_the_first_version_cuts_as_it_did() -> None:
    text = "Node.js and ASP.NET work."
    assert sentences(text, 1_000, "en", VERSIONS[1]) == ("Node.js and ASP.", "NET work.")


def test_long_texts_are_not_cut_inside_what_is_no_end() -> None:
    text = "Die Lampe wurde am Montag vom 2. Werk geliefert. Sie ist neu."
    assert split(text, 55, "de") == ["Die Lampe wurde am Montag vom 2. Werk geliefert.", "Sie ist neu."]


def test_what_goes_on_for_ever_is_cut_all_the_same() -> None:
    pieces = sentences("ca. " * 400, 100, "de")
    assert "".join(pieces).replace(" ", "") == "ca." * 400
    assert all(len(piece) <= 100 for piece in pieces)
