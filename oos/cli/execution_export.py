"""`oos execution export`: an execution as a document for people, or as data."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from oos.cli import exits
from oos.cli.lazy import Command
from oos.cli.meant import ANY, LAST, execution_argument, meant
from oos.cli.session import Session

FORMS = ("ipynb", "html", "md", "json")


@click.command(cls=Command)
@execution_argument
@click.argument("file", required=False, type=click.Path(path_type=Path), metavar="[FILE]")
@click.option("--to", "form", type=click.Choice(FORMS), help="The form; without it, by the ending of FILE.")
@click.pass_obj
def export(session: Session, execution: str, file: Path | None, form: str | None) -> int:
    """Write an execution, whatever has become of it, as a document; without FILE, to stdout.

    Without EXECUTION, the newest.

    ipynb is an executed notebook: the runbook, and below each task what came of it, linked by hashes to the record
    (oos audit verify --notebook FILE). html is one page, md is Markdown, json is every event. Secrets are masked.
    """
    from oos.cli.audit_show import require

    if file is None and execution != LAST and "." in execution and not execution.startswith("exec-"):
        file, execution = Path(execution), ""
    form = form or (file.suffix.removeprefix(".") if file is not None else "")
    form = {"htm": "html", "markdown": "md"}.get(form, form)
    if form not in FORMS:
        raise click.UsageError(f"which form? Give --to {'|'.join(FORMS)}, or a FILE of such an ending")
    app = session.app
    execution = meant(app, execution, ANY)
    require(app, execution)
    text = _json(session, execution) if form == "json" else _document(session, execution, form)
    if file is None:
        sys.stdout.write(text)
        return exits.SUCCESS
    from oos.notebook.files import write_whole

    write_whole(file, text)
    session.say(f"wrote {file}")
    return exits.SUCCESS


def _document(session: Session, execution: str, form: str) -> str:
    from oos.notebook.document import write_notebook
    from oos.notebook.evidence import gather
    from oos.notebook.report import report_markdown, report_notebook, report_page

    evidence = gather(session.app, execution)
    match form:
        case "ipynb":
            return write_notebook(report_notebook(evidence))
        case "html":
            return report_page(evidence)
        case _:
            return report_markdown(evidence)


def _json(session: Session, execution: str) -> str:
    from oos.audit.reading import export_document
    from oos.values.json import json_text

    return json_text(export_document(session.app.journal, session.app.codec, execution)) + "\n"
