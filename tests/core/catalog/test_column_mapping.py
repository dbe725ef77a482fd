"""Which columns are taken: what was asked for, else a guess that is told."""

from __future__ import annotations

import pytest

from speeko_jobs.core.catalog.column_mapping import Columns, choose, join_ids, join_texts
from speeko_jobs.errors import CatalogError

ROWS = [["a1", "A red shoe. It is warm.", "9"], ["a2", "A blue shoe, for the rain.", "8"]]


def test_common_names() -> None:
    columns = choose(["sku", "description", "price"], True, ROWS)
    assert columns == Columns(
        (0,), (1,), None, None, 'text from "description", id from "sku" (guessed; choose with --text, --id)'
    )


@pytest.mark.parametrize(
    "name", ["id", "ID", "Product ID", "productId", "url-key", "custom_id", "handle", "Key"]
)
def test_spellings_of_id(name: str) -> None:
    assert choose(["price", "text", name], True, [["9", "b", "1"], ["9", "c", "2"]]).id == (2,)


def test_the_better_name_wins() -> None:
    header = ["handle", "title", "id", "description", "lang", "voice"]
    columns = choose(header, True, [["h", "t", "1", "d", "en", "v"]])
    assert (columns.id, columns.text, columns.voice, columns.language) == ((2,), (3,), 5, 4)
    assert 'voice from "voice", language from "lang"' in columns.guessed


def test_a_named_column_that_is_empty_or_repeats_is_passed_over() -> None:
    rows = [["h", "", f"{i}", f"Words of row {i}"] for i in range(20)]
    columns = choose(["id", "text", "sku", "body"], True, rows)
    assert (columns.id, columns.text) == ((2,), (3,))


def test_a_few_repeats_do_not_hide_the_id() -> None:
    rows = [[str(i // 3 * 3 if i % 9 == 1 else i), "words"] for i in range(30)]
    assert choose(["id", "text"], True, rows).id == (0,)


@pytest.mark.parametrize("name", ["speaker", "voice name", "country", "languages", "tone of voice"])
def test_voice_and_language_are_not_guessed_from_other_names(name: str) -> None:
    columns = choose(["id", "text", name], True, [["1", "a", "en"]])
    assert (columns.voice, columns.language) == (None, None)


def test_what_was_asked_for_is_taken() -> None:
    header = ["id", "text", "voice", "lang", "title"]
    columns = choose(
        header, True, [], id=["title", "1"], text=["lang", "text"], voice="title", language="voice"
    )
    assert columns == Columns((4, 0), (3, 1), 4, 2, "")


def test_a_guess_never_takes_a_column_that_was_asked_for() -> None:
    columns = choose(["id", "text", "description"], True, [["1", "a", "b"]], voice="text")
    assert columns.text == (2,)
    assert choose(["id", "text"], True, [["1", "a"]], text=["id"]).id == ()


def test_numbers_name_columns_with_and_without_header() -> None:
    assert choose(["a", "b"], True, [], id=["1"], text=["2"]).text == (1,)
    assert choose(["1", "2"], False, [], id=["1"], text=["2"]).text == (1,)
    assert choose(["a", "1"], True, [], text=["1"], id=["a"]).text == (1,)  # a name comes first


@pytest.mark.parametrize("name", ["nope", "0", "3", "-1", "²", "1.0"])
def test_an_unknown_column_lists_those_there_are(name: str) -> None:
    with pytest.raises(CatalogError, match=r'there is no column ".*": the columns are "sku", "text"$'):
        choose(["sku", "text"], True, [], text=[name])


def test_a_name_that_two_columns_have() -> None:
    with pytest.raises(CatalogError, match='2 columns are called "name": give the number, 1 or 3'):
        choose(["name", "text", "name"], True, [], id=["name"])


def test_long_lists_are_cut() -> None:
    with pytest.raises(CatalogError, match="and 1960 more") as caught:
        choose([f"c{i}" for i in range(2000)], True, [], text=["x"])
    assert len(str(caught.value)) < 500


def test_without_header_by_content() -> None:
    rows = [[f"wav/{i}.wav", str(i % 3), f"He said {i}. Then he went."] for i in range(50)]
    columns = choose(["1", "2", "3"], False, rows)
    assert (columns.id, columns.text) == ((0,), (2,))
    assert columns.guessed == (
        "no header: text from column 3, id from column 1 (guessed; choose with --text, --id)"
    )
    rows = [["210", "Thai", "Some words here"], ["210", "Thai", "Other words here"]]
    assert "id from the row number" in choose(["1", "2", "3"], False, rows).guessed


def test_scripts_without_spaces_are_text_and_addresses_are_not() -> None:
    rows = [["1", "https://host/a/very/long/path/indeed", "赤い靴です"]]
    assert choose(["1", "2", "3"], False, rows).text == (2,)
    assert choose(["a", "b", "c"], True, rows).text == (2,)


def test_one_column_needs_no_word() -> None:
    assert choose(["text"], True, [["a"]]) == Columns((), (0,), None, None, "")
    assert choose(["1"], False, [["a"]]).text == (0,)


def test_no_column_like_text() -> None:
    with pytest.raises(CatalogError, match='choose one with --text: the columns are "a", "b"'):
        choose(["a", "b"], True, [["1", "2"]])


def test_joining() -> None:
    assert join_ids(["a", "b"]) == "a-b"
    assert join_texts(["Red shoe", " Warm and dry. ", "", "Only here!", "Buy"]) == (
        "Red shoe. Warm and dry. Only here! Buy"
    )
    assert join_texts(["", " "]) == ""
