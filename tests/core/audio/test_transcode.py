from __future__ import annotations

import io
import struct
from itertools import permutations

import numpy as np
import pyloudnorm
import pytest
import soundfile as sf
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from speeko_jobs.core.audio.codec import FORMATS
from speeko_jobs.core.audio.probe import looks_like
from speeko_jobs.core.audio.transcode import Delivered, bought_format, render
from speeko_jobs.core.audio.validation import inspect
from speeko_jobs.core.model.speech import BadAudio
from speeko_jobs.core.providers.profiles import PROFILES
from speeko_jobs.errors import ConfigError
from tests.metered import audio

CODECS = {"ogg": ("OGG", "VORBIS"), "opus": ("OGG", "OPUS"), "mp3": ("MP3", "MPEG_LAYER_III")}
RATE = 24_000


def encode(samples: NDArray[np.float64], format: str, rate: int = RATE, subtype: str = "PCM_16") -> bytes:
    container, codec = CODECS.get(format, (format.upper(), subtype))
    out = io.BytesIO()
    with sf.SoundFile(out, "w", rate, samples.shape[1], codec, format=container) as file:
        for start in range(0, len(samples), 10_000):  # libsndfile dies of long Ogg writes
            file.write(samples[start : start + 10_000])
    return out.getvalue()


def decode(body: bytes) -> tuple[NDArray[np.float64], int]:
    samples, rate = sf.read(io.BytesIO(body), always_2d=True)
    return samples, rate


def tone(seconds: float, hertz: float = 330.0, height: float = 0.3, rate: int = RATE) -> NDArray[np.float64]:
    return height * np.cos(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)[:, None]


def loudness(body: bytes) -> float:
    samples, rate = decode(body)
    return float(pyloudnorm.Meter(rate).integrated_loudness(samples))


# what is asked for


def test_what_is_delivered_has_one_short_text() -> None:
    assert str(Delivered("mp3")) == "mp3"
    assert str(Delivered("opus", -16)) == str(Delivered("opus", -16.0)) == "opus -16 LUFS"
    assert str(Delivered("wav", -15.999)) == "wav -16 LUFS"
    assert str(Delivered("wav", -23.5)) == "wav -23.5 LUFS"
    assert Delivered("wav", -16) == Delivered("wav", -16.04)


@pytest.mark.parametrize("lufs", [-50.1, -4.9, 0, 16, float("nan"), float("-inf")])
def test_a_loudness_that_nobody_wants(lufs: float) -> None:
    with pytest.raises(ConfigError, match=r"--loudness takes -50 to -5 \(LUFS\)"):
        Delivered("mp3", lufs)


def test_a_format_that_there_is_not() -> None:
    with pytest.raises(ConfigError, match="--format takes mp3, ogg, opus, wav, flac, not 'aac'"):
        Delivered("aac")
    with pytest.raises(ConfigError, match="not 'aac'"):
        bought_format("aac", ("mp3", "wav"))
    with pytest.raises(ConfigError, match="not 'mp3'"):
        bought_format("mp3", ("aac",))


@pytest.mark.parametrize(
    ("wanted", "offered", "bought"),
    [
        ("mp3", ("mp3", "opus", "flac", "wav"), "mp3"),
        ("ogg", ("mp3", "opus", "flac", "wav"), "flac"),
        ("opus", ("mp3", "wav"), "wav"),
        ("flac", ("mp3", "ogg"), "ogg"),
        ("wav", ("mp3", "ogg", "opus"), "opus"),
        ("wav", ("mp3",), "mp3"),
    ],
)
def test_what_the_provider_lacks_is_bought_in_its_best(
    wanted: str, offered: tuple[str, ...], bought: str
) -> None:
    assert bought_format(wanted, offered) == bought


@pytest.mark.parametrize("provider", PROFILES)
@pytest.mark.parametrize("format", FORMATS)
def test_every_provider_can_be_asked_for_every_format(provider: str, format: str) -> None:
    formats = PROFILES[provider].formats
    bought = bought_format(format, formats)
    assert bought in formats
    assert Delivered(format).leaves(bought) == (format in formats)


# one part


@pytest.mark.parametrize("format", FORMATS)
def test_what_is_as_wanted_is_passed_on(format: str) -> None:
    body = audio.stamped(audio.tone(format, 2.0), format, "0123456789abcdef")
    rendered = render([body], format, Delivered(format))
    assert rendered.audio is body
    assert rendered.seconds == 2.0


