"""Names: whatever the catalog holds, every file stays in its folder and no two rows share one."""

from __future__ import annotations

import unicodedata
from pathlib import PurePosixPath

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from speeko_jobs.core.catalog.file_names import (
    DEFAULT_TEMPLATE,
    NameTemplate,
    audio_path,
    compile_template,
    earlier_audio_path,
    fold,
    safe,
    with_suffix,
)
from speeko_jobs.errors import UsageError

HEADER = ["id", "text", "category", "Product Name", "row"]
NASTY = st.text(
    st.sampled_from("./\\ aA.eCONnulé\u0301\u200b\u202e\0\n\t:*?\"<>|ſß\u212a\uff0f\u2024~-'=日😀\ud800")
    | st.characters(),
    max_size=40,
)
WIDE = st.text(st.sampled_from("aé日😀."), min_size=50, max_size=400)
TEMPLATES = [
    DEFAULT_TEMPLATE,
    "{language}/{voice}/{id}.{ext}",
    "{category}/{Product Name}-{id}-{row:06d}.{ext}",
    "{id}{category}{id}{Product Name}.{ext}",
    "audio/CO{id}/{row}",
]
WINDOWS = {
    "con",
    "prn",
    "aux",
    "nul",
    *(f"{p}{n}" for p in ("com", "lpt") for n in "0123456789\u00b9\u00b2\u00b3"),
}


def name(template: NameTemplate, id: str, category: str = "shoes", row_no: int = 7) -> str:
    return template.name(row_no, id, "af_heart", "en-US", "mp3", [id, "text", category, category, "x"])


def default(id: str) -> str:
    return name(compile_template(DEFAULT_TEMPLATE, HEADER), id)


@pytest.mark.parametrize(
    ("id", "expected"),
    [
        ("SKU-1", "SKU-1.mp3"),
        ("a.b_c-d", "a.b_c-d.mp3"),
        ("../../etc/passwd", "_.._etc_passwd.mp3"),
        ("/x", "_x.mp3"),
        ("a\0b", "a_b.mp3"),
        ("a\\b", "a_b.mp3"),
        ("", "row-7.mp3"),
        (".", "row-7.mp3"),
        ("...", "row-7.mp3"),
        (" . ", "row-7.mp3"),
        ("\u200b\u202e", "row-7.mp3"),
        (".hidden", "hidden.mp3"),
        ("a. ", "a.mp3"),
        ("CON", "CON_.mp3"),
        ("nul.txt", "nul_.txt.mp3"),
        ("com1", "com1_.mp3"),
        ("con-1", "con-1.mp3"),
        ("e\u0301", "é.mp3"),
        ("ab\u202ecd", "abcd.mp3"),
        ('<>:"|?*', "_______.mp3"),
        ("line\nbreak", "line_break.mp3"),
        ("日本語", "日本語.mp3"),
        ("x" * 200, "x" * 200 + ".mp3"),
    ],
)
def test_ids_as_names(id: str, expected: str) -> None:
    assert default(id) == expected


def test_long_ids_are_cut_at_a_character_and_keep_apart() -> None:
    ids = ["日" * 100 + tail for tail in "abc"]
    names = [default(id) for id in ids]
    assert len(set(names)) == 3
    for made in names:
        assert made.startswith("日" * 60)
        assert len(made.encode()) <= 204


@settings(deadline=None)
@given(st.sampled_from(TEMPLATES), NASTY | WIDE, NASTY | WIDE, st.integers(1, 10**7))
@example(TEMPLATES[3], "a" * 200, "é" * 200, 1)
def test_every_name_stays_inside_and_fits(template: str, id: str, category: str, row_no: int) -> None:
    path = name(compile_template(template, HEADER), id, category, row_no)
    pieces = path.split("/")
    assert len(pieces) == template.count("/") + 1
    assert not PurePosixPath(path).is_absolute()
    for piece in pieces:
        assert piece not in ("", ".", "..")
        assert 1 <= len(piece.encode()) <= 255
        assert piece[0] not in ". "
        assert piece[-1] not in ". "
        assert not set(piece) & set('<>:"|?*\\\0')
        assert piece.partition(".")[0].rstrip().lower() not in WINDOWS
        assert unicodedata.normalize("NFC", piece) == piece
        assert all(unicodedata.category(c) not in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in piece)
    assert name(compile_template(template, HEADER), id, category, row_no) == path


@settings(deadline=None)
@given(NASTY | WIDE)
def test_safe_is_idempotent(value: str) -> None:
    once = safe(value, "row-1")
    assert safe(once, "row-1") == once
    assert "/" not in once
    assert len(once.encode()) <= 200


