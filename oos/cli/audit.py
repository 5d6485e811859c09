"""`oos audit`: the record."""

from __future__ import annotations

from oos.cli.lazy import LazyGroup

audit = LazyGroup(
    "audit",
    {
        "list": ("oos.cli.audit_show:list_record", "List who did what, newest first."),
        "show": ("oos.cli.audit_show:show", "Tell everything that is recorded of an execution."),
        "verify": ("oos.cli.audit_verify:verify", "Check that nothing of the record was changed, added or taken away."),
        "export": ("oos.cli.audit_verify:export", "Write the record of an execution for others."),
    },
    help="Read and verify the record.",
)
