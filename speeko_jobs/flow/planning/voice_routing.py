"""How a job's voices will be chosen: by files, by what calls have taught, by what the destination has.

Decides once, when a job is planned: what comes out is kept in the job's spec. Which voice that gives a row is
for `core.voices.routing`; this only brings together what it works on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from speeko_jobs.adapters import voice_files
from speeko_jobs.adapters.postgres import routings, voice_rates
from speeko_jobs.adapters.postgres.database import Database
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.providers.profiles import profile_of
from speeko_jobs.core.voices import cheapest_voice, routing
from speeko_jobs.core.voices.cheapest_voice import RoutingRequest
from speeko_jobs.core.voices.routing import Routing
from speeko_jobs.core.voices.rules import Rule
from speeko_jobs.core.voices.voice_catalog import AUTO, Voice
from speeko_jobs.errors import ConfigError, UsageError


@dataclass(frozen=True)
class RoutingOptions:
    """What the user said on voices. Paths are "" where none was given.

    `voice` is a name, "" for the provider's default, or AUTO. `reroute`: choose anew, whatever voice the
    destination has.
    """

    voice: str = ""
    request: RoutingRequest = field(default_factory=RoutingRequest)
    rules_file: str = ""
    voices_file: str = ""
    reroute: bool = False


def declared_voices(path: str, provider: str) -> tuple[Voice, ...]:
    """Return a provider's voices as voices.toml describes them: the built-in file, and the user's over it.

    `path` is the user's file; "" is ./voices.toml, which may be missing. Raises ConfigError.
    """
    return voice_files.read_voices(path).get(provider, ())


def route(
    database: Database, wishes: RoutingOptions, *, provider: str, model: str, output: str, language: str
) -> Routing | None:
    """What the job keeps in its spec; None where nothing is chosen and all prices are the provider's own.

    Raises ConfigError for files that are no good and where no voice will do for the job's own language;
    UsageError for a choice that nothing would be chosen by.
    """
    profile = profile_of(provider)
    known = declared_voices(wishes.voices_file, provider)
    rules = voice_files.read_rules(wishes.rules_file) if wishes.rules_file else ()
    _check_rules(provider, wishes.rules_file, rules)
    chosen = wishes.voice == AUTO or any(rule.voice == AUTO for rule in rules)
    if not chosen:
        if wishes.request != RoutingRequest():
            raise UsageError(f"{_said(wishes.request)} chooses among voices: it takes --voice {AUTO}")
        listed = profile.voice_multipliers
        differs = any(voice.cost_multiplier != listed.get(voice.name, 1) for voice in known)
        return Routing(known, None, rules) if rules or differs else None
    model = model or profile.default_model
    known = learned(database, known, provider, model)
    request = cheapest_voice.checked(wishes.request, known)
    kept = () if wishes.reroute else _kept(database, request, output, provider, model)
    found = Routing(known, request, rules, kept, auto=wishes.voice == AUTO)
    try:
        found.choose(language)
    except ConfigError as error:
        raise ConfigError(f"provider {provider}: {error}") from None
    return found


def routed(database: Database, spec: JobSpec, wishes: RoutingOptions) -> JobSpec:
    """The spec with what `route` finds. Its voice is a real one then."""
    found = route(
        database,
        wishes,
        provider=spec.provider,
        model=spec.model,
        output=spec.output,
        language=spec.language,
    )
    if found is None:
        return spec
    voice = found.choose(spec.language).name if found.auto else spec.voice
    return replace(spec, voice=voice, routing=found)


def learned(database: Database, known: Sequence[Voice], provider: str, model: str) -> tuple[Voice, ...]:
    """The voices with the latency that their calls under this model have had, over all languages."""
    sums: dict[str, tuple[int, int]] = {}
    for pace in voice_rates.speech_rates(database, provider, 1):
        if pace.model == model:
            calls, millis = sums.get(pace.voice, (0, 0))
            sums[pace.voice] = calls + pace.calls, millis + pace.latency_millis
    return tuple(voice.learned(*sums[voice.name]) if voice.name in sums else voice for voice in known)


def _kept(
    database: Database, request: RoutingRequest, output: str, provider: str, model: str
) -> tuple[tuple[str, str], ...]:
    """What the destination's last job chose, if it asked for the same."""
    record = routings.last(database, output, provider, model)
    if record is None:
        return ()
    before = routing.from_json(record)
    return before.choices() if before.request == request else ()


def _check_rules(provider: str, path: str, rules: Sequence[Rule]) -> None:
    """Refuse a voice that the provider is known not to have."""
    profile = profile_of(provider)
    for number, rule in enumerate(rules, 1):
        wrong = None if rule.voice == AUTO else profile.refusal(rule.voice, "")
        if wrong:
            raise ConfigError(f"{path}, rule {number}: {wrong}")


def _said(request: RoutingRequest) -> str:
    options = [limit.value for limit in request.limits()]
    return " and ".join(options + ["--prefer"] * bool(request.prefer))
