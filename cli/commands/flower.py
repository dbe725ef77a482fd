"""`speeko flower`: Celery's dashboard over the same broker (workers/flower.py)."""

from __future__ import annotations

import os
import socket
import sys

import click

from speeko_cli.options.option_builder import Verb, option
from speeko_cli.options.shared import common
from speeko_cli.output.console import note
from speeko_cli.runtime.invocation import Invocation
from speeko_cli.runtime.network import is_loopback, weakness
from speeko_jobs.errors import ConfigError, ServerError

AUTH_VARIABLE = "FLOWER_BASIC_AUTH"


@click.command("flower", cls=Verb)
@option(
    "--bind",
    "address",
    aliases=("--address",),
    default="127.0.0.1",
    metavar="IP",
    help="address to listen on [default: 127.0.0.1]",
)
@option(
    "--port",
    type=click.IntRange(1, 65535),
    default=5555,
    metavar="N",
    help="port to listen on [default: 5555]",
)
@common
@click.pass_obj
def command(call: Invocation, /, address: str, port: int) -> int:
    """Run Flower, Celery's dashboard, until Ctrl-C.

    Set FLOWER_BASIC_AUTH=user:password to require a password; addresses other than loopback need one.
    """
    from speeko_cli.runtime.foreground_process import run_child
    from speeko_cli.runtime.services import open_services

    _check_auth(address, os.environ.get(AUTH_VARIABLE, ""))
    _check_free(address, port)
    with open_services(call.settings()) as (context, _):
        named = context.settings
        note(f"Flower: http://{f'[{address}]' if ':' in address else address}:{port}")
        words = [f"--address={address}", f"--port={port}", f"--db={named.home_path / 'flower'}"]
        return run_child("flower", [sys.executable, "-m", "speeko_workers.flower", *words], named)


def _check_auth(address: str, auth: str) -> None:
    """Raise ConfigError for a missing or malformed password."""
    if not auth and not is_loopback(address):
        raise ConfigError(
            f"--bind {address} is open to other machines, and Flower can stop workers: "
            f"set {AUTH_VARIABLE}=user:password first"
        )
    pairs = auth.split(",") if auth else []  # as Flower reads it
    for pair in pairs:
        user, _, password = pair.partition(":")
        if not (user and password and pair.isascii()):
            raise ConfigError(
                f"{AUTH_VARIABLE} is user:password, or several with commas between them: "
                "each with both parts, in ASCII, and no comma in a password"
            )
    for user, _, password in (pair.partition(":") for pair in pairs if not is_loopback(address)):
        if weak := weakness(password, user):
            raise ConfigError(
                f"--bind {address} is open to other machines, and Flower can stop workers: the password of"
                f" {user!r} in {AUTH_VARIABLE} is too weak: {weak}"
            )


def _check_free(address: str, port: int) -> None:
    """Raise ServerError if Flower cannot listen at this address and port."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        socket.create_server((address, port), family=family).close()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ServerError(f"Flower cannot listen at {address} port {port}: {reason}") from None
