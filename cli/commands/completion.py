"""`speeko completion`: print the script by which a shell completes speeko's commands and options."""

from __future__ import annotations

import click

from speeko_cli.options.option_builder import Verb
from speeko_cli.options.shared import common
from speeko_cli.output.console import emit, say
from speeko_cli.runtime.invocation import Invocation
from speeko_jobs.errors import ConfigError

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_SPEEKO_COMPLETE"  # which click reads


@click.command("completion", cls=Verb)
@click.argument("shell", type=click.Choice(SHELLS), metavar="SHELL")
@common
@click.pass_context
def command(ctx: click.Context, /, shell: str) -> int:
    """Print the completion script for a shell: bash, zsh or fish.

    To enable completion, add to ~/.bashrc: eval "$(speeko completion bash)"; to ~/.zshrc, after compinit:
    eval "$(speeko completion zsh)"; to ~/.config/fish/config.fish: speeko completion fish | source.
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    call = ctx.ensure_object(Invocation)
    try:
        script = kind(ctx.find_root().command, {}, "speeko", VARIABLE).source()
    except RuntimeError as error:  # bash is too old, or there is none
        raise ConfigError(f"completion for {shell}: {error}") from None
    if call.json:
        emit({"shell": shell, "script": script})
    else:
        for line in script.splitlines():
            say(line)
    return 0
