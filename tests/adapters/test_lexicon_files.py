"""Lexicon files as people write them, and as they should not: one clear line for each mistake."""

from __future__ import annotations

from pathlib import Path

import pytest

from speeko_jobs.adapters.lexicon_files import read_lexicon
from speeko_jobs.errors import ConfigError

PLS = """<?xml version="1.0" encoding="UTF-8"?>
<lexicon version="1.0" xmlns="http://www.w3.org/2005/01/pronunciation-lexicon"
  alphabet="ipa" xml:lang="en-GB">
  <meta name="author" content="x"/>
  <lexeme><grapheme>W3C</grapheme><alias>World Wide Web
    Consortium</alias><example>W3C</example></lexeme>
  <lexeme><grapheme>colour</grapheme><grapheme>color</grapheme>
    <alias>culler</alias><alias prefer="true">kuller</alias></lexeme>
  <lexeme><grapheme>Newton</grapheme><phoneme>ˈnjuːtən</phoneme></lexeme>
  <lexeme><grapheme>W3C</grapheme><alias>second</alias></lexeme>
  <other xmlns="urn:x"><lexeme/></other>
</lexicon>"""
HEAD = PLS.split("<meta", maxsplit=1)[0]


def written(tmp_path: Path, content: str | bytes, name: str = "words.toml") -> Path:
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_toml(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        '\ufeffNike = "Nikey"\n"US" = "U S"\n"™" = ""\n[de]\nNike = "Neik"\n[French]\n"Nike" = "Naïque"\n'
        '[options]\ncase_sensitive = ["US"]\n',
    )
    lexicon, left_out = read_lexicon([path])
    assert left_out == []
    assert lexicon.spoken("NIKE™ for us in the US", "en") == "Nikey for us in the U S"
    assert lexicon.spoken("Nike", "de-AT") == "Neik"
    assert lexicon.spoken("Nike", "fr") == "Naïque"


def test_pls(tmp_path: Path) -> None:
    lexicon, left_out = read_lexicon([written(tmp_path, PLS, "w.pls")])
    said = lexicon.spoken("W3C w3c Color colour color Newton", "en-GB")
    assert said == "World Wide Web Consortium w3c Color kuller kuller Newton"
    assert lexicon.spoken("W3C", "de") == "W3C"
    assert len(left_out) == 1
    assert left_out[0].startswith("w.pls, line 9: 'Newton' has only a phoneme")


@pytest.mark.parametrize("encoding", ["utf-16", "iso-8859-1", "utf-8-sig"])
def test_pls_in_its_own_encoding(tmp_path: Path, encoding: str) -> None:
    text = HEAD.replace("UTF-8", encoding.removesuffix("-sig")) + (
        "<lexeme><grapheme>Müller</grapheme><alias>Mueller</alias></lexeme></lexicon>"
    )
    lexicon, _ = read_lexicon([written(tmp_path, text.encode(encoding), "w.xml")])
    assert lexicon.spoken("Müller", "en-GB") == "Mueller"


def test_later_files_count(tmp_path: Path) -> None:
    one, two = written(tmp_path, 'a = "1"\nb = "1"'), written(tmp_path, 'a = "2"', "two.toml")
    assert read_lexicon([one, two])[0].spoken("a b", "") == "2 1"


BAD = {
    "no toml": ("Nike Nikey", "words.toml: .*line 1.*in quotes"),
    "twice": ('a = "1"\na = "2"\n', "words.toml: .*line 2"),
    "number": ("[de]\nfive = 5", r"words.toml, \[de\] 'five': the spoken form must be text"),
    "dots": ('Dr.Oetker = "x"', r"words.toml, \[Dr\]: not a language.*needs quotes"),
    "nested": ('[de.x]\na = "1"', r"words.toml, \[de\] 'x': the spoken form must be text"),
    "option": ('a = "b"\n[options]\ncase = true', "there is one option, case_sensitive"),
    "option value": ('a = "b"\n[options]\ncase_sensitive = "a"', "takes true, false or a list"),
    "option word": ('a = "b"\n[options]\ncase_sensitive = ["c"]', "names 'c', which is not a word"),
    "no options table": ('options = "b"', "there is one option"),
    "empty": ("", "the lexicon is empty"),
    "empty word": ('"" = "x"', "a word is missing"),
    "latin-1": (b'x = "1"\na = "M\xfcller"', "words.toml, line 2: not UTF-8"),
    "deep": ("a = " + "[" * 100_000, "words.toml"),
    "bomb": (
        '<?xml version="1.0"?>\n<!DOCTYPE l [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><lexicon>&b;</lexicon>',
        "words.toml, line 2: a document type is not accepted",
    ),
    "entity": (HEAD + "<lexeme>&nbsp;</lexeme></lexicon>", "line 4: undefined entity"),
    "no lexicon": ("<html></html>", "line 1: <html> is not a PLS lexicon"),
    "cut": (PLS[:300], "words.toml, line .*: a PLS lexicon is XML"),
    "no grapheme": (HEAD + "<lexeme><alias>x</alias></lexeme></lexicon>", "line 4: a lexeme has no grapheme"),
    "only phonemes": (
        HEAD + "<lexeme><grapheme>x</grapheme><phoneme>y</phoneme></lexeme></lexicon>",
        "line 4: 'x' has only a phoneme.*give it an <alias>; no entry is left",
    ),
    "nothing": (HEAD + "</lexicon>", "it holds no lexeme"),
    "encoding": ("<?xml version='1.0' encoding='klingon'?><lexicon/>", "words.toml.*"),
    "empty spelling": (
        HEAD + "<lexeme><grapheme> </grapheme><alias>y</alias></lexeme></lexicon>",
        "line 4: a word is missing",
    ),
}


@pytest.mark.parametrize(("content", "reason"), BAD.values(), ids=BAD.keys())
def test_a_mistake_is_told_in_one_line(tmp_path: Path, content: str | bytes, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason) as caught:
        read_lexicon([written(tmp_path, content)])
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.toml", tmp_path, "a\0b"):
        with pytest.raises(ConfigError, match=r"cannot be read|not a file name"):
            read_lexicon([path])
