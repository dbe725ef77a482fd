"""Answers in pieces: kept whole and as one file, or booked as paid and bad."""

from __future__ import annotations

import dataclasses
import io

import pytest
import soundfile

from speeko_jobs.core.model.speech import Speech
from speeko_jobs.core.model.states import AttemptState
from speeko_jobs.flow.synthesis.answer_outcome import Answer, ValidatedAnswer, validate
from tests.fixtures.books import SPEC
from tests.fixtures.claimed import loose_claim
from tests.metered import audio

FORMATS = ("wav", "mp3", "flac", "ogg", "opus")


def verdict(body: bytes, format: str) -> ValidatedAnswer:
    spec = dataclasses.replace(SPEC, format=format)
    claim = dataclasses.replace(loose_claim(spec), format=format)
    return validate(Answer(1, spec, claim, Speech(body, 0.1), 0.1))


@pytest.mark.parametrize("format", FORMATS)
def test_two_files_in_one_body_are_stored_as_one(format: str) -> None:
    found = verdict(audio.tone(format, 2.0) + audio.tone(format, 1.0), format)
    assert (found.outcome.state, found.outcome.converted) == (AttemptState.STORED, False)
    assert found.outcome.millis == pytest.approx(3_000, abs=10)
    samples, rate = soundfile.read(io.BytesIO(found.audio))
    assert len(samples) / rate == pytest.approx(3.0, abs=0.2)


@pytest.mark.parametrize("format", FORMATS)
def test_a_second_file_that_is_cut_is_paid_and_bad(format: str) -> None:
    found = verdict(audio.tone(format, 2.0) + audio.tone(format, 1.0)[:-300], format)
    assert found.outcome.state is AttemptState.BAD
    assert found.outcome.wasted