@settings(deadline=None)
@given(NASTY | WIDE)
def test_fold_takes_case_and_normal_forms_for_one(value: str) -> None:
    made = safe(value, "row-1")
    for form in ("NFC", "NFD", "NFKC", "NFKD"):
        assert fold(unicodedata.normalize(form, made)) == fold(made)
    assert fold(made.casefold()) == fold(made)
    assert fold(fold(made)) == fold(made)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("A", "a"),
        ("é", "e\u0301"),
        ("É", "é"),
        ("ﬁ", "fi"),
        ("Straße", "STRASSE"),
        ("Å", "\u212b"),
        ("１", "1"),
    ],
)
def test_twins_collide(one: str, other: str) -> None:
    assert fold(default(one)) == fold(default(other))


def test_what_is_different_does_not_collide() -> None:
    assert len({fold(default(id)) for id in ("a", "b", "ä", "a-1", "a_1", "а")}) == 6


@settings(deadline=None)
@given(NASTY | WIDE, st.integers(2, 10**6))
def test_a_suffix_keeps_folder_extension_and_length(id: str, n: int) -> None:
    path = f"en/{default(id)}"
    other = with_suffix(path, n)
    assert other != path
    assert other.startswith("en/")
    assert other.endswith(f"-{n}.mp3")
    assert len(other.encode()) <= 255 + 3


def test_suffixes() -> None:
    assert with_suffix("a.b/name.mp3", 2) == "a.b/name-2.mp3"
    assert with_suffix("a.b/name", 3) == "a.b/name-3"
    assert with_suffix("x" * 255, 12) == "x" * 252 + "-12"


def test_fields() -> None:
    template = compile_template("{language}/{category}/{row:06d}_{id} {Product Name}.{ext}", HEADER)
    assert name(template, "A 1", "boots") == "en-US/boots/000007_A 1 boots.mp3"
    assert name(template, "../x", "..") == "en-US/none/000007__x none.mp3"
    assert compile_template("{id}", []).name(1, "a", "", "", "wav", []) == "a"
    empty = compile_template("{voice}/{language}/{text}/{id}.{ext}", HEADER)
    assert empty.name(3, "", "", "", "mp3", []) == "default/default/none/row-3.mp3"


def test_a_slash_in_a_value_makes_no_folder() -> None:
    assert name(compile_template("{category}/{id}.{ext}", HEADER), "a/b", "c/../d") == "c_.._d/a_b.mp3"


def test_reserved_names_that_only_the_whole_makes() -> None:
    template = compile_template("CO{id}.{ext}", HEADER)
    assert name(template, "N") == "CON_.mp3"
    assert name(template, "NE") == "CONE.mp3"


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{nope}.{ext}", r"there is no \{nope\}: there are \{id\}, .*\{category\}, \{Product Name\}"),
        ("{}.{ext}", r"there is no \{\}"),
        ("{id.__class__}", "there is no"),
        ("{id!r}.{ext}", "not supported"),
        ("{id:>10}.{ext}", "only {row:06d} takes a width"),
        ("{row:c}.{ext}", "only {row:06d} takes a width"),
        ("{row:,}.{ext}", "only {row:06d} takes a width"),
        ("{row:{id}}.{ext}", "only {row:06d} takes a width"),
        ("{id", "expected '}'"),
        ("id}", "Single '}'"),
        ("", "is empty"),
        ("/{id}.{ext}", "is empty"),
        ("a//{id}.{ext}", "is empty"),
        ("{id}/", "is empty"),
        ("../{id}.{ext}", "dot or a space"),
        ("./{id}.{ext}", "dot or a space"),
        (".{id}.{ext}", "dot or a space"),
        ("{id}.", "dot or a space"),
        ("a\\{id}", "a character that file names cannot"),
        ("a:{id}", "a character that file names cannot"),
        ("a\n{id}", "a character that file names cannot"),
        ("{voice}.{ext}", "names all rows alike"),
        ("all.mp3", "names all rows alike"),
    ],
)
def test_templates_that_cannot_name_files(template: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        compile_template(template, HEADER)
    assert "\n" not in str(caught.value)


def test_audio_path() -> None:
    key = bytes.fromhex("abcd" + "01" * 30)
    assert audio_path(key, "opus") == f"audio/abc/{key.hex()}.opus"
    assert earlier_audio_path(audio_path(key, "opus")) == f"audio/ab/cd/{key.hex()}.opus"
    for other in ("jobs/1/manifest-000001.csv", "audio/abc/abc.mp3", f"audio/abd/{key.hex()}.opus"):
        assert earlier_audio_path(other) is None
