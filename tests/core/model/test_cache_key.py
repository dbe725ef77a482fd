"""Keys: pinned, different for different sounds, equal for equal ones."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from speeko_jobs.core.model.cache_key import KeyMaker, SpeechEngine, encoding, speed_text

SPEEKO = SpeechEngine("speeko", "kokoro", "mp3")


# A change here re-buys every text that anyone has bought: raise KEY_VERSION and say so in the CHANGELOG.
@pytest.mark.parametrize(
    ("engine", "text", "voice", "language", "key"),
    [
        (
            SPEEKO,
            "Hello.",
            "kokoro-professional",
            "en",
            "3ae7745bf3c79120704b9f627af7c1ce451e2b16ab3e2ad708609b81ae9cd68e",
        ),
        (
            SPEEKO,
            "Größe 38, 你好 🙂",
            "kokoro-friendly",
            "",
            "8e7a6a21f6aee7e9cc514d34e040db28e3d1e88754b6741979a6c06aec9871c5",
        ),
        (
            SpeechEngine("espeak-ng", "espeak-ng-1.52", "wav", "1.25"),
            "",
            "",
            "de-AT",
            "dd0ee1afe243b981cf486d11f4b7f53a9ac1af454457a589d9df4984522f67db",
        ),
    ],
)
def test_keys_are_what_they_always_were(
    engine: SpeechEngine, text: str, voice: str, language: str, key: str
) -> None:
    assert KeyMaker(engine).key(text, voice, language).hex() == key


def test_the_encoding_can_be_read() -> None:
    assert encoding(SpeechEngine("f", "m", "mp3", "1.50"), "a,b", "vö", "") == (
        "8:speeko-1,1:f,1:m,3:mp3,3:1.5,3:vö,0:,a,b".encode()
    )


# Few letters, many of them marks of the encoding: where fields could run into each other, these find it.
FIELD = st.text(alphabet="a|,:0123é", max_size=4)
TUPLE = st.tuples(FIELD, FIELD, FIELD, FIELD, FIELD, FIELD, st.sampled_from(["1", "1.1", "11"]))


@settings(deadline=None)
@given(TUPLE, TUPLE)
def test_different_tuples_never_share_an_encoding(a: tuple[str, ...], b: tuple[str, ...]) -> None:
    def encoded(t: tuple[str, ...]) -> bytes:
        return encoding(SpeechEngine(t[0], t[1], t[2], t[6]), t[3], t[4], t[5])

    assert (encoded(a) == encoded(b)) == (a == b)


@settings(deadline=None)
@given(TUPLE)
def test_an_encoding_can_be_taken_apart_again(t: tuple[str, ...]) -> None:
    raw = encoding(SpeechEngine(t[0], t[1], t[2], t[6]), t[3], t[4], t[5])
    fields = []
    for _ in range(7):
        length, _, rest = raw.partition(b":")
        fields.append(rest[: int(length)].decode())
        assert rest[int(length) : int(length) + 1] == b","
        raw = rest[int(length) + 1 :]
    assert fields == ["speeko-1", t[0], t[1], t[2], t[6], t[4], t[5]]
    assert raw.decode() == t[3]


def test_the_seeds_collision_is_gone() -> None:
    keys = KeyMaker(SPEEKO)
    assert keys.key("a|b", "v", "en") != keys.key("a", "b|v", "en")
    assert len({keys.key("x", "ab", "c"), keys.key("x", "a", "bc"), keys.key("cx", "ab", "")}) == 3


@settings(deadline=None)
@given(st.text(), st.text(max_size=5), st.text(max_size=5))
def test_a_key_is_the_hash_of_the_encoding_each_time(text: str, voice: str, language: str) -> None:
    keys = KeyMaker(SPEEKO)
    want = hashlib.sha256(encoding(SPEEKO, text, voice, language)).digest()
    assert [keys.key(text, voice, language) for _ in range(3)] == [want] * 3


def test_very_many_voices_do_not_fill_the_memory() -> None:
    keys = KeyMaker(SPEEKO)
    first = keys.key("x", "0", "")
    for voice in range(10_001):
        keys.key("x", str(voice), "")
    assert len(keys._started) <= 10_000
    assert keys.key("x", "0", "") == first


@pytest.mark.parametrize(
    ("speed", "text"),
    [("1", "1"), ("1.0", "1"), (1.0, "1"), (1, "1"), ("01.250", "1.25"), (".5", "0.5"), ("1e1", "10"),
     (" 2 ", "2"), (0.1, "0.1"), ("100", "100")],
)  # fmt: skip
def test_speed_is_canonical(speed: str | float, text: str) -> None:
    assert speed_text(speed) == text
    assert SpeechEngine("f", "m", "mp3", str(speed)) == SpeechEngine("f", "m", "mp3", text)


@pytest.mark.parametrize(
    "speed", ["", "fast", "0", "-1", "nan", "inf", "1e999999999", "1e-999999999", "0." + "1" * 30]
)
def test_what_is_no_speed_is_refused(speed: str) -> None:
    with pytest.raises(ValueError, match="not a speed"):
        speed_text(speed)
