from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pyloudnorm
import pytest
from numpy.typing import NDArray

from speeko_jobs.core.audio.loudness import CEILING_DB, MAX_GAIN_DB, Level, gain, measure
from speeko_jobs.core.model.speech import BadAudio

Sound = NDArray[np.float32]


def sine(hertz: float, rate: int, seconds: float, height: float = 1.0, channels: int = 1) -> Sound:
    one = height * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)
    return np.repeat(one[:, None], channels, axis=1).astype("f4")


def speechlike(rate: int, seconds: float, channels: int = 1) -> Sound:
    """Noise that comes and goes, with pauses long enough for both gates."""
    frames = round(seconds * rate)
    at = np.arange(frames) / rate
    swell = np.abs(np.sin(2 * np.pi * 0.37 * at)) * (at % 11 < 8) * np.where(at % 60 < 30, 1.0, 0.1)
    noise = np.random.default_rng(5).standard_normal((frames, channels))
    return (0.1 * swell[:, None] * noise).astype("f4")


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000, 44_100, 48_000])
def test_the_reference_tone_of_the_standard(rate: int) -> None:
    # The filters are defined for 48 kHz; at 8 kHz they bend by 0.2 LU.
    assert measure([sine(997, rate, 5.0)], rate).lufs == pytest.approx(-3.01, abs=0.2)
    assert measure([sine(997, rate, 5.0, 0.1, 2)], rate).lufs == pytest.approx(-20.0, abs=0.2)


@pytest.mark.parametrize(
    ("rate", "seconds"),
    [
        (24_000, 0.4),
        (11_025, 0.77),
        (22_050, 5.0),
        (11_025, 31.2),
        (22_050, 31.4),
        (8_000, 61.5),
        (11_025, 100.0),
    ],
)
def test_slabs_measure_as_the_whole_does(rate: int, seconds: float) -> None:
    sound = speechlike(rate, seconds)
    whole = pyloudnorm.Meter(rate).integrated_loudness(sound.astype("f8"))
    assert measure([sound], rate).lufs == pytest.approx(whole, abs=0.02)


def test_pieces_measure_as_the_whole_does() -> None:
    sound = speechlike(24_000, 70.0, 2)
    cuts = [0, 5, 1_000, 1_000, 400_000, 1_300_000, len(sound)]
    pieces = [sound[a:b] for a, b in pairwise(cuts)]
    one, many = measure([sound], 24_000), measure(iter(pieces), 24_000)
    assert many.lufs == pytest.approx(one.lufs, abs=1e-9)
    assert many.peak == pytest.approx(one.peak, rel=1e-5)


def test_a_clip_shorter_than_a_block_is_measured_by_itself() -> None:
    long = measure([sine(997, 24_000, 4.0, 0.2)], 24_000).lufs
    for seconds in (0.39, 0.2, 0.05):
        assert measure([sine(997, 24_000, seconds, 0.2)], 24_000).lufs == pytest.approx(long, abs=0.5)


@pytest.mark.parametrize("frames", [0, 1, 2, 10])
def test_next_to_nothing_is_no_trouble(frames: int) -> None:
    assert math.isfinite(gain(measure([np.full((frames, 1), 0.5, "f4")], 24_000), -16.0))


def test_silence_has_no_loudness_and_is_left_alone() -> None:
    for sound in (np.zeros((48_000, 1), "f4"), sine(997, 24_000, 2.0, 1e-5)):
        level = measure([sound], 24_000)
        assert level.lufs == -math.inf
        assert gain(level, -16.0) == 1.0
    assert measure([], 24_000) == Level(-math.inf, 0.0)


def test_a_peak_between_samples_is_found() -> None:
    at = np.arange(24_000)
    sound = np.sin(2 * np.pi * at / 4 + np.pi / 4)[:, None].astype("f4")  # samples at 0.707 of every swing
    assert np.abs(sound).max() < 0.71
    assert measure([sound], 24_000).peak == pytest.approx(1.0, abs=0.03)


def test_six_channels_have_no_weights() -> None:
    with pytest.raises(BadAudio, match="loudness of 6 channels cannot be measured"):
        measure([np.ones((24_000, 6), "f4")], 24_000)


@pytest.mark.parametrize(
    ("level", "wanted", "decibels"),
    [
        (Level(-26.0, 0.1), -16.0, 10.0),
        (Level(-10.0, 0.8), -16.0, -6.0),
        (Level(-26.0, 0.5), -16.0, CEILING_DB - 20 * math.log10(0.5)),  # as near as the ceiling lets it
        (Level(-16.0, 1.5), -16.0, CEILING_DB - 20 * math.log10(1.5)),  # and no peak stays over it
        (Level(-65.0, 1e-4), -16.0, MAX_GAIN_DB),
        (Level(-16.05, 0.5), -16.0, 0.0),  # nobody hears that
    ],
)
def test_the_gain(level: Level, wanted: float, decibels: float) -> None:
    assert 20 * math.log10(gain(level, wanted)) == pytest.approx(decibels)
