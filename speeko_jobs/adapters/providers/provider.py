"""Who speaks: one seam, two real implementations (a speech API over HTTP, espeak-ng on this machine).

Says what a provider is and opens the one that a profile names. Retries, limits, money and the audio gate
are the caller's business. Importing this package loads neither HTTP nor audio libraries.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from speeko_jobs.core.model.speech import Speech, SpeechRequest
    from speeko_jobs.core.providers.profiles import Profile
    from speeko_jobs.settings import Settings

OnAudio = Callable[
    [bytes], None
]  # gets the parts of an answer as they arrive, before anybody has checked them
_ESPEAK = "espeak"


class Provider(Protocol):
    """One open connection to who speaks; belongs to the process and the event loop that opened it."""

    @property
    def profile(self) -> Profile: ...

    async def speak(self, request: SpeechRequest, on_audio: OnAudio | None = None) -> Speech:
        """Send one call at most once: never retried in here. Raises ProviderError, perhaps after `on_audio`
        has got some of the audio."""
        ...

    async def round_trip_seconds(self) -> float | None:
        """How long a question and its answer are under way now, found out without spending money; None
        where nobody answers soon."""
        ...

    async def aclose(self) -> None: ...


def open_provider(profile: Profile, settings: Settings) -> Provider:
    """A provider for this process, after its fork, within its running event loop. Sends nothing yet.

    Raises ConfigError, naming the variable to set, where the API's address or key is missing or no good.
    """
    if profile.name == _ESPEAK:
        from speeko_jobs.adapters.providers.espeak import EspeakProvider

        return EspeakProvider(profile, settings)
    from speeko_jobs.adapters.providers.http_provider import SpeechApiProvider

    return SpeechApiProvider(profile, settings)


def list_voices(
    profile: Profile, settings: Settings, seconds: tuple[float, float] | None = None
) -> list[str]:
    """Voice names: the server's own list where it has one, else the profile's. Costs nothing.

    `seconds`: the most to connect, and between two reads.

    Raises ConfigError, or ServerError where the server that has the list does not answer.
    """
    if profile.name == _ESPEAK:
        from speeko_jobs.core.providers.espeak_voices import VOICES

        return sorted(VOICES)
    from speeko_jobs.adapters.providers.discovery import list_voices

    return list_voices(profile, settings, seconds)


def list_models(profile: Profile, settings: Settings) -> list[str]:
    """Return the names of the models that the server lists; none where it has no such list. Costs nothing.

    Raises ConfigError, or ServerError where the server does not answer.
    """
    if profile.name == _ESPEAK:
        return list(profile.models)
    from speeko_jobs.adapters.providers.discovery import list_models

    return list_models(profile, settings)


def check(profile: Profile, settings: Settings) -> str:
    """One line on a provider that is there and takes the key, found out without spending money.

    Raises ConfigError or ServerError with one line on what to do. Blocking: not for an event loop.
    """
    if profile.name == _ESPEAK:
        from speeko_jobs.adapters.providers.espeak import check
    else:
        from speeko_jobs.adapters.providers.discovery import check

    return check(profile, settings)
