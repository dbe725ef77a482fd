"""What a job was asked to do, as one value that survives JSON: workers read it, nobody edits it.

Holds no secret and no URL of a speech API: those are the worker's own settings.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from speeko_jobs.core.audio.transcode import Delivered, bought_format
from speeko_jobs.core.output import cdn_publishing, web_address
from speeko_jobs.core.output.redaction import redacted
from speeko_jobs.core.policies import waste_breaker
from speeko_jobs.core.providers.profiles import Profile, profile_of
from speeko_jobs.core.text import language_tags as languages
from speeko_jobs.core.text.markup import MARKUPS
from speeko_jobs.core.text.text_rules import FIRST_VERSION, TEXT_VERSION, rules_of
from speeko_jobs.core.voices.availability import VoiceOffer
from speeko_jobs.core.voices.routing import Routing
from speeko_jobs.core.voices.routing import from_json as routing_from_json
from speeko_jobs.core.voices.voice_catalog import AUTO
from speeko_jobs.errors import ConfigError, UsageError

DUPLICATE_RULES = ("error", "suffix", "first", "last")
SEGMENTS = ("auto", "sentence")
SSML = ("auto", "strip")
REUSE = ("lossless", "lossy", "none")


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
    deliver_as: str = ""  # the format of the files, where it is not that of what is bought
    loudness: float | None = None  # LUFS
    segments: str = "auto"  # "sentence": each sentence is a call of its own
    ssml: str = "auto"  # "strip": tags of SSML are taken off as those of HTML are
    repair: bool = False
    read_numbers: bool = False
    markup: str = "none"  # what is taken out of texts: "markdown" or "wordpress" (shortcodes)
    lexicon: tuple[str, ...] = ()  # paths
    routing: Routing | None = field(default=None, hash=False)
    prune: bool = False  # files that left the catalog are deleted
    webhook: str = ""  # an address that gets events of the job's end and of its pauses
    deliver: bool = True  # False: the audio is bought for later, and stays in the store
    accounts: tuple[str, ...] = ()  # the named accounts that it may use; (): any of its provider
    reuse: str = "none"  # audio in other formats that may serve: see core.job.convertible_formats
    overwrite: bool = False  # files that no job delivered are replaced
    cache_control: str = ""  # of delivered audio in a bucket; "": as its names allow
    public_base_url: str = ""  # below which a CDN has the delivered files
    merge: bool = False  # the catalog is a part: its rows go into the manifest that the output holds
    give_up_seconds: float = 1800.0  # of nothing but failures, before it pauses until the provider answers
    buy_again: bool = False  # known texts whose audio is gone from the store may be bought past the plan
    max_waste: str = ""  # most that may be paid for unusable audio: "10%", "2.50"; "": the default
    any_voice: bool = False  # voices and languages that are on no list pass
    text_rules: int = TEXT_VERSION  # the version of the rules that make words of texts
    rebuy: bool = False  # its texts had audio, which was wrong: what Redis knows of them does not count
    archive: bool = False  # the output is one ZIP file: see core.output.archive_path

    def to_json(self) -> dict[str, Any]:
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        if not self.archive:
            del fields["archive"]  # so that workers of versions before take every other job
        return fields | {"routing": self.routing.to_json() if self.routing is not None else None}

    @cached_property
    def profile(self) -> Profile:
        """The API, at the prices of this job's voices."""
        profile = profile_of(self.provider, self.price_per_million)
        return self.routing.priced(profile) if self.routing is not None else profile

    @cached_property
    def delivered(self) -> Delivered:
        """How the files are to be."""
        return Delivered(self.deliver_as or self.format, self.loudness)

    @property
    def engine(self) -> str:
        """What speaks, beside voice and format: for telling why a row has changed."""
        return f"{self.profile.family} {self.model} {self.speed:g}"

    @cached_property
    def audio_cache_control(self) -> str:
        """The Cache-Control of delivered audio, where the output is a bucket."""
        return cdn_publishing.cache_control(self.cache_control, self.name)

    @cached_property
    def form(self) -> str:
        """How a file is delivered: its format and loudness, and in a bucket its headers where they are not
        those of a name that holds the content."""
        scheme, separator, _ = self.output.partition("://")
        if (
            self.archive
            or not separator
            or scheme == "file"
            or self.audio_cache_control == cdn_publishing.IMMUTABLE
        ):
            return str(self.delivered)
        return f"{self.delivered}; {self.audio_cache_control}"

    @cached_property
    def public_urls(self) -> cdn_publishing.PublicUrls | None:
        """The addresses of the delivered files, where a base is given."""
        if not self.public_base_url:
            return None
        return cdn_publishing.PublicUrls(self.public_base_url, cdn_publishing.holds_content(self.name))

    @cached_property
    def rendering(self) -> str:
        """What is done to audio on delivery: "" where that of one call is delivered as it was bought."""
        return "" if self.delivered.leaves(self.format) else str(self.delivered)


