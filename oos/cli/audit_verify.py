"""`oos audit verify` and `export`: proof for others."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from oos.cli import exits
from oos.cli.lazy import Command
from oos.cli.meant import ANY, execution_argument, meant
from oos.cli.session import Session


@click.command(cls=Command)
@click.option("--anchors", type=click.Path(path_type=Path), metavar="FILE", help="Anchors kept elsewhere.")
@click.option("--public-key", type=click.Path(path_type=Path), metavar="FILE", help="The key kept elsewhere.")
@click.option("--notebook", metavar="FILE", help="Also check that this notebook says what the record says.")
@click.pass_obj
def verify(session: Session, anchors: Path | None, public_key: Path | None, notebook: str | None) -> int:
    """Check that nothing of the record was changed, added, taken away or put in another order.

    The journal is read whole, and only read. Every event's hash covers the one before; begin and end of each
    execution are anchored in a signed file outside the journal. A copy of that file and of its public key on another
    host (--anchors, --public-key) finds out even who rewrites both, or puts older ones back. Exit code 12 when
    something does not hold.
    """
    from oos.audit import verify as verification
    from oos.cli.printing import print_document
    from oos.cli.words import counted
    from oos.journal.chain import Break
    from oos.journal.port import JournalUnsound

    if notebook is not None:
        from oos.cli.audit_notebook import verify_notebook

        code = verify_notebook(session, notebook)
        if code != exits.SUCCESS or session.is_json:
            return code
    try:
        app = session.app
        report = verification.verify(app.record, app.anchored(anchors, public_key))
    except JournalUnsound as damage:
        report = verification.AuditReport(breaks=(Break("", 0, str(damage)),))
    except UnicodeDecodeError as damage:
        # Of Python's own, when SQLite quotes a damaged schema in its complaint.
        report = verification.AuditReport(breaks=(Break("", 0, f"the journal is damaged: {damage}"),))
    if session.is_json:
        print_document(
            session,
            {
                "Holds": report.holds,
                "Executions": report.executions,
                "Events": report.entries,
                "Anchors": report.anchors,
                "Unanchored": list(report.unanchored),
                "Breaks": [
                    {"ExecutionId": each.execution_id, "Sequence": each.sequence, "Reason": each.reason}
                    for each in report.breaks
                ],
                "Doubts": list(report.doubts),
            },
        )
        return exits.SUCCESS if report.holds else exits.NOT_VERIFIED
    count = ", ".join(
        (
            counted(report.executions, "execution") + " (children counted)",
            counted(report.entries, "event"),
            counted(report.anchors, "anchor"),
        )
    )
    for each in report.breaks:
        session.warn(f"error: {each}")
    for doubt in report.doubts:
        session.warn(f"in doubt: {doubt}")
    if not report.holds:
        session.warn(f"the record does not verify: {counted(len(report.breaks), 'fault')} in {count}")
        return exits.NOT_VERIFIED
    print(f"verified: {count}")
    roots = [each for each in report.unanchored if "." not in each]
    if roots:
        session.say(f"not anchored yet, so that a cut would not show: {', '.join(roots)}")
    return exits.SUCCESS


@click.command(cls=Command)
@execution_argument
@click.option("--verifiable", is_flag=True, help="The events as the journal holds them, one a line, secrets sealed.")
@click.option("--file", "path", type=click.Path(path_type=Path), metavar="FILE", help="Write there, not to stdout.")
@click.pass_obj
def export(session: Session, execution: str, verifiable: bool, path: Path | None) -> int:
    """Write the record of an execution (without EXECUTION, the newest) and its children.

    A JSON document for people and programs, secrets masked; with --verifiable, lines from which anybody can check
    the chain of hashes.
    """
    from oos.audit.reading import export_document, export_lines
    from oos.cli.audit_show import require
    from oos.cli.printing import print_document

    app = session.app
    execution = meant(app, execution, ANY)
    require(app, execution)
    if verifiable:
        content = b"\n".join([*export_lines(app.journal, execution), b""])
        if path is None:
            sys.stdout.flush()
            sys.stdout.buffer.write(content)
        else:
            path.write_bytes(content)
        return exits.SUCCESS
    document = export_document(app.journal, app.codec, execution)
    session.output = "json" if session.output == "table" else session.output
    if path is None:
        print_document(session, document)
    else:
        with path.open("w", encoding="utf-8") as stream:
            print_document(session, document, stream)
    return exits.SUCCESS
