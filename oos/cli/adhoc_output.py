"""What the targets of `oos exec` say: line by line as it comes in, and as one document at the end."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from oos.cli.follow.sinks import Silent
from oos.cli.follow.view import ActivityView, View
from oos.cli.printing import dim, print_document
from oos.cli.session import Session
from oos.execution.events import NO_ITEM, AnyEvent, TaskSucceeded
from oos.values.json import to_text

if TYPE_CHECKING:
    from oos.execution.model import Execution

SELECT, RUN = "selectTargets", "runCommand"


@dataclass(slots=True)
class _Said:
    """What one target said."""

    target: str
    text: str


@dataclass(slots=True)
class TargetOutputs(Silent):
    """Prints what each target said on stdout, each line with the target's name in front where there are several."""

    session: Session
    names: dict[str, str] = field(default_factory=dict)
    waiting: list[_Said] = field(default_factory=list)

    def happened(self, view: View, id_: str, event: AnyEvent, ended: ActivityView | None, /) -> None:
        if id_ != view.root_id or not isinstance(event, TaskSucceeded):
            return
        if event.task == SELECT:
            ids, names = event.outputs["instanceIds"], event.outputs["instanceNames"]
            self.names.update(zip(ids, names, strict=True))
        elif event.item != NO_ITEM and ended is not None:
            self.waiting.append(_Said(ended.label, to_text(event.outputs.get("commandOutput") or "")))

    def wants_terminal(self) -> bool:
        return bool(self.waiting)

    def tick(self) -> None:
        said, self.waiting = self.waiting, []
        for each in said:
            self._print(each)

    def close(self) -> None:
        self.tick()

    def _print(self, said: _Said) -> None:
        text = said.text if not said.text or said.text.endswith("\n") else f"{said.text}\n"
        if len(self.names) <= 1:
            sys.stdout.write(text)
        else:
            name = dim(f"{self.names.get(said.target) or said.target}: ", sys.stdout)
            sys.stdout.writelines(f"{name}{line}\n" for line in text.splitlines())
        sys.stdout.flush()


def finish(session: Session, execution: Execution, code: int) -> None:
    """How the command went on all targets."""
    from oos.cli.follow.carry_out import tell_end

    if session.output == "json":
        print_document(session, _document(execution))
    selected = execution.tasks.get(SELECT)
    if selected is not None and selected.outputs.get("instanceIds") == []:
        session.warn("no instance is meant by these targets")
    tell_end(session, execution, code)


def _document(execution: Execution) -> dict[str, Any]:
    from oos.execution.model import ItemStatus

    document: dict[str, Any] = {"ExecutionId": execution.id, "Status": str(execution.status)}
    if execution.fault is not None:
        document["StatusMessage"] = str(execution.fault)
    selected, run = execution.tasks.get(SELECT), execution.tasks.get(RUN)
    names = (
        dict(zip(selected.outputs.get("instanceIds") or (), selected.outputs.get("instanceNames") or (), strict=False))
        if selected is not None
        else {}
    )
    targets: list[dict[str, Any]] = []
    loop = run.loop if run is not None else None
    for number, instance_id in enumerate(loop.items if loop is not None else ()):
        assert loop is not None
        fault = loop.faults.get(number)
        target: dict[str, Any] = {
            "InstanceId": instance_id,
            "InstanceName": names.get(instance_id, ""),
            "Status": str(ItemStatus.NAMES[loop.statuses[number]]),
        }
        if fault is not None:
            target["Error"] = {"Code": fault.code, "Message": fault.message}
        else:
            target["Output"] = loop.outputs["commandOutput"][number]
        targets.append(target)
    return {**document, "Targets": targets}
