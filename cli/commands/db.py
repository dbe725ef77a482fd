"""`speeko db`: the schema of the database."""

from __future__ import annotations

import click

from speeko_cli.options.option_builder import Verb
from speeko_cli.options.shared import common
from speeko_cli.output.console import emit, say
from speeko_cli.runtime.invocation import Invocation


@click.group("db")
def command() -> None:
    """Look after the database's schema."""


@command.command("upgrade", cls=Verb)
@common
@click.pass_obj
def upgrade(call: Invocation, /) -> int:
    """Bring the database to this version's schema.

    Safe while others do the same. Embedded databases are upgraded by whatever uses them. Where a migration
    needs it, and workers of another version are at work, nothing is changed and they are named.
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
        say(f"the schema is at {now}" + ("" if before == now else f", it was at {before or 'nothing'}"))
    return 0


@command.command("restored", cls=Verb)
@common
@click.pass_obj
def restored(call: Invocation, /) -> int:
    """Tell speeko that its database came out of a backup.

    Once, before workers start: what was bought after the backup and lies in the audio store is then found
    there and not bought again, and Redis forgets what the database does not know.
    """
    from speeko_cli.runtime.services import open_services
    from speeko_jobs.flow.lifecycle.post_restore import restored as flow

    with open_services(call.settings()) as (context, _):
        forgotten, waiting = flow(context)
    if call.json:
        emit({"forgotten": forgotten, "waiting": waiting})
    else:
        say(f"{waiting:,} texts that wait, and all new ones, are looked for in the audio store first")
        say(f"Redis has forgotten {forgotten:,} texts: they are looked up in the database again")
    return 0
