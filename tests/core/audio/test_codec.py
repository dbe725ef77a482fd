from __future__ import annotations

import io

import numpy as np
import pytest
import soundfile as sf
from numpy.typing import NDArray

from speeko_jobs.core.audio import codec, mp3, ogg
from speeko_jobs.core.audio.codec import (
    Layout,
    decoded,
    layout_in,
    layout_of,
    resampled,
    seconds_of,
    streams,
)
from speeko_jobs.core.audio.validation import inspect
from speeko_jobs.core.model.speech import BadAudio
from tests.metered import audio

MONO = Layout(24_000, 1, "PCM_16", "float32")


def sine(hertz: float, rate: int, seconds: float = 2.0) -> NDArray[np.float32]:
    return np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)[:, None].astype("f4")


def wav(samples: NDArray[np.float32], rate: int, subtype: str = "PCM_16") -> bytes:
    out = io.BytesIO()
    sf.write(out, samples, rate, format="WAV", subtype=subtype)
    return out.getvalue()


def decibels(samples: NDArray[np.float32], rate: int, hertz: float) -> tuple[float, float]:
    """(the tone at `hertz`, the strongest of all others), of full scale."""
    window = np.blackman(len(samples))
    spectrum = np.abs(np.fft.rfft(samples[:, 0] * window)) / (window.sum() / 2) + 1e-12
    near = np.abs(np.arange(len(spectrum)) * rate / len(samples) - hertz) < 10
    others = float(20 * np.log10(spectrum[~near].max()))
    return float(20 * np.log10(spectrum[near].max())) if near.any() else -240.0, others


@pytest.mark.parametrize(
    ("rate", "to_rate"),
    [(22_050, 24_000), (24_000, 48_000), (44_100, 48_000), (48_000, 24_000), (44_100, 24_000)],
)
@pytest.mark.parametrize("part", [0.01, 0.1, 0.35, 0.8])
def test_resampling_keeps_a_tone_and_makes_no_other(rate: int, to_rate: int, part: float) -> None:
    hertz = round(part * min(rate, to_rate) / 2)  # whole, so that it falls on a line of the spectrum
    tone, others = decibels(resampled(sine(hertz, rate), rate, to_rate), to_rate, hertz)
    assert abs(tone) < 0.05
    assert others < -100


@pytest.mark.parametrize(("rate", "to_rate"), [(48_000, 24_000), (44_100, 24_000), (96_000, 48_000)])
@pytest.mark.parametrize("above", [1.1, 1.3, 1.6])
def test_what_the_new_rate_cannot_hold_is_gone(rate: int, to_rate: int, above: float) -> None:
    _, others = decibels(resampled(sine(above * to_rate / 2, rate), rate, to_rate), to_rate, 0)
    assert others < -100


@pytest.mark.parametrize("frames", [0, 1, 2, 5, 100, 7_777, 48_001])
@pytest.mark.parametrize(("rate", "to_rate"), [(22_050, 24_000), (48_000, 24_000), (24_000, 48_000)])
def test_resampled_frames_are_what_the_rates_say(frames: int, rate: int, to_rate: int) -> None:
    out = resampled(np.zeros((frames, 2), "f4"), rate, to_rate)
    assert out.shape == (round(frames * to_rate / rate), 2)


@pytest.mark.parametrize(
    ("source", "format", "expected"),
    [
        (Layout(22_050, 1, "PCM_16", "int32"), "opus", Layout(24_000, 1, "OPUS", "float32")),
        (Layout(44_100, 2, "PCM_16", "int32"), "opus", Layout(48_000, 2, "OPUS", "float32")),
        (Layout(96_000, 6, "FLOAT", "float32"), "mp3", Layout(48_000, 1, "MPEG_LAYER_III", "float32")),
        (Layout(11_025, 2, "PCM_U8", "int32"), "mp3", Layout(11_025, 2, "MPEG_LAYER_III", "float32")),
        (Layout(22_050, 1, "PCM_24", "int32"), "flac", Layout(22_050, 1, "PCM_24", "int32")),
        (Layout(24_000, 1, "FLOAT", "float32"), "flac", Layout(24_000, 1, "PCM_24", "float32")),
        (Layout(96_000, 1, "DOUBLE", "float64"), "wav", Layout(96_000, 1, "DOUBLE", "float64")),
        (Layout(24_000, 1, "ULAW", "int32"), "flac", Layout(24_000, 1, "PCM_16", "int32")),
    ],
)
def test_layouts_that_formats_take(source: Layout, format: str, expected: Layout) -> None:
    assert layout_in(source, "wav", format, level=False) == expected


