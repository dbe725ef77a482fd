"""`speeko db`: the schema of the database."""

from __future__ import annotations

import click

from cli.call import Call
from cli.console import emit, say
from cli.options import Verb, common


@click.group("db")
def command() -> None:
    """Look after the database's schema."""


@command.command("upgrade", cls=Verb)
@common
@click.pass_obj
def upgrade(call: Call, /) -> int:
    """Bring the database to this version's schema.

    Safe while others do the same. Embedded databases are upgraded by whatever uses them.
    """
    from cli.standing import database_only
    from speeko_jobs.adapters.postgres import migrate

    with database_only(call.settings()) as database:
        before = migrate.current(database)
        now = migrate.upgrade(database)
    if call.json:
        emit({"before": before, "revision": now})
    else:
        say(f"the schema is at {now}" + ("" if before == now else f", it was at {before or 'nothing'}"))
    return 0
