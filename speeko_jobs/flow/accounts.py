"""Which accounts this process can call on, and whether running workers hold the same under these names.

A job names accounts; a worker serves those that it holds. Two processes that hold one name with another URL
or key would mix two bills: that is refused before anything is planned or bought. Buys nothing.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence

from speeko_jobs.adapters.postgres import worker_registry
from speeko_jobs.adapters.postgres.database import Database
from speeko_jobs.adapters.postgres.worker_registry import Worker
from speeko_jobs.core.job.job_spec import JobSpec
from speeko_jobs.core.model.suggestions import suggestion
from speeko_jobs.core.providers import accounts as core
from speeko_jobs.core.providers.accounts import ESPEAK, Described, settings_of
from speeko_jobs.core.providers.profiles import profile_of
from speeko_jobs.errors import ConfigError
from speeko_jobs.flow.context import Context
from speeko_jobs.settings import Account, Settings, key_variable, url_variable


def served(settings: Settings) -> dict[str, Described]:
    """Return what others may see of the accounts that this process could call on now."""
    return {
        name: one
        for name, account in core.held_accounts(settings).items()
        if (one := _seen(settings, account))
    }


def settings_for(settings: Settings, spec: JobSpec) -> Settings | None:
    """Return the settings for calls on an account that the job may use; None where this process holds none.

    Of several accounts one is chosen at random, so that the engines of a fleet use them all.
    """
    usable = [account for account in _usable(settings, spec) if _seen(settings, account)]
    return settings_of(settings, random.choice(usable)) if usable else None  # noqa: S311 (no secret)


def serving(found: Iterable[Worker], spec: JobSpec) -> list[Worker]:
    """Return the running workers that can take this job's chunks."""
    return [worker for worker in found if worker.is_running and worker.synthesizes and _serves(worker, spec)]


def no_worker_serves(database: Database, spec: JobSpec) -> str:
    """Return one line on why no running worker can take this job's chunks; "" where one can.

    Workers of releases before the registry are not in it: they cannot take new jobs.
    """
    found = [worker for worker in worker_registry.running(database) if worker.synthesizes]
    if serving(found, spec):
        return ""
    wanted = _words(spec)
    if not found:
        return f"no worker runs that holds {wanted}"
    names = sorted({name for worker in found for name in worker.accounts})
    return f"no running worker holds {wanted}: they hold {', '.join(names)}"


def require_same(context: Context, spec: JobSpec, *, with_defaults: bool = False) -> None:
    """Raise ConfigError where a running worker holds an account of this job with another URL or key.

    What these settings say nothing about is not compared, unless `with_defaults`: for commands that would
    call the provider's default URL themselves.
    """
    mine = _compared(context.settings, _usable(context.settings, spec), with_defaults=with_defaults)
    if mine:
        _require_same(worker_registry.running(context.database), mine)


def differing(settings: Settings, found: Sequence[Worker]) -> str:
    """Return one line on an account that a running worker holds with another URL or key; "" for none."""
    try:
        _require_same(found, _compared(settings, core.held_accounts(settings).values()))
    except ConfigError as error:
        return str(error)
    return ""


def require_held(settings: Settings, spec: JobSpec) -> None:
    """Raise ConfigError where workers of these settings could not even begin to call for this job."""
    if spec.provider == ESPEAK:
        return
    usable = _usable(settings, spec)
    if not usable:
        names = spec.accounts
        near = suggestion(names[0], settings.named_accounts)
        raise ConfigError(
            f"there is no account {names[0]!r} in these settings{near}: set {url_variable(names[0])} and"
            f" {key_variable(names[0])}, or [accounts.{names[0]}] in speeko.toml"
        )
    if not any(_seen(settings, account) for account in usable):
        _endpoint(settings, usable[0])  # raises, with what it lacks


def _usable(settings: Settings, spec: JobSpec) -> list[Account]:
    """Return the accounts of these settings that the job may use."""
    held = core.held_accounts(settings)
    if spec.accounts:
        return [held[name] for name in spec.accounts if name in held and held[name].provider == spec.provider]
    own = held[spec.provider]
    if spec.provider == ESPEAK or _seen(settings, own):
        return [own]
    return [account for account in held.values() if account.provider == spec.provider]


def _serves(worker: Worker, spec: JobSpec) -> bool:
    if spec.accounts:
        return any(name in worker.accounts for name in spec.accounts)
    return any(account.provider == spec.provider for account in worker.accounts.values())


def _compared(
    settings: Settings, accounts: Iterable[Account], *, with_defaults: bool = False
) -> dict[str, Described]:
    """Return those of the accounts that these settings say something about."""
    found = {}
    for account in accounts:
        is_said = bool(account.url or account.key) or with_defaults
        if account.provider != ESPEAK and is_said and (one := _seen(settings, account)):
            found[account.name] = one
    return found


def _require_same(found: Iterable[Worker], mine: dict[str, Described]) -> None:
    for worker in found:
        for name in core.differing(mine, worker.accounts):
            raise ConfigError(
                f"account {name} is {worker.accounts[name].shown} at the worker on {worker.host} (pid"
                f" {worker.pid}), and {mine[name].shown} here: stop that worker and start it with the new URL"
                " and key, or give this account a name of its own (SPEEKO_ACCOUNT_<NAME>_URL, _KEY and"
                " --account NAME)"
            )


def _seen(settings: Settings, account: Account) -> Described | None:
    """Return what others may see of an account; None where no call could be made on it."""
    try:
        return core.described(account, "" if account.provider == ESPEAK else _endpoint(settings, account))
    except ConfigError:
        return None


def _endpoint(settings: Settings, account: Account) -> str:
    from speeko_jobs.adapters.providers.endpoint import endpoint

    return endpoint(profile_of(account.provider), settings_of(settings, account)).base_url


def _words(spec: JobSpec) -> str:
    if not spec.accounts:
        return f"an account of {spec.provider}"
    return f"account {' or '.join(spec.accounts)}"
