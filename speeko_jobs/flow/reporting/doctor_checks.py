"""Check what a job needs, for `speeko doctor`: that each server fits, too. Costs nothing.

Each check returns what it found, and raises a SpeekoError with one line on what to do. A finding that is a
warning lets jobs run, and says what will go wrong one day.
"""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import dataclass
from pathlib import Path

from speeko_jobs.adapters.audio_store import Store
from speeko_jobs.adapters.celery_queue.queue_names import is_redis
from speeko_jobs.adapters.http import webhook_client
from speeko_jobs.adapters.postgres import migrate, server_errors, server_fitness
from speeko_jobs.adapters.postgres import webhooks as hooks
from speeko_jobs.adapters.providers.provider import check, list_models, list_voices
from speeko_jobs.adapters.redis.redis_fitness import RedisFacts
from speeko_jobs.adapters.redis.server import RedisServer
from speeko_jobs.core.model.suggestions import nearest
from speeko_jobs.core.output.archive_path import is_archive, split
from speeko_jobs.core.output.formatting import count, size
from speeko_jobs.core.providers.profiles import Profile
from speeko_jobs.core.voices.availability import VoiceOffer
from speeko_jobs.core.voices.voice_catalog import AUTO
from speeko_jobs.errors import ConfigError, ServerError
from speeko_jobs.flow.context import Context
from speeko_jobs.flow.reporting.redis_owner import foreign_redis_warning
from speeko_jobs.settings import Settings

MIN_FREE_CONNECTIONS = 16  # a worker of four processes takes as many
MAX_LOST_EVENTS = 100
MAX_CLOCK_SECONDS = 5.0
LOW_BYTES, MIN_BYTES = 2_000_000_000, 100_000_000  # room on a disk: a warning below, a failure below


@dataclass(frozen=True, slots=True)
class DoctorFinding:
    """What a check found: a line, and whether it is a warning."""

    text: str
    is_warning: bool = False


def postgres(context: Context) -> DoctorFinding:
    """Return version, pooler mode and free connections. Raises ServerError where it is away or read-only."""
    facts = server_fitness.facts(context.database)
    if facts.is_read_only:
        raise ServerError(f"Postgres {facts.version} {server_errors.READ_ONLY}")
    mode = context.database.pooler_mode()
    line = f"{facts.version} answers" + (f" (through a pooler in {mode} mode)" if mode else "")
    line += f"; {max(facts.free_connections, 0):,} of {facts.max_connections:,} connections are free"
    if not mode and facts.free_connections < MIN_FREE_CONNECTIONS:
        more = "raise max_connections, put PgBouncer in front of it, or run fewer workers"
        return DoctorFinding(f"{line}: {more}", is_warning=True)
    return _clock(line, facts.clock_seconds)


def redis(server: RedisServer) -> DoctorFinding:
    """Return Redis' version. Raises ConfigError and ServerError where it does not fit, or is away."""
    return _redis_finding(server.facts())


def context_redis(context: Context) -> DoctorFinding:
    """Return Redis' version. Raises ServerError also where another database uses it."""
    found = redis(context.cache.server)
    if warning := foreign_redis_warning(context):
        raise ServerError(warning)
    return found


def redis_at(url: str) -> DoctorFinding:
    """Return what `redis` does, for a server without a database."""
    with contextlib.closing(RedisServer(url)) as server:
        return redis(server)


def _redis_finding(facts: RedisFacts) -> DoctorFinding:
    line = f"{facts.version} answers"
    if facts.evicts_messages:
        return DoctorFinding(
            f"{line}, but its maxmemory-policy {facts.policy} deletes queued messages when it is full: set it"
            " to noeviction (or volatile-lru)",
            is_warning=True,
        )
    return _clock(line, facts.clock_seconds)


def _clock(line: str, ahead_seconds: float) -> DoctorFinding:
    if abs(ahead_seconds) < MAX_CLOCK_SECONDS:
        return DoctorFinding(line)
    way = "ahead of" if ahead_seconds > 0 else "behind"
    return DoctorFinding(
        f"{line}, but its clock is {abs(ahead_seconds):,.0f} s {way} this machine's: synchronize both (NTP)",
        is_warning=True,
    )


