"""`oos notebook export` and `import`: a runbook becomes a notebook and comes back byte for byte."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from oos.cli import exits
from oos.cli.complete import TEMPLATE
from oos.cli.lazy import Command
from oos.cli.session import Session


@click.command("export", cls=Command)
@click.argument("template", type=TEMPLATE)
@click.argument("file", required=False, metavar="[NOTEBOOK]")
@click.option("--force", is_flag=True, help="Overwrite a file that exists.")
@click.pass_obj
def export(session: Session, template: str, file: str | None, force: bool) -> int:
    """Write a runbook (a file, or the name of one) as a notebook; without NOTEBOOK, to stdout.

    Each task becomes a cell of its name, each comment between tasks a Markdown cell. oos notebook import leads back.
    """
    from oos.notebook.document import write_notebook
    from oos.notebook.export import export_template

    title, text = session.app.templates.open(template)
    _put(session, file, write_notebook(export_template(text, title)), force=force)
    return exits.SUCCESS


@click.command("import", cls=Command)
@click.argument("notebook", metavar="NOTEBOOK")
@click.argument("file", required=False, metavar="[TEMPLATE]")
@click.option("--force", is_flag=True, help="Overwrite a file that exists.")
@click.option("--strict", is_flag=True, help="Write nothing when something would be left out.")
@click.pass_obj
def import_(session: Session, notebook: str, file: str | None, force: bool, strict: bool) -> int:
    """Write the runbook that a notebook holds; without TEMPLATE, to stdout.

    Markdown becomes comments. Python has no place in a runbook: it is named, and left out. Faults of the runbook
    are told at the line of their cell.
    """
    from oos.cli.faults import print_diagnostics
    from oos.diagnostics import DiagnosticError, errors_of
    from oos.notebook.files import open_notebook
    from oos.notebook.importing import import_notebook
    from oos.template.check import examine

    imported = import_notebook(open_notebook(Path(notebook)))
    if strict and imported.diagnostics:
        raise DiagnosticError(imported.diagnostics)
    found = examine(imported.text, notebook, session.app.catalog).diagnostics
    told = [*imported.diagnostics, *map(imported.assembled.relocated, found)]
    if errors_of(told):
        raise DiagnosticError(told)
    if not session.quiet:
        print_diagnostics(session, told)
    _put(session, file, imported.text, force=force)
    return exits.SUCCESS


def _put(session: Session, file: str | None, text: str, *, force: bool) -> None:
    """Write to a file, whole or not at all, or to stdout as bytes."""
    from oos.cli.failures import stop
    from oos.notebook.files import write_whole

    if file is None or file == "-":
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
        return
    path = Path(file)
    if path.exists() and not force:
        raise stop(f"{path} exists", hint="give --force to overwrite it", code="FileExists", exit_code=exits.USAGE)
    write_whole(path, text)
    session.say(f"wrote {path}")
