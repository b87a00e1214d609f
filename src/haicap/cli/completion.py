"""`haicap completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from haicap.cli import options, screen


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@options.as_json
@click.pass_context
def command(ctx: click.Context, shell: str, as_json: bool) -> None:
    """Print the script that makes a shell complete haicap's verbs and options.

    \b
    Example:
      haicap completion bash > /etc/bash_completion.d/haicap
    """
    made = get_completion_class(shell)
    assert made is not None  # noqa: S101 - click knows each of the three
    script = made(ctx.find_root().command, {}, "haicap", "_HAICAP_COMPLETE").source()
    if as_json:
        screen.put_json({"shell": shell, "script": script})
    else:
        click.echo(script)