def test_a_level_is_changed_in_floats() -> None:
    assert layout_in(Layout(24_000, 1, "PCM_16", "int32"), "wav", "wav", level=True) == MONO


@pytest.mark.parametrize("format", codec.FORMATS)
def test_seconds_by_the_headers_are_those_of_a_decode(format: str) -> None:
    for length in (0.5, 2.0):
        body = audio.tone(format, length)
        samples, rate = sf.read(io.BytesIO(body))
        assert seconds_of(body) == len(samples) / rate == length


@pytest.mark.parametrize("rate", [11_025, 16_000, 22_050, 24_000, 44_100, 48_000])
def test_an_mp3_lasts_as_long_as_what_went_in(rate: int) -> None:
    for frames in (rate // 7, rate + 77):
        layout = Layout(rate, 1, "MPEG_LAYER_III", "float32")
        tone = sine(300, rate)[:frames] * np.float32(0.3)
        body, written = codec.encoded([tone], layout, "mp3")
        assert written == frames == mp3.length(body)[0]
        back = decoded(body, layout, "it")
        assert len(back) == frames
        assert np.abs(back - tone)[frames // 4 : -frames // 4].max() < 0.03  # no shift, no silence before it


def headless(body: bytes) -> bytes:
    """Without the encoder's header, as servers send that stream."""
    return body[mp3.walk(body).start :]


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 24_000, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("loud_first", [True, False])
def test_an_mp3_without_a_header_is_decoded_to_its_end(rate: int, channels: int, loud_first: bool) -> None:
    noise = np.random.default_rng(1).standard_normal((rate * 2, channels)).astype("f4") * 0.1
    noise[rate:] *= 1e-4  # of a variable rate: a decoder that guesses from the first frame is far out
    layout = Layout(rate, channels, "MPEG_LAYER_III", "float32")
    whole, _ = codec.encoded([noise if loud_first else noise[::-1]], layout, "mp3")
    body = headless(whole)
    samples, frames = decoded(body, layout, "it"), mp3.length(body)[0]
    assert len(samples) == frames
    assert 2.0 <= frames / rate <= 2.3  # the encoder's delay and padding are not told
    tail = np.abs(samples[-rate // 2 : -rate // 4]).max()
    assert tail < 0.01 if loud_first else tail > 0.1


@pytest.mark.parametrize("delay", [0, 576, 1105, 4095])
@pytest.mark.parametrize("padding", [0, 528, 529, 700, 4095])
def test_the_encoders_delay_and_padding_are_cut_off(delay: int, padding: int) -> None:
    body = bytearray(audio.tone("mp3", 1.0))
    at = body.index(b"LAME") + 21
    body[at : at + 3] = (delay << 12 | padding).to_bytes(3, "big")
    assert len(decoded(bytes(body), MONO, "it")) == mp3.length(bytes(body))[0]


def test_a_header_that_declares_too_little_is_not_believed() -> None:
    body = bytearray(audio.tone("mp3", 2.0))
    at = body.index(b"Xing") + 8
    body[at : at + 4] = (5).to_bytes(4, "big")
    assert 2.0 <= len(decoded(bytes(body), MONO, "it")) / 24_000 <= 2.1
    assert len(decoded(bytes(body), MONO, "it")) == mp3.length(bytes(body))[0]


def test_a_long_mp3_is_decoded_without_a_glitch() -> None:
    layout = Layout(24_000, 1, "MPEG_LAYER_III", "float32")
    tone = sine(440, 24_000, 15.0) * np.float32(0.3)  # longer than READ_FRAMES
    body, _ = codec.encoded([tone], layout, "mp3")
    assert np.abs(decoded(body, layout, "it") - tone)[2_000:-2_000].max() < 0.01


@pytest.mark.parametrize("format", ["mp3", "ogg", "opus"])
def test_files_put_one_behind_the_other_are_all_there(format: str) -> None:
    bodies = [audio.tone(format, length) for length in (0.5, 1.0, 2.0)]
    assert streams(b"".join(bodies)) == bodies
    assert streams(bodies[1]) == [bodies[1]]
    assert seconds_of(b"".join(bodies)) == 3.5


def test_a_tag_before_an_mp3_is_no_stream() -> None:
    body = audio.stamped(audio.tone("mp3", 1.0), "mp3", "0123456789abcdef")
    assert streams(body) == [body]
    for first in (body, headless(audio.tone("mp3", 1.0))):
        found = streams(first + body)
        assert b"".join(found) == first + body
        assert [seconds_of(one) for one in found] == [pytest.approx(1.03, abs=0.04), 1.0]


@pytest.mark.parametrize("format", codec.FORMATS)
def test_streams_of_what_is_damaged_lose_no_byte(format: str) -> None:
    body = bytearray(audio.tone(format, 0.5) * 2)
    for at in range(0, len(body), 97):
        body[at] ^= 0x55
        assert b"".join(streams(bytes(body))) == body


def test_links_need_whole_pages() -> None:
    with pytest.raises(ValueError, match="cut"):
        list(ogg.links(audio.tone("ogg", 0.5)[:-1]))


def test_a_flac_of_unknown_length_is_read_to_its_end() -> None:
    body = bytearray(audio.tone("flac", 4.0))
    body[21] &= 0xF0  # the number of samples, 36 bits: a streaming encoder does not know it
    body[22:26] = bytes(4)
    assert seconds_of(bytes(body)) == 4.0
    assert inspect(bytes(body), "flac", 40).seconds == 4.0
    assert np.array_equal(decoded(bytes(body), MONO, "it"), decoded(audio.tone("flac", 4.0), MONO, "it"))


@pytest.mark.parametrize("declared", [0, 0xFFFFFFFF, 0x7FFFF000])
@pytest.mark.parametrize("subtype", ["PCM_16", "PCM_24", "FLOAT"])
def test_a_wav_left_open_is_read_to_its_end(declared: int, subtype: str) -> None:
    body = wav(sine(300, 24_000), 24_000, subtype)
    at = body.index(b"data") + 4
    left_open = body[:at] + declared.to_bytes(4, "little") + body[at + 4 :]
    assert seconds_of(left_open) == inspect(left_open, "wav", 20).seconds == 2.0
    assert np.array_equal(decoded(left_open, MONO, "it"), decoded(body, MONO, "it"))


@pytest.mark.parametrize(
    ("rate", "channels"), [(1, 1), (3_999, 1), (192_001, 1), (24_000, 9), (2_000_000_000, 1)]
)
def test_headers_of_no_speech_are_refused_before_anything_is_decoded(rate: int, channels: int) -> None:
    body = wav(np.zeros((100, channels), "f4"), rate)
    with pytest.raises(BadAudio, match=f"segment 3 is no speech: {channels} channels of {rate} Hz"):
        layout_of(body, "segment 3")


def test_a_part_too_long_to_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "MAX_PART_SAMPLES", 40_000)
    body = wav(sine(300, 24_000, 1.8), 24_000)
    with pytest.raises(BadAudio, match="it is longer than 0 minutes"):
        decoded(body, MONO, "it")
    short = wav(sine(300, 8_000, 1.0), 8_000)
    with pytest.raises(BadAudio, match="it is too long at 384000 Hz"):
        decoded(short, Layout(384_000, 1, "PCM_16", "float32"), "it")


def test_a_file_too_long_to_write_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "MAX_SAMPLES", 40_000)
    piece = sine(300, 24_000, 1.0)
    assert codec.encoded([piece], MONO, "wav")[1] == 24_000
    with pytest.raises(BadAudio, match="more than 0 hours"):
        codec.encoded([piece, piece], MONO, "wav")


def test_a_float_wav_does_not_tell_the_time() -> None:
    layout = Layout(24_000, 1, "FLOAT", "float32")
    body, _ = codec.encoded([sine(300, 24_000, 0.1)], layout, "wav")
    at = body.index(b"PEAK")
    assert body[at + 8 : at + 16] == b"\1\0\0\0" + bytes(4)
    assert np.array_equal(decoded(body, layout, "it"), sine(300, 24_000, 0.1))


def test_samples_that_read_like_a_header_stay() -> None:
    samples = np.frombuffer(b"PEAK" * 100, "i4")[:, None]
    body, _ = codec.encoded([samples], Layout(24_000, 1, "PCM_32", "int32"), "wav")
    assert body.endswith(b"PEAK" * 100)


@pytest.mark.parametrize("subtype", ["FLOAT", "DOUBLE"])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
@pytest.mark.parametrize("format", codec.FORMATS)
def test_numbers_that_are_none_are_no_sound(subtype: str, value: float, format: str) -> None:
    samples = sine(300, 24_000, 0.2).astype("f8") * 0.1
    samples[::100] = value
    body = wav(samples, 24_000, subtype)
    layout = layout_in(layout_of(body, "it"), "wav", format, level=False)
    written, frames = codec.encoded([decoded(body, layout, "it")], layout, format)
    back, _ = sf.read(io.BytesIO(written))
    assert frames == len(back) == len(samples)
    assert np.isfinite(back).all()
