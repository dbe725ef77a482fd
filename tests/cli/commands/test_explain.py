"""`speeko explain` as a user meets it, and what is wrong with words, files and rules, in one line each."""

from __future__ import annotations

import io
import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from speeko_cli.output.row_explanation import print_explained
from speeko_jobs.core.reporting.explained_row import AudioOrigin, Explained, ExplainedPart
from tests.fixtures.database import migrated_template, migrated_url  # noqa: F401

CATALOG = (
    "id,text,voice\n"
    'a,"<p>Keeps you <b>warm</b> &amp; dry. Ask for WiFi. It goes on and on.</p>",\n'
    "b,Hello there,kokoro-friendly\n"
    "c,!,\n"
    "d,Hello there,kokoro-friendly\n"
)


@pytest.fixture
def shop(
    here: Any,
    migrated_url: str,  # noqa: F811
    redis_url: str,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> Any:
    """`speeko` in this process on a migrated database, in a folder with a catalog."""
    monkeypatch.setenv("SPEEKO_DATABASE_URL", migrated_url)
    monkeypatch.setenv("SPEEKO_REDIS_URL", redis_url)
    monkeypatch.setenv("SPEEKO_PROVIDER", "speeko")
    (tmp_path / "shop.csv").write_text(CATALOG)
    (tmp_path / "words.toml").write_text('"WiFi" = "why fi"\n')
    return here


def test_a_row_from_its_text_to_its_price(shop: Any) -> None:
    code, out, err = shop("explain", "shop.csv", "--lexicon", "words.toml", "--segments", "sentence")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert lines[:5] == [
        "row       shop.csv, row 1",
        "id        a",
        "source    <p>Keeps you <b>warm</b> &amp; dry. Ask for WiFi. It goes on and on.</p>",
        "cleaned   Keeps you warm & dry. Ask for WiFi. It goes on and on.",
        "lexicon   Keeps you warm & dry. Ask for why fi. It goes on and on.",
    ]
    assert "voice     kokoro-professional (default)" in lines
    assert "file      a.mp3 (3 segments joined)" in lines
    at = lines.index("2 of 3    Ask for why fi.")
    assert len(lines[at + 1].removeprefix("key ").strip()) == 64
    assert lines[at + 2] == "from      to buy: 15 characters for $0.000226"
    assert "cost      $0.000813" in lines


def test_the_same_as_json(shop: Any) -> None:
    found = shop.json("explain", "shop.csv", "--row", "2")
    assert (found["id"], found["voice"], found["voice_why"]) == ("b", "kokoro-friendly", 'column "voice"')
    assert found["segments"][0] | {"key": ""} == {
        "text": "Hello there", "key": "", "chars": 11, "call_usd": "0.000166", "from": "to_buy", "detail": "",
    }  # fmt: skip
    assert found["cost_usd"] == "0.000166"
    again = shop.json("explain", "shop.csv", "--row-id", "d")
    assert (again["row"], again["segments"][0]["from"], again["cost_usd"]) == (4, "duplicate", "0.000000")


def test_a_refused_row_says_why(shop: Any) -> None:
    code, out, _ = shop("explain", "shop.csv", "--row", "3")
    assert code == 3  # as a run with refused rows ends
    assert "refused   there is nothing to speak in the text" in out.splitlines()
    code, out, err = shop("explain", "shop.csv", "--row", "3", "--json")
    assert (code, err, json.loads(out)["refused"]) == (3, "", "there is nothing to speak in the text")


def test_a_row_without_text_is_left_out(shop: Any, tmp_path: Path) -> None:
    (tmp_path / "pictures.csv").write_text("id,text\na,Hello there\na,\n")
    code, out, _ = shop("explain", "pictures.csv", "--row", "2")
    assert code == 0
    assert "left out  the row has no text, which is no failure" in out.splitlines()


def test_it_fits_80_columns_and_is_inert() -> None:
    text = "Ein\x1b[31m Wort und 漢字。" * 20 + "x" * 200
    part = ExplainedPart(bytes(32), text, 300, 4501, AudioOrigin.TO_BUY, "it failed before: HTTP 400: no")
    found = Explained(
        "shop.csv", 1, 1, "a", text, (("cleaned", text),), parts=(part, part), path="a.mp3", voice="v" * 90
    )
    out = io.StringIO()
    print_explained(found, Console(file=out, width=80, markup=False, highlight=False, emoji=False))
    assert "\x1b" not in out.getvalue()
    console = Console(width=80)
    assert max(console.measure(line).maximum for line in out.getvalue().splitlines()) <= 80


def test_long_texts_and_many_segments_are_cut_short_for_people() -> None:
    part = ExplainedPart(bytes(32), "Hi.", 3, 46, AudioOrigin.TO_BUY)
    found = Explained("shop.csv", 1, 1, "a", "x" * 10_000, parts=(part,) * 120)
    out = io.StringIO()
    print_explained(found, Console(file=out, width=80))
    assert "… and 6,000 more characters" in out.getvalue()
    assert "and 70 more (--json has all)" in out.getvalue()
    assert len(found.to_json()["segments"]) == 120


# what is wrong is told in one line


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ("--row 5", 1, "shop.csv: there is no row number 5 among 4"),
        ("--row 0", 2, "0 is not in the range"),
        ("--row 99999999999999999999", 2, "not in the range"),
        ("--row-id zz", 1, "there is no row with the id 'zz' among 4"),
        ("--row 1 --row-id a", 2, "give one of them"),
        ("--lexicon gone.toml", 1, "gone.toml: the lexicon cannot be read (No such file or directory)"),
        ("--lexicon .", 1, "the lexicon cannot be read (Is a directory)"),
        ("--lexicon shop.csv", 1, "shop.csv:"),
        ("--lexicon binary", 1, "binary, line 2: not UTF-8"),
        ("--lexicon broken.pls", 1, "broken.pls, line 1: no element found"),
        ("--lexicon empty.toml", 1, "empty.toml: the lexicon is empty"),
        ("--lexicon numbers.toml", 1, "numbers.toml"),
        ("--loudness 3", 1, "--loudness takes -50 to -5 (LUFS), not 3"),
        ("--loudness nan", 1, "--loudness takes -50 to -5 (LUFS), not nan"),
        ("--loudness loud", 2, "'loud' is not a valid float"),
        ("--format aac", 1, "--format takes mp3, ogg, opus, wav, flac, not 'aac'"),
        ("--rules gone.toml", 1, "gone.toml: there is no such file"),
        ("--rules kategory.toml", 1, 'shop.csv: rule 1: there is no column "kategory"'),
        ("--rules words.toml", 1, "words.toml: 'WiFi' is not supported"),
        ("--rules unknown.toml --provider espeak", 1, "espeak has no voice 'nobody'"),
        ("--segments word", 2, "'word' is not one of"),
        ("--ssml yes", 2, "'yes' is not one of"),
        ("--voice auto --min-quality 0.99", 1, "provider speeko: no voice will do"),
        ("--min-quality 0.5", 2, "it takes --voice auto"),
        ("--voices-file gone.toml", 1, "gone.toml: there is no such file"),
        ("--name {row", 2, "name template"),
    ],
)
def test_words_and_files_that_are_no_good(
    shop: Any, tmp_path: Path, words: str, code: int, told: str
) -> None:
    (tmp_path / "binary").write_bytes(bytes(range(256)) * 4)
    (tmp_path / "broken.pls").write_text("<lexicon><lexeme>")
    (tmp_path / "empty.toml").write_text("# nothing\n")
    (tmp_path / "numbers.toml").write_text('"WiFi" = 5\n')
    rule = '[[rule]]\nwhen = {{{} = "toys"}}\nvoice = "nobody"\n'
    (tmp_path / "kategory.toml").write_text(rule.format("kategory").replace("nobody", "kokoro-friendly"))
    (tmp_path / "unknown.toml").write_text(rule.format("text"))
    for verb in ("explain", "estimate"):
        if verb == "estimate" and "--row" in words:
            continue
        done, out, err = shop(verb, "shop.csv", *shlex.split(words))
        assert (done, out) == (code, ""), (verb, err)
        assert told in err
        assert len(err.splitlines()) == 1, err
        assert "bug" not in err


@pytest.mark.parametrize("name", ["gone.csv", "empty.csv"])
def test_catalogs_that_are_none(shop: Any, tmp_path: Path, name: str) -> None:
    (tmp_path / "empty.csv").write_text("")
    code, out, err = shop("explain", name)
    assert (code, out, len(err.splitlines())) == (1, "", 1)
    assert name in err
