"""Speak one reading of annotated text: HTML ruby, 漢字《かんじ》 (Aozora), 漢字（かんじ） or 漢字[かんじ].

A reading in kana is what its author wants to hear, and replaces what it annotates. Other annotations, such as
pinyin, bopomofo or a translation, are dropped. Round brackets hold other words as well: there the base is
kept, and the bracket is dropped only where its length fits a reading.
"""

from __future__ import annotations

import re

_KANJI = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff々〆ヶ"
_KANA = "\u3041-\u3096\u3099-\u309f\u30a1-\u30fa\u30fc-\u30ff・ 　"
_RUBY = re.compile(r"<ruby\b[^<>]*>(.*?)(?:</ruby\s*>|\Z)", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"(<(?P<slash>/?)(?P<name>rb|rt|rtc|rp)\b[^<>]*>)", re.IGNORECASE)
_OTHER_TAG = re.compile(r"<[^<>]*>")
_IS_KANA = re.compile(f"[{_KANA}]+").fullmatch
_AOZORA = re.compile(
    f"[|｜](?P<marked>[^|｜《》\n]{{1,50}})《(?P<of_marked>[^《》\n]{{1,100}})》"
    f"|(?P<kanji>[{_KANJI}]{{1,30}})《(?P<of_kanji>[{_KANA}]{{1,60}})》"
)
_ANKI = re.compile(f" ?(?P<base>[{_KANJI}0-9０-９]{{0,30}}[{_KANJI}])\\[(?P<reading>[{_KANA}]{{1,40}})\\]")
_ROUND = re.compile(
    f"(?P<base>[{_KANJI}]{{1,30}})(?:（(?P<wide>[\u3041-\u3096ー]+)）|\\((?P<narrow>[\u3041-\u3096ー]+)\\))"
)
_HINT = re.compile(f"[{_KANJI}][（(\\[][{_KANA}]")
# Words that stand in brackets behind a noun and are no reading of it.
_REMARKS = frozenset(
    (
        *("おすすめ", "おまけ", "なし", "あり", "など", "ほか", "のみ", "みほん", "くらい", "ぐらい"),
        *("だけ", "まで", "から", "より", "つき", "こみ", "なお", "または", "および"),
    )
)
MAX_KANA_A_KANJI = 4


def has_ruby(text: str) -> bool:
    """Return whether `one_reading` may change a text without tags."""
    return not text.isascii() and ("《" in text or _HINT.search(text) is not None)


def one_reading(text: str) -> str:
    """Return the text with one reading of each annotated part. Never raises."""
    if "<" in text and "<ruby" in text.lower():
        text = _RUBY.sub(lambda found: _of_ruby(found[1]), text)
    if text.isascii():
        return text
    if "《" in text:
        text = _AOZORA.sub(_of_aozora, text)
    if "[" in text:
        text = _ANKI.sub(_of_anki, text)
    if "（" in text or "(" in text:
        text = _ROUND.sub(_of_round, text)
    return text


def _of_ruby(inner: str) -> str:
    """Return one reading of what is inside a ruby element."""
    out, base, reading, place = [], "", "", "rb"
    for part in _parts(inner):
        if isinstance(part, tuple):
            place = part[0]
            continue
        if place == "rb":
            if reading:
                out.append(_chosen(base, reading))
                base = reading = ""
            base += part
        elif place == "rt":
            reading += part
    out.append(_chosen(base, reading))
    return "".join(out)


def _parts(inner: str) -> list[str | tuple[str]]:
    """Return text and, as tuples, where what follows it belongs: rb (the base), rt, rtc or rp."""
    out: list[str | tuple[str]] = []
    at = 0
    for found in _TAG.finditer(inner):
        if found.start() > at:
            out.append(inner[at : found.start()])
        out.append(("rb" if found["slash"] else found["name"].lower(),))
        at = found.end()
    out.append(inner[at:])
    return out


def _chosen(base: str, reading: str) -> str:
    bare = _OTHER_TAG.sub("", reading).strip()
    return bare if bare and _IS_KANA(bare) else base


def _of_aozora(found: re.Match[str]) -> str:
    base, reading = found["marked"] or found["kanji"], found["of_marked"] or found["of_kanji"]
    return reading if _IS_KANA(reading) else base


def _of_anki(found: re.Match[str]) -> str:
    return found["reading"].strip()


def _of_round(found: re.Match[str]) -> str:
    base, reading = found["base"], found["wide"] or found["narrow"]
    if reading in _REMARKS or not 1.5 * len(base) <= len(reading) <= MAX_KANA_A_KANJI * len(base):
        return found[0]
    return base
