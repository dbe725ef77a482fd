"""Which voices a job may ask for, by the server's own list: fetched once a day, and never waited for long.

A list that cannot be fetched refuses nothing, and an older one serves meanwhile. Costs nothing.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import tempfile
from collections.abc import Collection
from pathlib import Path
from typing import Any

from speeko_jobs import private_files
from speeko_jobs.adapters.providers.provider import list_voices
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.providers.profiles import Profile
from speeko_jobs.core.voices.availability import VoiceOffer
from speeko_jobs.core.voices.voice_catalog import AUTO
from speeko_jobs.errors import SpeekoError, UsageError
from speeko_jobs.flow import accounts
from speeko_jobs.flow.context import Context
from speeko_jobs.settings import Settings

FRESH_SECONDS = 86_400.0
CERTAIN_SECONDS = 300.0  # an older list is fetched again before a voice is refused by it
FAILED_SECONDS = 60.0  # until a fetch that failed is tried again
FETCH_SECONDS = (2.0, 3.0)  # to connect, between two reads
log = logging.getLogger(__name__)


def offer_of(context: Context, spec: JobSpec) -> VoiceOffer:
    """Return what the job's provider offers, by its server's list where there is one."""
    return VoiceOffer(spec.profile, spec.any_voice, _Listed(context.settings, spec))


def listed_voices(profile: Profile, settings: Settings) -> list[str]:
    """Return the voices that the provider's server lists now, the profile's where it has no list.

    Raises ConfigError and ServerError.
    """
    return list_voices(profile, settings)


def require_offered(offer: VoiceOffer, spec: JobSpec) -> None:
    """Raise UsageError where the job's own voice or language, or a rule's voice, is not offered."""
    if spec.voice != AUTO and (wrong := offer.refusal(spec.voice, spec.language)):
        raise UsageError(wrong)
    for number, rule in enumerate(spec.routing.rules if spec.routing else (), 1):
        wrong = None if rule.voice == AUTO else offer.refusal(rule.voice, "")
        if wrong:
            raise UsageError(f"rule {number}: {wrong}")


class _Listed:
    """The server's voices, looked up by the first use."""

    def __init__(self, settings: Settings, spec: JobSpec) -> None:
        self._settings, self._spec = settings, spec
        self._found: Collection[str] | None = None
        self._is_known = False

    def __call__(self) -> Collection[str] | None:
        if not self._is_known:
            self._found, self._is_known = self._look(), True
        return self._found

    def _look(self) -> Collection[str] | None:
        mine = accounts.settings_for(self._settings, self._spec)
        if mine is None:  # no server is set up here: what the profile knows is all
            return self._spec.profile.voices or None
        place = _place(self._settings, mine)
        kept = _read(place)
        age = _age_seconds(place) if kept else FRESH_SECONDS
        if kept and 0 <= age < (CERTAIN_SECONDS if kept["voices"] and not kept["failed"] else FAILED_SECONDS):
            return kept["voices"] or None
        try:
            voices, failed = list_voices(self._spec.profile, mine, FETCH_SECONDS), False
        except SpeekoError as error:
            log.info("the list of voices: %s", error)
            voices, failed = (kept["voices"] if kept and age < FRESH_SECONDS else []), True
        _write(place, {"voices": voices, "failed": failed})
        return voices or None


def _place(settings: Settings, mine: Settings) -> Path:
    """Return the file that keeps the list of one server."""
    server = hashlib.sha256(f"{mine.provider}\n{mine.api_url}\n{mine.account}".encode()).hexdigest()[:16]
    return settings.home_path / "voices" / f"{server}.json"


def _read(place: Path) -> dict[str, Any] | None:
    with contextlib.suppress(OSError, ValueError):
        kept = json.loads(place.read_text("utf-8"))
        if isinstance(kept, dict) and isinstance(kept.get("voices"), list):
            return {"voices": kept["voices"], "failed": bool(kept.get("failed"))}
    return None


def _age_seconds(place: Path) -> float:
    """Return how long ago a list was written, by the clock of the disk that it lies on."""
    with contextlib.suppress(OSError), tempfile.TemporaryFile(dir=place.parent) as now:
        return os.fstat(now.fileno()).st_mtime - place.stat().st_mtime
    return FRESH_SECONDS


def _write(place: Path, kept: dict[str, Any]) -> None:
    """Keep a list. A home that cannot be written to has it fetched again."""
    with contextlib.suppress(OSError):
        fresh = private_files.folder(place.parent) / f"{place.name}.{os.getpid()}"
        fresh.write_text(json.dumps(kept), "utf-8")
        fresh.replace(place)
