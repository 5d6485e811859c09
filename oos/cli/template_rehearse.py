"""`oos template rehearse`: templates carried out on a simulated fleet, and held against what was expected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from oos.cli import exits
from oos.cli.complete import TEMPLATE
from oos.cli.lazy import Command
from oos.cli.session import Session

if TYPE_CHECKING:
    from oos.rehearsal.case import CaseFile
    from oos.rehearsal.rehearse import Rehearsal
    from oos.rehearsal.stage import Find


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command line asks for."""

    only: str
    update: bool
    observed: bool


@click.command(cls=Command)
@click.argument("files", nargs=-1, required=True, type=TEMPLATE, metavar="FILE…")
@click.option("--only", default="", metavar="TEXT", help="Only cases with this in their names.")
@click.option(
    "--update", is_flag=True, help="Write what was observed: as expectation where there is none, else beside."
)
@click.option("--observed", is_flag=True, help="Print everything that was observed.")
@click.pass_obj
def rehearse(session: Session, files: tuple[str, ...], only: str, update: bool, observed: bool) -> int:
    """Rehearse templates: carry them out on a simulated fleet, and compare with what is expected.

    FILE is a file of rehearsals (NAME.rehearsal.yml), the template that one stands beside, or a folder of them. No
    hypervisor is asked, and waiting takes no time. Exit code 1 when something came otherwise than expected, 2 when it
    cannot be rehearsed.
    """
    from oos.cli.printing import print_document, print_line

    asked = Asked(only, update, observed)
    told: list[dict[str, Any]] = []
    differing = 0
    for path in _expanded(session, files, update=update):
        for each, document in _rehearse_file(session, path, asked):
            differing += not each.is_as_expected
            told.append(document)
            if session.output == "ndjson":
                print_line(document)
            elif session.output == "table":
                _print(session, each, document, asked)
    if session.output == "json":
        print_document(session, told)
    elif session.output == "table":
        count = f"{len(told)} rehearsal{'' if len(told) == 1 else 's'}"
        session.say(f"{count}, all as expected" if not differing else f"{count}, {differing} not as expected")
    return exits.FAILED if differing else exits.SUCCESS


def _expanded(session: Session, names: tuple[str, ...], *, update: bool) -> Iterator[Path]:
    """The files of rehearsals that were named. Raises DiagnosticError."""
    from oos.diagnostics import DiagnosticError
    from oos.rehearsal import codes
    from oos.rehearsal.read import ENDING, is_rehearsal, rehearsal_beside
    from oos.rehearsal.write import new_file

    for name in names:
        path = Path(name)
        if path.is_dir():
            yield from sorted(path.rglob(f"*{ENDING}"))
            continue
        if not is_rehearsal(path):
            template = Path(session.app.templates.open(name)[0])
            path = rehearsal_beside(template)
            if not path.is_file() and not update:
                message = f"there is no {path.name}"
                hint = f"write one, or have one written: oos template rehearse {name} --update"
                raise DiagnosticError([codes.NOTHING_TO_REHEARSE.nowhere(str(template), message, hint)])
            if not path.is_file():
                path.write_text(new_file(template.name), encoding="utf-8")
        yield path


def _rehearse_file(session: Session, path: Path, asked: Asked) -> Iterator[tuple[Rehearsal, dict[str, Any]]]:
    """Each case of a file, with what programs read of it. Raises DiagnosticError."""
    from oos.app.templates import read_template
    from oos.cli.faults import diagnostic_document
    from oos.rehearsal.read import read_cases
    from oos.rehearsal.rehearse import rehearse as carry_out
    from oos.rehearsal.rehearse import template_of

    file = read_cases(read_template(path), str(path))
    find = _finder(session)
    title, text = template_of(file, find)
    done: list[Rehearsal] = []
    for each in carry_out(file, title, text, session.app.catalog.modules, find, asked.only):
        done.append(each)
        document: dict[str, Any] = {
            "File": str(path),
            "Case": each.case.name,
            "Template": each.template,
            "AsExpected": each.is_as_expected,
            "Status": each.observed["status"],
            "Differences": list(map(diagnostic_document, each.differences)),
        }
        yield each, {**document, "Observed": each.observed} if asked.observed else document
    if asked.update:
        _update(session, file, done)


def _finder(session: Session) -> Find:
    """Templates by name, from the folders of runbooks: nothing that was registered, which others may not have."""
    from oos.app.templates import TemplateFinder
    from oos.service.registry import MemoryRegistry

    return TemplateFinder(session.app.catalog, MemoryRegistry, session.settings.runbooks).find


def _update(session: Session, file: CaseFile, done: list[Rehearsal]) -> None:
    from oos.cli.failures import stop
    from oos.rehearsal.write import NotWritable, updated

    changed = [each for each in done if each.case.expect is None or not each.is_as_expected]
    if not changed:
        return
    try:
        text = updated(file.text, changed, {each.case.name: each.before for each in done})
    except NotWritable as error:
        raise stop(f"{file.name}: {error}", exit_code=exits.USAGE) from error
    Path(file.name).write_text(text, encoding="utf-8")
    session.say(f"{file.name}: written")


def _print(session: Session, rehearsal: Rehearsal, document: dict[str, Any], asked: Asked) -> None:
    from oos.cli.faults import print_diagnostics
    from oos.cli.printing import coloured, print_document

    word = "ok" if rehearsal.is_as_expected else "failed"
    print(f"{coloured(word)}  {document['File']}: {rehearsal.case.name}", flush=True)
    print_diagnostics(session, rehearsal.differences)
    if asked.observed:
        print_document(session, rehearsal.observed)
