"""`oos completion`: the script that makes a shell complete oos commands."""

from __future__ import annotations

import click

from oos.cli.lazy import Command

SHELLS = ("bash", "zsh", "fish")


@click.command(cls=Command)
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print the script that makes a shell complete verbs, templates, executions, operations and their parameters.

    \b
    bash:  eval "$(oos completion bash)"          in ~/.bashrc
    zsh:   eval "$(oos completion zsh)"           in ~/.zshrc
    fish:  oos completion fish > ~/.config/fish/completions/oos.fish
    """
    from click.shell_completion import get_completion_class

    from oos.cli.main import cli

    kind = get_completion_class(shell)
    assert kind is not None, shell
    click.echo(kind(cli, {}, "oos", "_OOS_COMPLETE").source())
