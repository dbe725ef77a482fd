"""`speeko metrics`: figures for Prometheus, over HTTP."""

from __future__ import annotations

from functools import partial

import click

from speeko_cli.options.option_builder import Verb, option
from speeko_cli.options.shared import common
from speeko_cli.output.console import emit, note
from speeko_cli.runtime.invocation import Invocation
from speeko_jobs.errors import ConfigError


@click.command("metrics", cls=Verb)
@option("--bind", default="127.0.0.1", metavar="IP", help="address to listen on [default: 127.0.0.1]")
@option("--port", "listen_port", type=click.IntRange(0, 65535), default=9808, metavar="N",
        help="port to listen on; 0: any free port [default: 9808]")  # fmt: skip
@common
@click.pass_obj
def command(call: Invocation, /, bind: str, listen_port: int) -> int:
    """Serve Prometheus metrics until Ctrl-C.

    One instance is enough for all workers. There is no password: with a --bind other than loopback, everyone
    who reaches the port can read names and spending of tenants.
    """
    from prometheus_client import CollectorRegistry, start_http_server

    from speeko_cli.monitoring.prometheus import Exporter
    from speeko_cli.runtime.services import open_for_watching, until_signalled
    from speeko_jobs.flow.reporting.metrics import READINGS

    with open_for_watching(call.settings(), name="speeko-metrics", pool_size=1) as context:
        registry = CollectorRegistry()
        registry.register(Exporter({name: partial(read, context) for name, read in READINGS.items()}))
        try:
            server, _ = start_http_server(listen_port, bind, registry)
        except OSError as error:
            raise ConfigError(f"cannot listen at {bind}:{listen_port}: {error.strerror or error}") from None
        url = f"http://{f'[{bind}]' if ':' in bind else bind}:{server.server_port}/metrics"
        if call.json:
            emit({"ready": True, "url": url})
        note(f"metrics: {url}")
        until_signalled()
        server.shutdown()
        server.server_close()
    return 0
