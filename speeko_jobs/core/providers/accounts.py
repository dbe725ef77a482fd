"""Accounts: which keys a job may use, which ones this process holds, and whether two are the same.

A name is an account's identity. URL and key belong to the process that holds the account; others see the
URL and a fingerprint of the key. Pure: sends nothing and shows no key.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence

from speeko_jobs.core.output.redaction import redacted
from speeko_jobs.core.providers.profiles import PROFILES, profile_of
from speeko_jobs.errors import ConfigError
from speeko_jobs.settings import Account, Settings

ESPEAK = "espeak"
_FINGERPRINT_KEY = b"speeko-jobs account"


@dataclasses.dataclass(frozen=True, slots=True)
class Described:
    """An account as others may see it. `fingerprint`: 8 hex digits of a keyed hash, "" for no key."""

    provider: str
    url: str
    fingerprint: str

    @property
    def shown(self) -> str:
        """Return URL and fingerprint in a few words."""
        key = f"key {self.fingerprint}" if self.fingerprint else "no key"
        return f"{self.url or self.provider} ({key})"


def fingerprint(name: str, key: str) -> str:
    """Return 8 hex digits that tell two keys of one account apart; "" for no key."""
    if not key:
        return ""
    text = f"{name}\n{key}".encode("utf-8", "surrogateescape")
    return hashlib.blake2b(text, digest_size=4, key=_FINGERPRINT_KEY).hexdigest()


def described(account: Account, base_url: str) -> Described:
    """Return what others may see of an account that calls `base_url`."""
    return Described(account.provider, redacted(base_url), fingerprint(account.name, account.key))


def own_account(settings: Settings, provider: str) -> Account:
    """Return the account of a provider's own name, out of api_url and api_key.

    They belong to the provider that the settings name; where that is espeak, which has none, to any.
    """
    if provider in settings.named_accounts:
        return settings.named_accounts[provider]
    if settings.provider in (ESPEAK, provider) and provider != ESPEAK:
        return Account(provider, provider, settings.api_url.strip(), settings.api_key.strip())
    return Account(provider, provider)


def held_accounts(settings: Settings) -> dict[str, Account]:
    """Return every account by name that these settings hold, whether or not URL and key are usable."""
    check(settings)
    own = {name: own_account(settings, name) for name in PROFILES}
    return own | dict(settings.named_accounts)


def check(settings: Settings) -> None:
    """Raise ConfigError where a named account is of no provider, or is given twice."""
    for name, account in settings.named_accounts.items():
        profile_of(account.provider)
        if name in PROFILES and account.provider != name:
            raise ConfigError(f"accounts.{name}: the name of a provider is that provider's own account")
        same = (settings.api_url, settings.api_key) in (("", ""), (account.url, account.key))
        if name == settings.provider and not same:
            raise ConfigError(
                f"accounts.{name} differs from SPEEKO_API_URL and SPEEKO_API_KEY: give one of them"
            )


def asked_for(settings: Settings) -> tuple[str, ...]:
    """Return the names that a new job may use: those of `account`, else the provider's own; () for espeak.

    Raises ConfigError where one of them is of another provider than the others.
    """
    names = tuple(dict.fromkeys(name.strip() for name in settings.account.split(",") if name.strip()))
    if not names:
        return () if settings.provider == ESPEAK else (settings.provider,)
    held = held_accounts(settings)
    for name in names:
        if name in held and held[name].provider != settings.provider:
            other = held[name].provider
            raise ConfigError(f"--account {name} is of provider {other}, the job's is {settings.provider}")
    return () if settings.provider == ESPEAK else names


def with_provider_of_account(
    settings: Settings, *, provider_is_given: bool, account_is_given: bool
) -> Settings:
    """Return the settings with the provider of their first named account.

    Where only the provider was given for this command, an account of another provider is left out.
    """
    first = settings.account.split(",")[0].strip()
    account = settings.named_accounts.get(first)
    if account is not None:
        provider = account.provider
    elif first in PROFILES:
        provider = first
    else:
        return settings
    if provider == settings.provider or (provider_is_given and account_is_given):
        return settings
    if provider_is_given:
        return dataclasses.replace(settings, account="")
    # api_url and api_key belong to the provider that was configured with them
    keeps = settings.provider == ESPEAK
    return dataclasses.replace(
        settings,
        provider=provider,
        api_url=settings.api_url if keeps else "",
        api_key=settings.api_key if keeps else "",
    )


def usable_by(accounts: Sequence[str], provider: str) -> tuple[str, ...]:
    """Return the names of the accounts that a job may use. Jobs of older releases name none: any will do."""
    return tuple(accounts) or (provider,)


def settings_of(settings: Settings, account: Account) -> Settings:
    """Return the settings under which calls on this account are made."""
    return dataclasses.replace(
        settings, account=account.name, provider=account.provider, api_url=account.url, api_key=account.key
    )


def differing(mine: Mapping[str, Described], theirs: Mapping[str, Described]) -> Iterable[str]:
    """Return the names that both hold with another URL or key."""
    return [name for name, one in mine.items() if name in theirs and theirs[name] != one]


def first_settings(settings: Settings) -> Settings:
    """Return the settings for calls on the first account that a new job may use."""
    name = (asked_for(settings) or (settings.provider,))[0]
    return settings_of(settings, held_accounts(settings).get(name) or Account(name, settings.provider))


def secrets(settings: Settings) -> Collection[str]:
    """Return every key in these settings."""
    return [settings.api_key, *(account.key for account in settings.named_accounts.values())]
