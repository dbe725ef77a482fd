"""What may be asked of a provider: whether it has a voice and speaks a language, and the nearest that it has.

Knows a profile's own list; the server's list comes from `listed`, which is asked only for a voice that the
profile does not name. Pure: sends nothing itself.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass

from speeko_jobs.core.model.suggestions import nearest
from speeko_jobs.core.providers.espeak_voices import VOICES
from speeko_jobs.core.providers.profiles import ESPEAK_FAMILY, Profile
from speeko_jobs.core.text import language_tags as languages

MIXING = "kokoro-fastapi"
ANY_VOICE = "--any-voice lets it pass"
_MIXED = re.compile(r"([^+()\s]+)(?:\(\d+(?:\.\d+)?\))?")


def nothing_listed() -> Collection[str] | None:
    """Return None: the server's list is not known."""
    return None


@dataclass(frozen=True)
class VoiceOffer:
    """One provider's voices and languages. `listed` returns the server's voices, None where it is not known.

    `any_voice`: what is on no list passes; what the provider could not even be asked for does not.
    """

    profile: Profile
    any_voice: bool = False
    listed: Callable[[], Collection[str] | None] = nothing_listed

    def refusal(self, voice: str, language: str, written: str = "") -> str | None:
        """Return one line on why a row of that voice and language is not bought; None where it may be.

        `language` is a tag, `written` what the user wrote for it.
        """
        if wrong := self.profile.refusal(voice, language, written):
            return wrong + self._near_espeak(voice)
        if self.any_voice or self.profile.family == ESPEAK_FAMILY:
            return None
        return self._language_refusal(language, written) or self._voice_refusal(voice)

    def _near_espeak(self, voice: str) -> str:
        near = (
            nearest(voice.partition("+")[0], VOICES) if self.profile.family == ESPEAK_FAMILY and voice else ""
        )
        return f"; {near}" if near else ""

    def _language_refusal(self, language: str, written: str) -> str | None:
        if not language or self.profile.language_codes:
            return None
        name = self.profile.name
        if not languages.is_valid(language):
            near = nearest(language, languages.names()) or "give a BCP 47 tag such as en-GB"
            return f"there is no language {languages.shown(language, written)}: {near}"
        if self.profile.takes_language and not languages.has_speakers(language):
            shown = languages.shown(language, written)
            return f"{name} does not speak the language {shown}, which no voice speaks today ({ANY_VOICE})"
        return None

    def _voice_refusal(self, voice: str) -> str | None:
        unknown = [name for name in self._parts(voice) if not self._is_own(name)]
        if not unknown:
            return None
        known = self.listed() if self.profile.lists_voices else self.profile.voices
        if not known:
            return None
        for name in unknown:
            if name not in known:
                near = nearest(name, {*known, *self.profile.voices}) or "`speeko voices` lists them"
                return f"{self.profile.name} has no voice {name!r}: {near} ({ANY_VOICE})"
        return None

    def _is_own(self, name: str) -> bool:
        """Return whether the profile itself names the voice."""
        return name in ("", self.profile.default_voice) or name in self.profile.voices

    def _parts(self, voice: str) -> list[str]:
        """Return the voices of a mix such as af_bella(2)+af_sky; the voice itself where it is none."""
        if self.profile.name != MIXING:
            return [voice]
        found = [_MIXED.fullmatch(part.strip()) for part in voice.split("+")]
        return [part[1] if part else voice for part in found]
