"""What a job was asked to do, as one value that survives JSON: workers read it, nobody edits it.

Holds no secret and no URL of a speech API: those are the worker's own settings.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from speeko_jobs.core import language as languages
from speeko_jobs.core.profiles import Profile, profile_of
from speeko_jobs.core.redaction import redacted
from speeko_jobs.errors import ConfigError, UsageError

DUPLICATE_RULES = ("error", "suffix", "first", "last")


@dataclass(frozen=True)
class JobSpec:
    """One job's orders. `price_per_million` is USD as text, "" for the list price."""

    provider: str
    model: str
    voice: str
    language: str
    format: str
    speed: float
    price_per_million: str
    store: str
    output: str
    name: str
    max_concurrency: int
    calls_per_minute: int = 0  # 0: no such rate
    chars_per_minute: int = 0
    sources: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @property
    def profile(self) -> Profile:
        return profile_of(self.provider, self.price_per_million)


def from_json(data: Mapping[str, Any]) -> JobSpec:
    """The spec that `to_json` wrote. Raises UsageError when it holds a field of a newer version."""
    known = {f.name for f in dataclasses.fields(JobSpec)}
    unknown = sorted(set(data) - known)
    if unknown:
        raise UsageError(f"the job was made by a newer speeko (it asks for {', '.join(unknown)}): upgrade")
    values = dict(data)
    values["sources"] = tuple(values.get("sources", ()))
    return JobSpec(**values)


def checked(spec: JobSpec) -> JobSpec:
    """The spec with the provider's defaults filled in. Raises ConfigError on what the provider lacks."""
    profile = spec.profile
    spec = dataclasses.replace(
        spec,
        model=spec.model or profile.default_model,
        voice=spec.voice or profile.default_voice,
        language=languages.tag(spec.language),
    )
    if spec.format not in profile.formats:
        raise ConfigError(
            f"{profile.name} does not make {spec.format!r}: --format takes {', '.join(profile.formats)}"
        )
    if not profile.min_speed <= spec.speed <= profile.max_speed:
        raise ConfigError(f"--speed takes {profile.min_speed:g} to {profile.max_speed:g} for {profile.name}")
    wrong = profile.refusal(spec.voice, spec.language)
    if wrong:
        raise ConfigError(f"{wrong} (--voice, --language)")
    for option, url in (("--output", spec.output), ("SPEEKO_STORE", spec.store)):
        if redacted(url) != url:
            raise ConfigError(
                f"{option}: no keys and passwords in the address, it is shown and stored: set them where the"
                " store's own tools look (AWS_SECRET_ACCESS_KEY, GOOGLE_APPLICATION_CREDENTIALS, ...)"
            )
    if spec.max_concurrency < 1:
        raise ConfigError("--max-concurrency takes at least 1")
    return spec
