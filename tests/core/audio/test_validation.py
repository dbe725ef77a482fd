from __future__ import annotations

import io
import random
import struct

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from speeko_jobs.core.audio import ogg
from speeko_jobs.core.audio.validation import AudioFacts, inspect, usual_seconds
from speeko_jobs.core.model.speech import BadAudio
from tests.metered import audio

FORMATS = ("wav", "mp3", "flac", "ogg", "opus")


def wav(samples: np.ndarray, rate: int = 24_000, subtype: str = "PCM_16") -> bytes:
    out = io.BytesIO()
    soundfile.write(out, samples, rate, format="WAV", subtype=subtype)
    return out.getvalue()


def encoded(samples: np.ndarray, format: str) -> bytes:
    container, codec = audio._FORMATS[format]
    out = io.BytesIO()
    soundfile.write(out, samples, 24_000, codec, format=container)
    return out.getvalue()


def noise(seconds: float, loudness: float, channels: int = 1, rate: int = 24_000) -> np.ndarray:
    return np.random.default_rng(1).uniform(-loudness, loudness, (int(seconds * rate), channels))


@pytest.mark.parametrize("format", FORMATS)
def test_good_audio_passes_with_its_facts(format: str) -> None:
    facts = inspect(audio.tone(format, 4.0), format, chars=60)
    assert facts.seconds == pytest.approx(4.0, abs=0.1)
    assert facts.sample_rate == (48_000 if format == "opus" else 24_000)
    assert facts.channels == 1


@pytest.mark.parametrize("format", FORMATS)
def test_facts_agree_with_a_full_decode(format: str) -> None:
    for length in (0.5, 1.0, 2.0):
        body = audio.tone(format, length)
        decoded, rate = soundfile.read(io.BytesIO(body))
        assert inspect(body, format, 10).seconds == pytest.approx(len(decoded) / rate, abs=0.1)


@pytest.mark.parametrize("format", FORMATS)
def test_a_stamped_answer_passes_and_keeps_its_stamp(format: str) -> None:
    stamp = audio.stamp_of("a text", "voice", "en")
    body = audio.stamped(audio.tone(format, 1.0), format, stamp)
    assert inspect(body, format, 10) == inspect(audio.tone(format, 1.0), format, 10)
    assert stamp.startswith(audio.read_stamp(body, format))


@pytest.mark.parametrize("format", FORMATS)
def test_a_cut_at_any_byte_is_seen(format: str) -> None:
    body = audio.tone(format, 2.0)
    for cut in [len(body) - 1, *random.Random(3).sample(range(1, len(body)), 60)]:
        with pytest.raises(BadAudio):
            inspect(body[:cut], format, 10)


@pytest.mark.parametrize("format", FORMATS)
def test_silence_is_refused(format: str) -> None:
    with pytest.raises(BadAudio, match="silence"):
        inspect(audio.tone(format, 3.0, 0.0), format, 10)


@pytest.mark.parametrize("format", FORMATS)
def test_quiet_speech_is_not_silence(format: str) -> None:
    inspect(audio.tone(format, 3.0, 0.005), format, 10)


@pytest.mark.parametrize("format", FORMATS)
def test_speech_between_pauses_is_not_silence(format: str) -> None:
    samples = np.zeros(24_000 * 6, "f4")
    samples[:12_000] = np.random.default_rng(2).uniform(-0.2, 0.2, 12_000)
    container = {"ogg": ("OGG", "VORBIS"), "opus": ("OGG", "OPUS")}.get(format, (format.upper(), None))
    out = io.BytesIO()
    soundfile.write(out, samples, 24_000, format=container[0], subtype=container[1])
    inspect(out.getvalue(), format, 10)


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(
    ("body", "seen"),
    [
        (b"<!doctype html><html></html>", "HTML"),
        (b'\n {"error": "no"}', "JSON"),
        (b"Internal Server Error", "text"),
        (b"\x1f\x8b\x08\0\0\0\0\0", "gzip"),
        (b"\0\0\0\x18ftypM4A ", "MP4"),
        (b"\xff\xf1\x50\x80" + bytes(40), "AAC"),
        (bytes(200), "unknown bytes"),
    ],
)
def test_what_is_no_such_audio_is_named(format: str, body: bytes, seen: str) -> None:
    with pytest.raises(BadAudio, match=f"asked for {format}, but the bytes look like {seen}"):
        inspect(body, format, 10)


