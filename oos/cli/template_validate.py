"""`oos template validate`: every fault of every file, each at its place."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from oos.cli import exits
from oos.cli.complete import TEMPLATE
from oos.cli.lazy import Command
from oos.cli.session import Session

if TYPE_CHECKING:
    from oos.diagnostics import Diagnostic
    from oos.source import Source

REHEARSALS = (".rehearsal.yml", ".rehearsal.yaml")
"""They lie beside their templates, so `runbooks/*.yml` means them too."""


@click.command(cls=Command)
@click.argument("files", nargs=-1, required=True, type=TEMPLATE, metavar="FILE…")
@click.option("--strict", is_flag=True, help="Warnings are faults too.")
@click.pass_obj
def validate(session: Session, files: tuple[str, ...], strict: bool) -> int:
    """Check templates: syntax, names, types and flow.

    Every fault is printed as FILE:LINE:COLUMN with a hint; exit code 2 when there is any. A file named - is stdin.
    """
    from oos.cli.faults import diagnostic_document, print_diagnostics

    found: list[Diagnostic] = []
    sources: dict[str, Source] = {}
    failed = 0
    for name in files:
        if name.endswith(REHEARSALS):
            session.say(f"{name}: a rehearsal, not a template; see oos template rehearse")
            continue
        diagnostics = _examine(session, name, sources)
        found.extend(diagnostics)
        if _fails(diagnostics, strict=strict):
            failed += 1
        elif not session.is_json:
            session.say(f"{name}: valid")
    match session.output:
        case "json":
            from oos.cli.printing import print_document

            print_document(session, list(map(diagnostic_document, found)))
        case "ndjson":
            from oos.cli.printing import print_line

            for each in found:
                print_line(diagnostic_document(each))
        case _:
            print_diagnostics(session, found, sources)
    return exits.USAGE if failed else exits.SUCCESS


def _examine(session: Session, name: str, sources: dict[str, Source]) -> tuple[Diagnostic, ...]:
    from oos.diagnostics import DiagnosticError
    from oos.source import Source
    from oos.template.check import examine

    text: str | bytes
    try:
        if name == "-":
            title, text = "(stdin)", sys.stdin.buffer.read()
        else:
            title, text = session.app.templates.open(name)
    except DiagnosticError as error:
        return error.diagnostics
    shown = text if isinstance(text, str) else text.decode(errors="replace")
    sources[title] = Source(title, shown)
    return examine(text, title, session.app.catalog).diagnostics


def _fails(diagnostics: tuple[Diagnostic, ...], *, strict: bool) -> bool:
    from oos.diagnostics import Severity

    stopping = {Severity.ERROR, Severity.WARNING} if strict else {Severity.ERROR}
    return any(each.severity in stopping for each in diagnostics)
