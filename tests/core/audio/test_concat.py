"""Joining: the seconds of the whole are those of the parts, and nothing clicks."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import soundfile as sf
from numpy.typing import NDArray

from speeko_jobs.core.audio.codec import FORMATS
from speeko_jobs.core.audio.concat import FADE_SECONDS
from speeko_jobs.core.audio.transcode import Delivered, render
from speeko_jobs.core.model.speech import BadAudio

CONTAINERS = {
    "wav": ("WAV", "PCM_16"),
    "flac": ("FLAC", "PCM_16"),
    "mp3": ("MP3", "MPEG_LAYER_III"),
    "ogg": ("OGG", "VORBIS"),
    "opus": ("OGG", "OPUS"),
}


def join(parts: list[bytes], format: str) -> bytes:
    return render(parts, format, Delivered(format)).audio


def tone(seconds: float, rate: int = 24_000, channels: int = 1, hertz: float = 330.0) -> NDArray[np.int16]:
    """A tone that neither begins nor ends in silence: it clicks when it is cut."""
    at = np.arange(round(seconds * rate)) / rate
    one = (np.cos(2 * np.pi * hertz * at) * 12_000).astype(np.int16)
    return np.repeat(one[:, None], channels, axis=1)


def encode(samples: NDArray[np.int16], format: str, rate: int = 24_000, subtype: str = "") -> bytes:
    container, usual = CONTAINERS[format]
    out = io.BytesIO()
    with sf.SoundFile(
        out, "w", samplerate=rate, channels=samples.shape[1], format=container, subtype=subtype or usual
    ) as f:
        for start in range(0, len(samples), 10_000):  # libsndfile dies of long Ogg writes
            f.write(samples[start : start + 10_000])
    return out.getvalue()


def decode(data: bytes) -> tuple[NDArray[np.int16], int]:
    samples, rate = sf.read(io.BytesIO(data), dtype="int16", always_2d=True)
    return samples, rate


def seconds(data: bytes) -> float:
    samples, rate = decode(data)
    return len(samples) / rate


@pytest.mark.parametrize("format", ["wav", "flac"])
def test_exact_formats_keep_every_sample_but_the_faded(format: str) -> None:
    parts = [tone(s, hertz=h) for s, h in ((0.5, 330), (0.123, 220), (1.7, 550))]
    samples, rate = decode(join([encode(part, format) for part in parts], format))
    plain = np.concatenate(parts)
    assert rate == 24_000
    assert len(samples) == len(plain)
    fade = round(FADE_SECONDS * rate)
    changed = np.flatnonzero((samples != plain).any(axis=1))
    for at in changed:
        assert min(abs(at - edge) for edge in (len(parts[0]), len(parts[0]) + len(parts[1]))) <= fade
    assert len(changed) <= 4 * fade


@pytest.mark.parametrize("format", ["wav", "flac"])
def test_parts_that_end_in_silence_are_joined_bit_by_bit(format: str) -> None:
    part = tone(0.4)
    part[:50] = part[-50:] = 0
    samples, _ = decode(join([encode(part, format)] * 3, format))
    assert np.array_equal(samples, np.concatenate([part] * 3))


@pytest.mark.parametrize("format", ["mp3", "ogg", "opus"])
@pytest.mark.parametrize("rate", [24_000, 48_000])
def test_encoded_formats_keep_their_seconds(format: str, rate: int) -> None:
    parts = [encode(tone(s, rate), format, rate) for s in (0.7, 0.31, 1.23, 0.05)]
    whole = join(parts, format)
    assert abs(seconds(whole) - sum(map(seconds, parts))) < 0.03 * 3
    samples, _ = decode(whole)
    middle = samples[len(samples) // 4 : -len(samples) // 4]
    assert 0.8 < float(np.sqrt((middle.astype(float) ** 2).mean())) / (12_000 / 2**0.5) < 1.2


def test_the_last_part_is_heard_where_it_belongs() -> None:
    parts = [encode(tone(0.5, hertz=h), "mp3") for h in (300, 600, 1200)]
    samples, rate = decode(join(parts, "mp3"))
    for n, hertz in enumerate((300, 600, 1200)):
        part = samples[round((n * 0.5 + 0.1) * rate) : round((n * 0.5 + 0.4) * rate), 0]
        strongest = np.fft.rfft(part).__abs__().argmax() * rate / len(part)
        assert abs(strongest - hertz) < 10


@pytest.mark.parametrize("format", ["wav", "flac", "mp3"])
def test_joins_do_not_click(format: str) -> None:
    parts = [tone(0.5), -tone(0.5)]
    samples, _ = decode(join([encode(part, format) for part in parts], format))
    steps = np.abs(np.diff(samples[:, 0].astype(int)))
    usual = int(np.abs(np.diff(parts[0][:, 0].astype(int))).max())
    edge = len(parts[0])
    assert int(steps[edge - 200 : edge + 200].max()) < usual * 1.5


def test_other_rates_and_channels_become_the_first_ones() -> None:
    parts = [encode(tone(0.5, 24_000, 2), "wav"), encode(tone(0.5, 22_050), "wav", 22_050)]
    samples, rate = decode(join(parts, "wav"))
    assert (rate, samples.shape) == (24_000, (24_000, 2))
    assert np.array_equal(samples[12_000:, 0], samples[12_000:, 1])
    spectrum = np.abs(np.fft.rfft(samples[13_000:23_000, 0] * np.hanning(10_000)))
    assert abs(spectrum.argmax() * 24_000 / 10_000 - 330) < 5
    assert np.sort(spectrum)[-30] < spectrum.max() / 1000  # one tone: resampling brought no others
    samples, rate = decode(join(parts[::-1], "wav"))
    assert (rate, samples.shape) == (22_050, (22_050, 1))


@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "PCM_32", "PCM_U8", "FLOAT", "DOUBLE"])
def test_the_sample_width_is_kept(subtype: str) -> None:
    part = tone(0.2)
    part[:10] = part[-10:] = 0
    whole = join([encode(part, "wav", subtype=subtype)] * 2, "wav")
    with sf.SoundFile(io.BytesIO(whole)) as f:
        assert (f.subtype, f.frames) == (subtype, 2 * len(part))
        assert np.array_equal(
            f.read(dtype="float64"),
            np.tile(sf.read(io.BytesIO(encode(part, "wav", subtype=subtype)), dtype="float64")[0], 2),
        )


def test_a_part_of_no_length_is_no_trouble() -> None:
    empty = encode(tone(0.0), "wav")
    part = encode(tone(0.1), "wav")
    assert seconds(join([empty, part, empty], "wav")) == pytest.approx(0.1)


@pytest.mark.parametrize("format", FORMATS)
def test_the_same_parts_give_the_same_bytes_in_many_threads(format: str) -> None:
    parts = [encode(tone(0.3), format), encode(tone(0.2, hertz=500), format)]
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(lambda _: join(parts, format), range(8)))) == 1


def test_long_audio_does_not_kill_the_encoder() -> None:
    part = encode(tone(60.0), "ogg")
    assert abs(seconds(join([part] * 3, "ogg")) - 180) < 0.1


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("garbage", [b"", b"<html>", bytes(1000)])
def test_a_part_that_is_no_audio_is_named(format: str, garbage: bytes) -> None:
    with pytest.raises(BadAudio, match="segment 2 cannot be decoded") as caught:
        join([encode(tone(0.1), format), garbage], format)
    assert "\n" not in str(caught.value)