@pytest.mark.parametrize("asked", FORMATS)
@pytest.mark.parametrize("sent", FORMATS)
def test_another_format_than_asked_for_is_refused(asked: str, sent: str) -> None:
    body = audio.tone(sent, 1.0)
    if asked == sent or (asked, sent) == ("ogg", "opus"):
        inspect(body, asked, 10)
    else:
        with pytest.raises(BadAudio, match=f"look like {sent}"):
            inspect(body, asked, 10)


@pytest.mark.parametrize("format", FORMATS)
def test_nothing_is_empty(format: str) -> None:
    with pytest.raises(BadAudio, match="empty"):
        inspect(b"", format, 10)


@pytest.mark.parametrize("open_length", [0, 0xFFFFFFFF, 0x7FFFFFFF, 0x7FFFF000])
def test_a_streamed_wav_is_measured_by_its_bytes(open_length: int) -> None:
    body = audio.tone("wav", 2.0)
    streamed = body[:4] + b"\xff" * 4 + body[8:40] + struct.pack("<I", open_length) + body[44:]
    assert inspect(streamed, "wav", 10).seconds == pytest.approx(2.0)


def test_a_wav_that_declares_ten_minutes_is_refused() -> None:
    with pytest.raises(BadAudio, match=r"600\.0 s declared, 1\.0 s there"):
        inspect(audio.garbage("long_header", "wav"), "wav", 10)


@pytest.mark.parametrize("format", FORMATS)
def test_silence_behind_a_sound_beginning_is_no_speech(format: str) -> None:
    sound = noise(0.2, 0.3)
    samples = np.concatenate([sound, np.zeros((int(3.8 * 24_000), 1))])
    with pytest.raises(BadAudio, match=r"silence: 3\.\d s of 4\.\d s hold no sound"):
        inspect(encoded(samples, format), format, 60)


@pytest.mark.parametrize("format", FORMATS)
def test_pauses_and_quiet_voices_are_speech(format: str) -> None:
    """Half of it pauses; a short word with room around it; a voice at -50 dBFS."""
    quiet, silent = noise(1.0, 0.003), np.zeros((24_000, 1))
    inspect(encoded(np.concatenate([noise(2.0, 0.3), silent, silent]), format), format, 60)
    inspect(encoded(np.concatenate([silent[:12_000], noise(0.3, 0.3), silent[:12_000]]), format), format, 2)
    inspect(encoded(np.concatenate([quiet, silent[:6_000], quiet]), format), format, 30)


def test_plain_words_of_double_length_are_refused_once_the_pace_is_known() -> None:
    """Numbers, signs and abbreviations take their time; words do not."""
    plain = "The box is plain and comes with a long list of things, that nobody has asked for. "
    assert usual_seconds(plain, 0.06)[1] == pytest.approx(1.8 * 0.06 * len(plain))
    for odd in ("USB", "5", "€", "@home", "§"):
        text = f"{plain}{odd}"
        assert usual_seconds(text, 0.06)[1] >= 4 * 0.06 * len(text)
    usual = usual_seconds(plain, 0.06)
    once = len(plain) * 0.06
    inspect(audio.tone("wav", 1.5 * once), "wav", len(plain), usual=usual)
    with pytest.raises(BadAudio, match="this voice takes"):
        inspect(audio.tone("wav", 2 * once), "wav", len(plain), usual=usual)


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW"])
def test_wav_sample_types(subtype: str) -> None:
    assert inspect(wav(noise(1, 0.3, 2), subtype=subtype), "wav", 10) == AudioFacts(1.0, 24_000, 2)
    with pytest.raises(BadAudio, match="silence"):
        inspect(wav(np.zeros((24_000, 2)), subtype=subtype), "wav", 10)