@pytest.mark.parametrize(("bought", "wanted"), [*permutations(FORMATS, 2)])
def test_every_format_becomes_every_other(bought: str, wanted: str) -> None:
    body = encode(tone(1.3), bought)
    rendered = render([body], bought, Delivered(wanted))
    samples, rate = decode(rendered.audio)
    assert looks_like(rendered.audio) == wanted
    assert (rate, samples.shape[1]) == (RATE, 1)
    assert rendered.seconds == len(samples) / rate == 1.3
    assert inspect(rendered.audio, wanted, 20).seconds == pytest.approx(1.3)
    middle = slice(RATE // 4, -RATE // 4)
    assert np.abs(samples - tone(1.3))[middle].max() < 0.05  # the same wave, at the same place


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "PCM_U8"])
def test_lossless_formats_lose_nothing(subtype: str) -> None:
    body = encode(tone(0.7), "wav", subtype=subtype)
    flac = render([body], "wav", Delivered("flac")).audio
    back = render([flac], "flac", Delivered("wav")).audio
    assert np.array_equal(decode(flac)[0], decode(body)[0])
    assert np.array_equal(decode(back)[0], decode(body)[0])
    assert sf.info(io.BytesIO(back)).subtype == subtype


@pytest.mark.parametrize(("rate", "opus_rate"), [(11_025, 12_000), (22_050, 24_000), (44_100, 48_000)])
def test_opus_takes_other_rates(rate: int, opus_rate: int) -> None:
    rendered = render([encode(tone(1.0, rate=rate), "wav", rate)], "wav", Delivered("opus"))
    samples, got = decode(rendered.audio)
    assert (got, len(samples), rendered.seconds) == (opus_rate, opus_rate, 1.0)