def from_json(data: Mapping[str, Any]) -> JobSpec:
    """The spec that `to_json` wrote. Raises UsageError when it holds a field of a newer version."""
    known = {f.name for f in dataclasses.fields(JobSpec)}
    unknown = sorted(set(data) - known)
    if unknown:
        raise UsageError(f"the job was made by a newer speeko (it asks for {', '.join(unknown)}): upgrade")
    values = {"text_rules": FIRST_VERSION} | dict(data)  # specs that lack it are of releases that had one
    for name in ("sources", "lexicon", "accounts"):
        values[name] = tuple(values.get(name, ()))
    if values.get("routing"):
        values["routing"] = routing_from_json(values["routing"])
    return JobSpec(**values)


def checked(spec: JobSpec) -> JobSpec:
    """The spec with the provider's defaults filled in. Raises ConfigError on what the provider lacks."""
    profile, written = spec.profile, spec.language
    spec = dataclasses.replace(
        spec,
        model=spec.model or profile.default_model,
        voice=spec.voice or profile.default_voice,
        language=languages.tag(spec.language),
    )
    wanted = spec.deliver_as or spec.format
    bought = bought_format(wanted, profile.formats)
    spec = dataclasses.replace(spec, format=bought, deliver_as=wanted if wanted != bought else "")
    _ = spec.delivered  # raises for a loudness that nobody can want
    if not profile.min_speed <= spec.speed <= profile.max_speed:
        raise ConfigError(f"--speed takes {profile.min_speed:g} to {profile.max_speed:g} for {profile.name}")
    offer = VoiceOffer(profile, spec.any_voice)
    if spec.voice != AUTO and (wrong := offer.refusal(spec.voice, spec.language, written)):
        raise UsageError(wrong)
    for option, url in (("--output", spec.output), ("SPEEKO_STORE", spec.store)):
        if redacted(url) != url:
            raise ConfigError(
                f"{option}: no keys and passwords in the address, it is shown and stored: set them where the"
                " store's own tools look (AWS_SECRET_ACCESS_KEY, GOOGLE_APPLICATION_CREDENTIALS, ...)"
            )
    rules_of(spec.text_rules)  # raises for a version that does not exist
    cdn_publishing.check(spec.cache_control, spec.public_base_url)
    check_webhook(spec.webhook)
    if spec.archive and (spec.cache_control or spec.public_base_url):
        given = "--cache-control" if spec.cache_control else "--public-base-url"
        raise ConfigError(
            f"{given} is for files that a web server delivers, and --output {spec.output} is one ZIP file:"
            f" leave out {given}, or name a folder or bucket"
        )
    if spec.merge and spec.prune:
        raise ConfigError("--merge is for a part of a catalog, and --prune would delete the rest: give one")
    if spec.markup not in MARKUPS:
        raise ConfigError(f"--markup takes {', '.join(MARKUPS)}, not {spec.markup!r}")
    if spec.reuse not in REUSE:
        raise ConfigError(f"--reuse takes {', '.join(REUSE)}, not {spec.reuse!r}")
    waste_breaker.cap_micros(spec.max_waste, 0)  # raises for what is no amount
    if spec.max_concurrency < 1:
        raise ConfigError("--max-concurrency takes at least 1")
    return spec


def check_webhook(url: str) -> None:
    """Raise ConfigError for an address that nothing can be sent to, or that holds a login or a key."""
    if url:
        web_address.check(
            "--webhook",
            url,
            example="https://example.com/hook",
            no_secrets="it is stored: the receiver knows us by the signature (SPEEKO_WEBHOOK_SECRET)",
        )
