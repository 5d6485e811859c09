"""Displays: rich output in place, drawn anew as things happen; nothing where no notebook is."""

from __future__ import annotations

from typing import Any, Final

FACTS: Final = "application/vnd.oos.facts+json"
"""In an output: what the journal tells, for programs and for verification."""


class LiveDisplay:
    """One output of a cell, drawn again and again."""

    def __init__(self, facts: dict[str, Any]) -> None:
        self._handle: Any = None
        self._facts = facts

    def __call__(self, html: str, markdown: str, plain: str) -> None:
        """Draw it."""
        from IPython.display import DisplayHandle, display

        bundle = {FACTS: self._facts, "text/html": html, "text/markdown": markdown, "text/plain": plain}
        if self._handle is None:
            self._handle = DisplayHandle()  # type: ignore[no-untyped-call] # IPython has no types here
            display(bundle, raw=True, display_id=self._handle.display_id)  # type: ignore[no-untyped-call] # as above
        else:
            display(bundle, raw=True, display_id=self._handle.display_id, update=True)  # type: ignore[no-untyped-call] # as above


def live_display(execution_id: str = "") -> LiveDisplay | None:
    """A display of an execution in the cell that runs, or None outside of notebooks."""
    import sys

    # Whoever has not imported IPython is in no notebook, and must not wait for the import.
    interactive = sys.modules.get("IPython")
    shell = interactive.get_ipython() if interactive is not None else None
    facts = {"execution": execution_id}
    return LiveDisplay(facts) if shell is not None and type(shell).__name__ == "ZMQInteractiveShell" else None


def show_once(html: str, markdown: str, plain: str) -> None:
    """Show something, for good."""
    from IPython.display import display

    bundle = {"text/html": html, "text/markdown": markdown, "text/plain": plain}
    display(bundle, raw=True)  # type: ignore[no-untyped-call] # IPython has no types here


def cell_number() -> int | None:
    """The number of the cell that runs, or None outside of IPython."""
    import sys

    interactive = sys.modules.get("IPython")
    shell = interactive.get_ipython() if interactive is not None else None
    return None if shell is None else int(shell.execution_count)
