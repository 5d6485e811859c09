"""`oos notebook run`: a notebook as an execution, one task a cell."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from oos.cli.lazy import Command
from oos.cli.options import following, following_options
from oos.cli.session import Session

if TYPE_CHECKING:
    from oos.engine.ports import StartRequest


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for."""

    notebook: Path
    to: Path | None
    pairs: tuple[str, ...]
    files: tuple[str, ...]
    mode: str
    client_token: str


@click.command("run", cls=Command)
@click.argument("notebook", type=click.Path(path_type=Path), metavar="NOTEBOOK")
@click.option("--to", type=click.Path(path_type=Path), metavar="FILE", help="The executed notebook.")
@click.option("-p", "--param", "pairs", multiple=True, metavar="NAME=TEXT|NAME:=JSON", help="The value of a parameter.")
@click.option("--params", "files", multiple=True, metavar="FILE", help="A YAML or JSON file of parameters.")
@click.option(
    "--mode",
    type=click.Choice(("Automatic", "FailurePause", "Debug"), case_sensitive=False),
    default="Automatic",
    metavar="MODE",
    help="FailurePause waits at a cell that failed; oos execution retry runs it again.",
)
@click.option("--client-token", default="", metavar="TOKEN", help="The same token starts one execution, ever.")
@following_options
@click.pass_obj
def run(session: Session, /, detach: bool, deadline: float | None, no_input: bool, **asked: Any) -> int:
    """Run a notebook as an execution of its own: one task a cell, recorded, resumable.

    Parameters are those that its %%oos cells declare, else those of the cell tagged parameters, as papermill has it.
    The executed notebook (NOTEBOOK.executed.ipynb, or --to) is written after each cell, whole or not at all. A cell
    that fails ends the run with its place; a run that is interrupted goes on with oos execution resume.
    """
    from oos.cli.follow.carry_out import carry_out

    what = Asked(**asked)
    return carry_out(session, lambda: _request(session, what), following(no_input, deadline), detach=detach)


def _request(session: Session, asked: Asked) -> StartRequest:
    """The request that the command line spells. Raises DiagnosticError."""
    from oos.cli.arguments import read_arguments
    from oos.engine.ports import StartRequest
    from oos.execution.status import Mode
    from oos.notebook.files import open_notebook
    from oos.notebook.pinned import DOCUMENT, FILE, pin

    settings = session.settings
    pinned = pin(
        open_notebook(asked.notebook),
        {
            "inventory": str(settings.inventory.absolute()) if settings.inventory else "",
            "state_dir": str(settings.state_dir.absolute()),
            "region": settings.region,
            "runbooks": ":".join(str(folder.absolute()) for folder in settings.runbooks),
        },
    )
    file = (asked.to or asked.notebook.with_name(f"{asked.notebook.stem}.executed.ipynb")).absolute()
    session.say(f"executed notebook: {file}")
    return StartRequest(
        template=session.app.template_cache.checked(pinned.template, asked.notebook.name),
        parameters={**read_arguments(asked.pairs, asked.files), DOCUMENT: pinned.document, FILE: str(file)},
        by=settings.user,
        region=session.app.region,
        template_name=asked.notebook.name,
        mode=Mode(asked.mode),
        client_token=asked.client_token,
        tags={"oos:notebook": asked.notebook.name},
    )