def test_many_channels_become_what_mp3_has() -> None:
    samples = np.repeat(tone(0.5), 6, axis=1)
    got, _ = decode(render([encode(samples, "wav")], "wav", Delivered("mp3")).audio)
    assert got.shape == (RATE // 2, 1)
    got, _ = decode(render([encode(samples, "flac")], "flac", Delivered("opus")).audio)
    assert got.shape == (RATE // 2, 6)


def test_metadata_stays_behind() -> None:
    out = io.BytesIO()
    with sf.SoundFile(out, "w", RATE, 1, "PCM_16", format="WAV") as file:
        file.title, file.artist = "a secret title", "somebody"
        file.write(tone(0.5))
    assert b"secret" in out.getvalue()
    for format in FORMATS:
        rendered = render([out.getvalue()] * 2, "wav", Delivered(format)).audio
        with sf.SoundFile(io.BytesIO(rendered)) as file:
            assert {k: v for k, v in file.copy_metadata().items() if k != "software"} == {}
        assert b"secret" not in rendered


# several parts


@pytest.mark.parametrize("wanted", FORMATS)
@pytest.mark.parametrize("bought", FORMATS)
def test_parts_are_joined_and_converted_in_one_go(bought: str, wanted: str) -> None:
    parts = [encode(tone(0.5, hertz), bought) for hertz in (300, 600, 1200)]
    rendered = render(parts, bought, Delivered(wanted, -20))
    samples, rate = decode(rendered.audio)
    assert len(samples) == rate * 3 // 2
    assert rendered.seconds == 1.5
    for n, hertz in enumerate((300, 600, 1200)):
        part = samples[round((n * 0.5 + 0.1) * rate) : round((n * 0.5 + 0.4) * rate), 0]
        assert abs(np.abs(np.fft.rfft(part)).argmax() * rate / len(part) - hertz) < 10


@pytest.mark.parametrize("wanted", ["wav", "mp3"])
@pytest.mark.parametrize("bought", ["mp3", "ogg", "opus"])
def test_a_part_of_several_files_is_delivered_whole(bought: str, wanted: str) -> None:
    twice = encode(tone(0.5), bought) * 2
    assert render([twice, twice], bought, Delivered(wanted)).seconds == 2.0
    samples, rate = decode(render([twice], bought, Delivered("flac")).audio)
    assert len(samples) / rate == 1.0


@pytest.mark.parametrize("lufs", [None, -16.0])
@pytest.mark.parametrize("wanted", FORMATS)
@pytest.mark.parametrize("bought", ["wav", "mp3"])
def test_the_same_parts_give_the_same_bytes(bought: str, wanted: str, lufs: float | None) -> None:
    parts = [encode(tone(0.5), bought), encode(tone(0.4, 500), bought)]
    want = Delivered(wanted, lufs)
    first = render(parts, bought, want)
    assert all(render(parts, bought, want) == first for _ in range(3))


# loudness


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("height", [0.02, 0.6])
def test_loudness_is_what_was_asked_for(format: str, height: float) -> None:
    body = encode(tone(2.0, 500, height), "wav")
    rendered = render([body], "wav", Delivered(format, -16))
    assert loudness(rendered.audio) == pytest.approx(-16, abs=0.3)
    assert rendered.seconds == 2.0


@pytest.mark.parametrize("format", FORMATS)
def test_peaks_are_never_cut_off(format: str) -> None:
    samples = tone(2.0, 500, 0.02)
    samples[RATE : RATE + 240] += tone(0.01, 1_000, 0.7) * np.hanning(240)[:, None]  # a knock
    body = render([encode(samples, "wav")], "wav", Delivered(format, -16)).audio
    got, _ = decode(body)
    assert 0.8 < np.abs(got).max() < 10 ** (-0.4 / 20)  # as loud as the ceiling allows
    assert loudness(body) < -17


@pytest.mark.parametrize("format", FORMATS)
def test_silence_and_what_fits_already_are_passed_on(format: str) -> None:
    silent = encode(np.zeros((RATE, 1)), format)
    assert render([silent], format, Delivered(format, -16)).audio is silent
    once = render([encode(tone(2.0), "wav")], "wav", Delivered(format, -16)).audio
    assert render([once], format, Delivered(format, -16)).audio is once


@pytest.mark.parametrize("seconds", [0.02, 0.1, 0.39])
def test_short_clips_are_as_loud_as_long_ones(seconds: float) -> None:
    long, _ = decode(render([encode(tone(2.0, 500, 0.05), "wav")], "wav", Delivered("wav", -20)).audio)
    short, _ = decode(render([encode(tone(seconds, 500, 0.05), "wav")], "wav", Delivered("wav", -20)).audio)
    assert np.abs(short).max() == pytest.approx(np.abs(long).max(), rel=0.2)


def test_long_parts_are_decoded_again_with_the_same_result(monkeypatch: pytest.MonkeyPatch) -> None:
    parts = [encode(tone(0.5), "wav"), encode(tone(0.4, 500), "wav")]
    held = render(parts, "wav", Delivered("mp3", -16))
    monkeypatch.setattr("speeko_jobs.core.audio.transcode._HELD_BYTES", 0)
    assert render(parts, "wav", Delivered("mp3", -16)) == held


# hostile bytes


def outcome(parts: list[bytes], bought: str, want: Delivered) -> str:
    try:
        rendered = render(parts, bought, want)
    except BadAudio as error:
        return str(error)
    assert rendered.audio
    assert rendered.seconds > 0
    return ""


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("garbage", [b"", b"<html>", bytes(1000), b"RIFF\x24\0\0\0WAVEfmt "])
def test_what_is_no_audio_is_named(format: str, garbage: bytes) -> None:
    good = audio.tone(format, 0.5)
    wanted = Delivered("wav", -16)
    assert outcome([garbage], format, wanted).startswith("the audio cannot be decoded: ")
    assert outcome([good, garbage], format, wanted).startswith("segment 2 cannot be decoded: ")


def test_nothing_at_all() -> None:
    with pytest.raises(ValueError, match="nothing to deliver"):
        render([], "mp3", Delivered("mp3"))


@pytest.mark.parametrize("format", FORMATS)
def test_audio_without_a_sample(format: str) -> None:
    empty = encode(tone(0.0), "wav")
    assert outcome([empty] * 2, "wav", Delivered(format, -16)) == "the audio holds no sound"
    assert render([empty, encode(tone(0.5), "wav"), empty], "wav", Delivered(format)).seconds == 0.5


def wav_header(channels: int, rate: int, bits: int, declared: int, kind: int = 1) -> bytes:
    block = channels * bits // 8
    fmt = struct.pack("<HHIIHH", kind, channels, rate, rate * block & 0xFFFFFFFF, block & 0xFFFF, bits)
    return b"RIFF\xff\xff\xff\xffWAVEfmt \x10\0\0\0" + fmt + b"data" + struct.pack("<I", declared)


def test_ten_hours_declared_are_not_believed() -> None:
    body = wav_header(1, RATE, 16, RATE * 2 * 36_000) + bytes(RATE)
    assert render([body], "wav", Delivered("mp3")).seconds == 0.5


@pytest.mark.parametrize(
    "header",
    [wav_header(0, RATE, 16, 2_000), wav_header(1, 0, 16, 2_000), wav_header(1, RATE, 0, 2_000)],
    ids=["no channels", "no rate", "no bits"],
)
def test_headers_of_nothing(header: bytes) -> None:
    assert outcome([header + bytes(2_000)], "wav", Delivered("mp3", -16)) != ""


@given(
    st.integers(0, 70), st.integers(0, 2**31), st.sampled_from((8, 16, 24, 32)), st.integers(0, 2**32 - 1),
    st.sampled_from((1, 3, 6, 7, 0xFFFE)), st.binary(max_size=600),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_no_header_breaks_it(
    channels: int, rate: int, bits: int, declared: int, kind: int, data: bytes
) -> None:
    body = wav_header(channels, rate, bits, declared, kind) + data
    assert "\n" not in outcome([body], "wav", Delivered("opus", -16))


@given(st.sampled_from(FORMATS), st.sampled_from(FORMATS), st.booleans(), st.data())
@settings(max_examples=150, deadline=None)
def test_no_damage_breaks_it(bought: str, wanted: str, level: bool, data: st.DataObject) -> None:
    body = bytearray(audio.tone(bought, 0.5))
    for _ in range(data.draw(st.integers(0, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(body[: data.draw(st.integers(0, len(body)))])
    said = outcome([cut, audio.tone(bought, 0.5)], bought, Delivered(wanted, -16.0 if level else None))
    assert "\n" not in said
    assert " at 0x" not in said
