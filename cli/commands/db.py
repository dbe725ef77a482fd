"""`speeko db`: the schema of the database."""

from __future__ import annotations

import click

from speeko_cli.options.option_builder import Verb
from speeko_cli.options.shared import common
from speeko_cli.options.verb_group import VerbGroup
from speeko_cli.output.console import emit, say
from speeko_cli.runtime.invocation import Invocation


@click.group("db", cls=VerbGroup)
def command() -> None:
    """Manage the database schema."""


@command.command("upgrade", cls=Verb)
@common
@click.pass_obj
def upgrade(call: Invocation, /) -> int:
    """Upgrade the database to the schema of this version.

    Safe to run concurrently. Embedded databases are upgraded by the command that opens them. If a migration
    requires it and workers of another version run, nothing is changed and the workers are listed.
    """
    from speeko_jobs.flow.lifecycle import migration_guard
    from speeko_jobs.runtime import database_only

    settings = call.settings()
    with database_only(settings) as database:
        before = migration_guard.revision(database)
        now = migration_guard.upgrade(database, settings.queue_url)
    if call.json:
        emit({"before": before, "revision": now})
    else:
        say(
            f"the schema is at revision {now}"
            + ("" if before == now else f", it was at {before or 'nothing'}")
        )
    return 0


@command.command("restored", cls=Verb)
@common
@click.pass_obj
def restored(call: Invocation, /) -> int:
    """Declare that the database was restored from a backup.

    Run it once, before workers start. Audio in the store that was bought after the backup is then found and
    not bought again, and Redis drops the records that the database does not have.
    """
    from speeko_cli.runtime.services import open_services
    from speeko_jobs.flow.lifecycle.post_restore import restored as flow

    with open_services(call.settings()) as (context, _):
        forgotten, waiting = flow(context)
    if call.json:
        emit({"forgotten": forgotten, "waiting": waiting})
    else:
        say(f"{waiting:,} waiting texts, and all new ones, are searched in the audio store before purchase")
        say(f"{forgotten:,} records dropped from Redis: they are read from the database again")
    return 0
