"""`oos template schema` and `fmt`: help for those who write templates."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from oos.cli import exits
from oos.cli.complete import TEMPLATE
from oos.cli.lazy import Command
from oos.cli.session import Session


@click.command(cls=Command)
@click.argument("name", type=TEMPLATE, metavar="[TEMPLATE]", required=False)
@click.pass_obj
def schema(session: Session, name: str | None) -> None:
    """Print a JSON Schema: of the template language for editors, or of one template's parameters."""
    from oos.cli.printing import print_document
    from oos.template.schema import language_schema, parameters_schema

    document = (
        language_schema(session.app.catalog)
        if name is None
        else parameters_schema(session.app.open_template(name).template)
    )
    session.output = "json" if session.output == "table" else session.output
    print_document(session, document)


@click.command(cls=Command)
@click.argument("files", nargs=-1, required=True, type=TEMPLATE, metavar="FILE…")
@click.option("--check", is_flag=True, help="Change nothing; exit code 1 when a file is not in canonical form.")
@click.pass_obj
def fmt(session: Session, files: tuple[str, ...], check: bool) -> int:
    """Put templates into canonical form: fields in their usual order, no stray blanks. Comments stay where they belong.

    A file named - is stdin; the result then goes to stdout.
    """
    from oos.app.templates import read_template
    from oos.template.format import format_template

    changed: list[str] = []
    for name in files:
        text = sys.stdin.read() if name == "-" else read_template(Path(name))
        formatted = format_template(text, "(stdin)" if name == "-" else name)
        if name == "-" and not check:
            sys.stdout.write(formatted)
        elif formatted != text:
            changed.append(name)
            if not check:
                Path(name).write_text(formatted, encoding="utf-8")
            session.say(f"{name}: {'not in canonical form' if check else 'formatted'}")
    if session.is_json and (check or "-" not in files):
        from oos.cli.printing import print_document

        print_document(session, [{"File": name, "Canonical": not check or name not in changed} for name in files])
    return exits.FAILED if check and changed else exits.SUCCESS
