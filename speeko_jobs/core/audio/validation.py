"""Audio validation: whether bytes that were paid for are the speech that was asked for.

Decides from the bytes, the format asked for and the length of the text, never from a declared content
type. What a container holds is read in `probe`; what becomes of bad audio is the caller's business.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from speeko_jobs.core.audio import probe
from speeko_jobs.core.model.speech import BadAudio

# Speech takes 0.04 to 0.4 seconds a character in real catalogs; numbers and emojis far more. Wide on purpose:
# a wrong refusal costs money twice.
MIN_SECONDS_PER_CHAR = 0.005
MAX_SECONDS_PER_CHAR = 2.0
MAX_SECONDS_EXTRA = 10.0

MIN_SOUNDING = 0.075  # of the stretches of audio that is longer than a word
MAX_SILENT_SECONDS = 2.0
WORD_CHARS = 20

LEARNED_MIN_CHARS = 60
LEARNED_TIMES = 4.0  # shorter or longer than usual by this: a cut, a loop, or another text's audio
LEARNED_TIMES_PLAIN = 1.8  # longer than usual, for words and punctuation: spoken twice, or with a long tail
DIGIT_CHARS = 8  # a digit is a word
_SPOKEN = re.compile(r"\w")
_DIGIT = re.compile(r"\d")
_NOT_PLAIN = re.compile(r"[\d_]|[^\w\s.,;:!?'’\"()\-–—…]|\b[^\W\d_a-z]{2,}\b")  # signs, and letters by name


@dataclass(frozen=True, slots=True)
class AudioFacts:
    """What validation found of audio that passed."""

    seconds: float
    sample_rate: int
    channels: int


def usual_seconds(text: str, seconds_per_char: float) -> tuple[float, float]:
    """(least, most) seconds for a text of a voice that usually takes `seconds_per_char` (0.0: not known).

    Wide: signs are silent, digits are words; less so for plain words. Texts that are too short to judge have
    no bounds: (0.0, 0.0).
    """
    if not seconds_per_char or len(text) < LEARNED_MIN_CHARS:
        return 0.0, 0.0
    spoken = len(_SPOKEN.findall(text))
    most = len(text) + DIGIT_CHARS * len(_DIGIT.findall(text))
    times = LEARNED_TIMES if _NOT_PLAIN.search(text) else LEARNED_TIMES_PLAIN
    return spoken * seconds_per_char / LEARNED_TIMES, most * seconds_per_char * times


def inspect(
    audio: bytes,
    format: str,
    chars: int,
    speed: float = 1.0,
    usual: tuple[float, float] = (0.0, 0.0),
) -> AudioFacts:
    """The facts of audio that may be kept. BadAudio, with one line that says why, for what may not.

    `chars` is the length of the text spoken; `speed` widens the bounds on how long that may take, and
    `usual` (see `usual_seconds`) narrows them to what the voice does.
    """
    if not audio:
        raise BadAudio("empty: no byte of audio")
    seen = probe.looks_like(audio)
    if seen != format and not (format == "ogg" and seen == "opus"):
        raise BadAudio(f"asked for {format}, but the bytes look like {seen}")
    stream = probe.read(audio, format)
    seconds = stream.frames / stream.sample_rate
    _check_length(seconds, chars, speed)
    least, most = usual
    if most and not least <= seconds <= most:
        raise BadAudio(
            f"{seconds:.1f} s for {chars} characters: this voice takes {least:.1f} to {most:.1f} s"
        )
    if stream.silent:
        raise BadAudio(f"silence: no sample of {seconds:.1f} s reaches {probe.SILENCE_DBFS:g} dBFS")
    silent = (1 - stream.sounding) * seconds
    if stream.sounding < MIN_SOUNDING and (silent > MAX_SILENT_SECONDS or chars >= WORD_CHARS):
        raise BadAudio(f"silence: {silent:.1f} s of {seconds:.1f} s hold no sound")
    return AudioFacts(seconds, stream.sample_rate, stream.channels)


def _check_length(seconds: float, chars: int, speed: float) -> None:
    least = MIN_SECONDS_PER_CHAR * chars / max(speed, 1.0)
    most = (MAX_SECONDS_PER_CHAR * chars + MAX_SECONDS_EXTRA) / min(speed, 1.0)
    if seconds < least:
        raise BadAudio(f"too short: {seconds:.2f} s for {chars} characters")
    if seconds > most:
        raise BadAudio(f"too long: {seconds:.0f} s for {chars} characters")