def require_redis_fits(context: Context) -> None:
    """Raise ConfigError where Redis, or a Redis that is the broker, is a Cluster, a Sentinel or a replica.

    One that is away passes: commands go on without it.
    """
    context.cache.server.require_fit()
    broker = context.settings.broker_url
    if is_redis(broker):
        with contextlib.closing(RedisServer(broker)) as server:
            server.require_fit()


def require_writable(context: Context) -> None:
    """Raise ServerError where Postgres is a standby or read-only: a worker would do nothing there."""
    if server_fitness.facts(context.database).is_read_only:
        raise ServerError(f"Postgres at {context.database.shown} {server_errors.READ_ONLY}")


def broker(context: Context) -> DoctorFinding:
    """Return which broker answers. Raises ServerError where it is away, or is a Redis that does not fit."""
    url = context.settings.broker_url
    if is_redis(url):
        return redis_at(url)
    return DoctorFinding(f"{context.queue.check()} answers")


def disks(settings: Settings) -> list[str]:
    """Return the folders of home, store and output, one a disk."""
    found: dict[int, str] = {}
    for place in (str(settings.home_path), settings.store_url, settings.output):
        if "://" not in place:
            found.setdefault(_existing(place).stat().st_dev, place)
    return list(found.values())


def room(place: str) -> DoctorFinding:
    """Return how much room a folder's disk has. Raises ConfigError where there is next to none."""
    free = shutil.disk_usage(_existing(place)).free
    line = f"{size(free)} free at {place}"
    if free < MIN_BYTES:
        raise ConfigError(f"only {line}: free some, audio and the queue need it")
    return DoctorFinding(f"{line}: free some soon" if free < LOW_BYTES else line, is_warning=free < LOW_BYTES)


def _existing(place: str) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    folder = Path(place)
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder


def speech(profile: Profile, settings: Settings) -> DoctorFinding:
    """Return the model and the voice that the provider has. Raises ConfigError for a voice that it lacks."""
    voice = "" if settings.voice == AUTO else settings.voice
    model = settings.model or profile.default_model
    offer = VoiceOffer(profile, listed=lambda: list_voices(profile, settings))
    if wrong := offer.refusal(voice, settings.language):
        raise ConfigError(wrong)
    models = list_models(profile, settings)
    if models and model not in models:
        near = nearest(model, models) or f"it lists {', '.join(models[:3])}"
        return DoctorFinding(f"{profile.name} does not list the model {model!r}: {near}", is_warning=True)
    voice = voice or profile.default_voice or "by language"
    return DoctorFinding(f"{profile.name} has the model {model}, voice {voice}")


def webhooks(context: Context) -> DoctorFinding:
    """Return what became of the events of the last day; check the webhook of the settings.

    Raises ConfigError for a webhook at a literal address to which nothing is sent under these settings.
    """
    settings = context.settings
    webhook_client.check_literal(settings.webhook, allow_private=settings.allow_private_webhooks == 1)
    lost = hooks.lost(context.database, most=MAX_LOST_EVENTS)
    if not lost:
        return DoctorFinding("every event of the last day was delivered or is still tried")
    newest = lost[0]
    more = "" if len(lost) < MAX_LOST_EVENTS else " or more"
    return DoctorFinding(
        f"{count(len(lost), 'event')}{more} of the last day not delivered; the newest, of job {newest.job}:"
        f" {newest.error}",
        is_warning=True,
    )


def schema_revision() -> str:
    """Return the revision that this version works with."""
    return migrate.head()


def writable_store(url: str) -> str:
    """Return the store's URL once a probe was written, read and removed. Raises StoreError, ConfigError.

    A folder that did not exist before does not exist afterwards. For a ZIP file, its folder is looked at.
    """
    if is_archive(url) and not Path(url).is_dir():
        url = split(url)[0]
    store = Store(url)
    is_new = store.is_folder and not Path(store.url).exists()
    try:
        store.check_writable()
    finally:
        if is_new:
            with contextlib.suppress(OSError):
                Path(store.url).rmdir()
    return store.url


def provider_answer(profile: Profile, settings: Settings) -> str:
    """Return one line on a provider that answers and, as far as can be known, accepts the key."""
    return check(profile, settings)
