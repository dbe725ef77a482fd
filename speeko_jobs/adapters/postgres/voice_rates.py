"""How fast each voice speaks and answers, learned from its calls. Statements are in sql/voice_rates.sql."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from speeko_jobs.adapters.postgres.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class SpeechRate:
    """How one voice of a provider speaks a language and how fast it answers, over all its calls."""

    model: str
    voice: str
    language: str
    calls: int
    chars: int
    millis: int
    latency_millis: int


def add_speech_rates(t: Transaction, provider: str, speech_rates: Sequence[SpeechRate]) -> None:
    """Learn from settled calls."""
    if speech_rates:
        t.run(
            "pace_add",
            {
                "provider": provider,
                "models": [p.model for p in speech_rates],
                "voices": [p.voice for p in speech_rates],
                "languages": [p.language for p in speech_rates],
                "calls": [p.calls for p in speech_rates],
                "chars": [p.chars for p in speech_rates],
                "millis": [p.millis for p in speech_rates],
                "latencies": [p.latency_millis for p in speech_rates],
            },
        )


def speech_rates(database: Database, provider: str, least_calls: int) -> list[SpeechRate]:
    """What is known of a provider's voices that have spoken at least so often."""
    return [
        SpeechRate(*row) for row in database.rows("pace_show", {"provider": provider, "calls": least_calls})
    ]
