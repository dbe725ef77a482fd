"""From options to what the flow takes: a job's spec, and the orders for reading its catalog."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from speeko_jobs.core.billing.price_schedule import price_on
from speeko_jobs.core.job.job_spec import JobSpec, checked
from speeko_jobs.core.providers import accounts
from speeko_jobs.core.text.text_rules import TEXT_VERSION
from speeko_jobs.settings import Settings

if TYPE_CHECKING:
    from speeko_jobs.flow.planning.planner import CatalogOptions

_DELIMITERS = {"tab": "\t", "\\t": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}


def spec_of(settings: Settings, options: Mapping[str, Any], files: Sequence[str]) -> JobSpec:
    """The spec, checked against what the provider offers. Secrets in a source's URL stay out of it."""
    from speeko_jobs.core.output.redaction import without_secrets
    from speeko_jobs.flow.lifecycle import webhooks

    spec = checked(
        JobSpec(
            provider=settings.provider,
            model=settings.model,
            voice=settings.voice,
            language=settings.language,
            format=settings.format,
            speed=settings.speed,
            price_per_million=price_on(settings.price_per_million, datetime.now(UTC).date()),
            store=settings.store_url,
            output=settings.output,
            name=options["name"],
            max_concurrency=settings.max_concurrency,
            calls_per_minute=settings.calls_per_minute,
            chars_per_minute=settings.chars_per_minute,
            sources=tuple(map(without_secrets, files)),
            prune=options.get("prune", False),
            overwrite=options.get("overwrite", False),
            merge=options.get("merge", False),
            cache_control=options.get("cache_control", ""),
            public_base_url=options.get("public_base_url", ""),
            webhook=settings.webhook,
            give_up_seconds=settings.give_up_after * 60,
            loudness=options["loudness"],
            segments=options["segments"],
            ssml=options["ssml"],
            repair=options["repair"],
            read_numbers=options["read_numbers"],
            markup=options["markup"],
            lexicon=tuple(options["lexicon"]),
            reuse=settings.reuse,
            text_rules=settings.keep_text_rules or TEXT_VERSION,
            accounts=accounts.asked_for(settings),
            buy_again=options.get("buy_again", False),
            any_voice=options["any_voice"],
            max_waste=options.get("max_waste") or "",
            archive=names_archive(settings.output),
        )
    )
    webhooks.check_address(settings, spec.webhook)
    return spec


def names_archive(output: str) -> bool:
    """Return whether an output is one ZIP file; a folder that exists and is called so stays a folder."""
    from speeko_jobs.core.output.archive_path import is_archive

    return is_archive(output) and ("://" in output or not Path(output).is_dir())


def catalog_options_of(files: Sequence[str], options: Mapping[str, Any]) -> CatalogOptions:
    """How to read the catalog."""
    from speeko_jobs.core.catalog.read_options import ReadOptions
    from speeko_jobs.flow.planning.planner import CatalogOptions

    return CatalogOptions(
        sources=tuple(files),
        read=ReadOptions(
            delimiter=_DELIMITERS.get(options["delimiter"].lower(), options["delimiter"]),
            encoding=options["encoding"],
            quoting=options["quoting"],
            format="" if options["input_format"] == "auto" else options["input_format"],
            header=options["header"],
        ),
        id=tuple(options["id"]),
        text=tuple(options["text"]),
        voice_column=options["voice_column"],
        language_column=options["language_column"],
        on_duplicate_id=options["on_duplicate_id"],
        strict=options["strict"],
    )


def check_provider(spec: JobSpec, settings: Settings) -> None:
    """Raise ConfigError now, where workers of these settings could not even begin to call."""
    from speeko_jobs.flow import accounts

    accounts.require_held(settings, spec)
