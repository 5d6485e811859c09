"""Options that several verbs share: how an execution is followed, and how it runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from oos.cli.follow.follower import Following

F = TypeVar("F", bound=Callable[..., Any])


class Duration(click.ParamType[float]):
    """A span of time in seconds: `90`, `90s`, `5m`, `PT1H`."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        from oos.values.time import parse_duration

        text = str(value)
        try:
            seconds = float(text) if text.replace(".", "", 1).isdigit() else parse_duration(text).total_seconds()
        except ValueError as error:
            self.fail(str(error), param, ctx)
        return seconds


def following_options(command: F) -> F:
    """`--detach`, `--no-input`, `--deadline`."""
    for option in (
        click.option("--deadline", type=Duration(), metavar="TIME", help="Let go after this time; exit code 124."),
        click.option("--no-input", is_flag=True, help="Ask nothing; leave questions to oos execution approve."),
        click.option("--detach", is_flag=True, help="Print the execution's id and go on in the background."),
    ):
        command = option(command)
    return command


def following(no_input: bool, deadline: float | None) -> Following:
    """How the execution is followed."""
    from oos.cli.follow.follower import Following

    return Following(no_input=no_input, deadline_seconds=deadline)
