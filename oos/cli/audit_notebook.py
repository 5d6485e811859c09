"""`oos audit verify --notebook`: whether a report says what the record says."""

from __future__ import annotations

from pathlib import Path

from oos.cli import exits
from oos.cli.session import Session


def verify_notebook(session: Session, file: str) -> int:
    """Tell every place in which a notebook differs from the journal, or whose chain does not hold; the exit code."""
    from oos.cli.printing import print_document
    from oos.journal.chain import verify_chain
    from oos.notebook.files import open_notebook
    from oos.notebook.verify import Mismatch, verify_report

    notebook = open_notebook(Path(file))
    found = list(verify_report(session.app, notebook))
    audit = notebook.own.get("audit", {})
    for id_ in audit.get("heads", {}) if isinstance(audit, dict) else ():
        break_ = verify_chain(id_, session.app.journal.entries(id_))[2]
        if break_ is not None:
            found.append(Mismatch(file, str(break_)))
    if session.is_json:
        differences = [{"Place": each.place, "Reason": each.reason} for each in found]
        print_document(session, {"Holds": not found, "Notebook": file, "Differences": differences})
    elif not found:
        print(f"verified: {file} says what the record says of {audit['execution']}")
    else:
        for each in found:
            session.warn(f"error: {each}")
        session.warn(f"{file} does not verify: {len(found)} differences")
    return exits.NOT_VERIFIED if found else exits.SUCCESS
