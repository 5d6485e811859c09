"""The live display: finished tasks scroll away above, what goes on now is redrawn below."""

from __future__ import annotations

import sys
import threading
from datetime import UTC, datetime
from typing import Any, Final

from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from oos.cli.follow.sinks import Silent
from oos.cli.follow.view import ActivityView, LoopView, TaskView, View
from oos.cli.printing import console_on, shorten
from oos.cli.words import between, counted, place, say, span
from oos.execution.events import (
    NO_ITEM,
    AnyEvent,
    CancelRequested,
    ExecutionFinished,
    ExecutionResumed,
    Notified,
)
from oos.execution.status import Status

MOST_ITEMS: Final = 12
"""How many items of a loop are shown at once."""

MARKS: Final = {
    Status.SUCCESS: ("✓", "+", "green"),
    Status.FAILED: ("✗", "x", "red"),
    Status.SKIPPED: ("–", "-", "dim"),
    Status.CANCELLED: ("◼", "!", "yellow"),
}


class LiveDisplay(Silent):
    """What happens, on a terminal that a person looks at."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock
        """Guards the view, which the display reads from a thread of its own."""
        self._console = console_on(sys.stderr)
        self._is_unicode = self._console.encoding.startswith("utf")
        self._spinner = Spinner("dots" if self._is_unicode else "line", style="cyan")
        self._view: View | None = None
        self._lines: list[Text] = []
        """What is to be printed above, at the next redraw."""
        self._live: Live | None = None

    def happened(self, view: View, id_: str, event: AnyEvent, ended: ActivityView | None, /) -> None:
        self._view = view
        line = self._line(view, id_, event, ended)
        if line is not None:
            self._lines.append(line)

    def pause(self) -> None:
        live, self._live = self._live, None
        if live is not None:
            live.stop()
        self._flush()

    def tick(self) -> None:
        # Printing belongs here, to the main thread, which never holds the view's lock: rich has a lock of its own.
        self._flush()
        if self._live is None:
            self._live = Live(
                get_renderable=self._render,
                console=self._console,
                refresh_per_second=8,
                transient=True,
                redirect_stdout=False,
                redirect_stderr=False,
            )
            self._live.start()

    def close(self) -> None:
        self.pause()

    def _flush(self) -> None:
        with self._lock:
            lines, self._lines = self._lines, []
        for line in lines:
            self._console.print(line)

    # what stays

    def _line(self, view: View, id_: str, event: AnyEvent, ended: ActivityView | None) -> Text | None:
        if id_ != view.root_id:
            return None
        if isinstance(event, Notified | CancelRequested | ExecutionResumed):
            return Text(" ".join(filter(None, (" ", place(event), say(event)))), style="yellow")
        if isinstance(event, ExecutionFinished) or ended is None:
            return None
        item = getattr(event, "item", NO_ITEM)
        if item != NO_ITEM and ended.status is Status.SUCCESS:
            return None
        return self._outcome(ended, indent=2 if item != NO_ITEM else 0)

    def _outcome(self, ended: ActivityView, *, indent: int) -> Text:
        mark, ascii_mark, style = MARKS[ended.status]
        line = Text(" " * indent)
        line.append(f"{mark if self._is_unicode else ascii_mark} ", style)
        line.append(ended.label)
        if ended.items:
            line.append(f"  {counted(ended.items, 'item')}")
            if ended.failed:
                line.append(f", {ended.failed} failed", "red")
        line.append(f"  {between(ended.started, ended.ended)}", "dim")
        if ended.note:
            line.append(f"  {ended.note}", style)
        return line

    # what moves

    def _render(self) -> Any:
        """What goes on now; called by the display's thread."""
        with self._lock:
            view = self._view
            root = view.root if view is not None else None
            return self._body(view, root.current) if view and root and root.current else Text("")

    def _body(self, view: View, task: TaskView) -> Any:
        now = datetime.now(UTC)
        if task.loop is None:
            return self._activity(view, task.activity, now, style="bold")
        return Group(self._loop_line(task, task.loop, now), *self._items(view, task.loop, now))

    def _loop_line(self, task: TaskView, loop: LoopView, now: datetime) -> Any:
        table = Table.grid(padding=(0, 1, 0, 0))
        bar = ProgressBar(total=max(1, len(loop.items)), completed=loop.done, width=min(24, self._console.width // 4))
        counts = Text(f"{loop.done}/{len(loop.items)}")
        if loop.failed:
            counts.append(f"  {loop.failed} failed", "red")
        counts.append(f"  {span(now - task.activity.started)}", "dim")
        if task.activity.note:
            counts.append(f"  {task.activity.note}", "yellow")
        table.add_row(self._mark(task.activity), Text(task.name, style="bold"), bar, counts)
        return table

    def _items(self, view: View, loop: LoopView, now: datetime) -> list[Any]:
        room = max(1, min(MOST_ITEMS, self._console.height - 4))
        shown = list(loop.in_flight.values())
        lines: list[Any] = [self._activity(view, each, now, indent=2) for each in shown[:room]]
        if len(shown) > room:
            lines.append(Text(f"  and {len(shown) - room} more", style="dim"))
        return lines

    def _activity(
        self, view: View, activity: ActivityView, now: datetime, *, indent: int = 0, style: str = ""
    ) -> Table:
        table = Table.grid(padding=(0, 1, 0, 0))
        taken = span(now - activity.started)
        detail = view.detail(activity)
        waits = activity.status is Status.WAITING
        room = self._console.width - indent - len(activity.label) - len(taken) - 8
        cells = [Text(" " * (indent - 1))] if indent else []
        table.add_row(
            *cells,
            self._mark(activity),
            Text(activity.label, style=style, no_wrap=True),
            Text(taken, style="dim", no_wrap=True),
            Text(shorten(detail, max(10, room)), style="yellow" if waits else "", no_wrap=True),
        )
        return table

    def _mark(self, activity: ActivityView) -> Any:
        if activity.status is Status.WAITING:
            return Text("?", style="bold yellow")
        return self._spinner
