"""`speeko flower`: Celery's dashboard over the same broker."""

from __future__ import annotations

import ipaddress
import os
import sys

import click

from cli.call import Call
from cli.console import note
from cli.options import Verb, common, option
from speeko_jobs.errors import ConfigError

AUTH_VARIABLE = "FLOWER_BASIC_AUTH"


@click.command("flower", cls=Verb)
@option("--address", default="127.0.0.1", metavar="IP", help="where it listens [default: 127.0.0.1]")
@option("--port", type=click.IntRange(1, 65535), default=5555, metavar="N", help="its port [default: 5555]")
@common
@click.pass_obj
def command(call: Call, /, address: str, port: int) -> int:
    """Run Flower, Celery's dashboard, until Ctrl-C.

    Set FLOWER_BASIC_AUTH=user:password to ask for a password; beyond this machine it is a must.
    """
    from cli.child import run_child
    from cli.standing import standing

    auth = os.environ.get(AUTH_VARIABLE, "")
    if not _is_loopback(address) and ":" not in auth:
        raise ConfigError(
            f"--address {address} is open to other machines, and Flower can stop workers: "
            f"set {AUTH_VARIABLE}=user:password first"
        )
    with standing(call.settings()) as (context, _):
        named = context.settings
        note(f"Flower: http://{f'[{address}]' if ':' in address else address}:{port}")
        words = ["-A", "workers.app", "--quiet", "flower", f"--address={address}", f"--port={port}"]
        state = ["--persistent=True", f"--db={named.home_path / 'flower'}", "--save-state-interval=60000"]
        return run_child([sys.executable, "-m", "celery", *words, *state], named)


def _is_loopback(address: str) -> bool:
    if address == "localhost":
        return True
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
