"""Options that several verbs share: what is carried out, and how it is followed."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from oos.cli.complete import TEMPLATE, TEMPLATE_PARAMETER

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


def template_options(command: F) -> F:
    """TEMPLATE, `--template-version`, `-p`, `--params`: what is to be carried out, and with which parameters."""
    for option in (
        click.option(
            "--params", "files", multiple=True, metavar="FILE", help="A YAML or JSON file of parameters; - is stdin."
        ),
        click.option(
            "-p",
            "--param",
            "pairs",
            multiple=True,
            type=TEMPLATE_PARAMETER,
            metavar="NAME=TEXT|NAME:=JSON",
            help="The value of a parameter; may be repeated.",
        ),
        click.option("--template-version", default="", metavar="V", help="Of a registered template: v3, or a label."),
        click.argument("template", type=TEMPLATE),
    ):
        command = option(command)
    return command


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