def test_a_wav_of_no_numbers_is_no_sound() -> None:
    with pytest.raises(BadAudio, match="silence"):
        inspect(wav(np.full(24_000, np.nan), subtype="FLOAT"), "wav", 10)


def test_a_wav_without_samples() -> None:
    for size in (0, 48_000):
        with pytest.raises(BadAudio, match=r"no sound|cut"):
            inspect(audio.tone("wav", 1.0)[:40] + struct.pack("<I", size), "wav", 10)


def test_a_flac_header_that_declares_weeks_is_not_believed() -> None:
    body = bytearray(audio.tone("flac", 1.0))
    body[21] |= 0x0F  # the upper bits of the number of samples
    assert inspect(bytes(body), "flac", 10).seconds == pytest.approx(1.0)


def test_mp3_tags_before_and_after_are_skipped() -> None:
    body = audio.tone("mp3", 1.0)
    with_tags = b"ID3\x03\0\0\0\0\x01\0" + bytes(128) + body + b"TAG" + bytes(125)
    assert inspect(with_tags, "mp3", 10) == inspect(body, "mp3", 10)


def test_an_mp3_that_lost_frames_is_cut_even_at_a_frame_border() -> None:
    body = audio.tone("mp3", 2.0)
    borders = [at for at in range(len(body) // 2, len(body)) if body[at : at + 2] == body[:2]]
    with pytest.raises(BadAudio, match="cut"):
        inspect(body[: borders[3]], "mp3", 10)


@pytest.mark.parametrize("format", ["ogg", "opus"])
def test_an_ogg_page_with_a_wrong_bit_is_refused(format: str) -> None:
    body = bytearray(audio.tone(format, 1.0))
    body[len(body) // 2] ^= 1
    with pytest.raises(BadAudio, match="checksum"):
        inspect(bytes(body), format, 10)


def test_another_serial_number_changes_no_sound() -> None:
    body = audio.tone("ogg", 1.0)
    other = ogg.with_serial(body, 12345)
    assert other != body
    assert ogg.with_serial(other, 1) == ogg.with_serial(body, 1)
    assert np.array_equal(soundfile.read(io.BytesIO(other))[0], soundfile.read(io.BytesIO(body))[0])


@pytest.mark.parametrize(
    ("seconds", "chars", "speed", "wrong"),
    [
        (1.0, 201, 1.0, "too short"),
        (1.0, 199, 1.0, None),
        (1.0, 399, 2.0, None),
        (1.0, 401, 2.0, "too short"),
        (16.0, 2, 1.0, "too long"),
        (16.0, 4, 1.0, None),
        (16.0, 2, 0.5, None),
    ],
)
def test_seconds_must_fit_the_text(seconds: float, chars: int, speed: float, wrong: str | None) -> None:
    body = audio.tone("wav", seconds)
    if wrong is None:
        inspect(body, "wav", chars, speed)
    else:
        with pytest.raises(BadAudio, match=wrong):
            inspect(body, "wav", chars, speed)


def verdict(body: bytes, format: str) -> str:
    try:
        return str(inspect(body, format, 10))
    except BadAudio as error:
        return str(error)


STARTS = [b"", b"RIFF\x24\0\0\0WAVEfmt ", b"OggS\0\2", b"fLaC\0\0\0\x22", b"ID3\3\0\0", b"\xff\xfb\x90\x64"]


@given(st.sampled_from(STARTS), st.binary(max_size=400), st.sampled_from(FORMATS))
def test_no_bytes_break_the_gate(start: bytes, rest: bytes, format: str) -> None:
    assert "\n" not in verdict(start + rest, format)


@given(st.sampled_from(FORMATS), st.data())
def test_no_damage_breaks_the_gate(format: str, data: st.DataObject) -> None:
    body = bytearray(audio.tone(format, 0.5))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, min(len(body) - 1, 300)))] = data.draw(st.integers(0, 255))
    assert "\n" not in verdict(bytes(body), format)
