"""What the targets of `oos exec` say: line by line as it comes in, and as one document at the end."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from oos.cli import exits
from oos.cli.follow.sinks import Silent
from oos.cli.follow.view import ActivityView, View
from oos.cli.printing import dim, print_document
from oos.cli.session import Session
from oos.execution.events import NO_ITEM, AnyEvent, TaskFailed, TaskStarted, TaskSucceeded
from oos.values.json import to_text

if TYPE_CHECKING:
    from oos.execution.model import Execution

SELECT, RUN = "selectTargets", "runCommand"
OUTPUT = "invocationOutput"
"""How the product action calls what a command printed."""
_EXIT_CODE: Final = re.compile(r"exit code (-?\d+)")


@dataclass(slots=True)
class TargetOutputs(Silent):
    """Collects what each target says, and prints it on stdout, with the target's name in front of each line where there
    are several.
    """

    prints: bool
    names: dict[str, str] = field(default_factory=dict)
    said: dict[int, str] = field(default_factory=dict)
    """What a target printed, by its number, whether or not the command went well."""
    waiting: list[tuple[str, str]] = field(default_factory=list)
    """Targets and what they said, to be printed."""

    def happened(self, view: View, id_: str, event: AnyEvent, ended: ActivityView | None, /) -> None:
        if id_ != view.root_id:
            self._overhear(view, id_, event)
        elif isinstance(event, TaskSucceeded) and event.task == SELECT:
            ids, names = event.outputs["instanceIds"], event.outputs["instanceNames"]
            self.names.update(zip(ids, names, strict=True))
        elif isinstance(event, TaskStarted) and event.item != NO_ITEM:
            self._name(view, event.item)
        elif isinstance(event, TaskSucceeded | TaskFailed) and event.item != NO_ITEM and ended is not None:
            self._tell(event, ended)

    @property
    def prints_results(self) -> bool:
        return True

    def wants_terminal(self) -> bool:
        return bool(self.waiting)

    def tick(self) -> None:
        waiting, self.waiting = self.waiting, []
        for target, text in waiting:
            self._print(target, text)

    def close(self) -> None:
        self.tick()

    def _overhear(self, view: View, id_: str, event: AnyEvent) -> None:
        """Keep what a command printed: should it fail, its child execution has no outputs."""
        child = view.executions.get(id_)
        if child is None or child.start.parent_id != view.root_id:
            return
        if isinstance(event, TaskSucceeded) and event.outputs.get(OUTPUT) is not None:
            self.said[child.start.parent_item] = to_text(event.outputs[OUTPUT])

    def _name(self, view: View, item: int) -> None:
        """Call a target by its name while its command runs."""
        task = view.root.current if view.root is not None else None
        activity = task.loop.in_flight.get(item) if task is not None and task.loop is not None else None
        if activity is not None:
            activity.label = self.names.get(activity.label) or activity.label

    def _tell(self, event: TaskSucceeded | TaskFailed, ended: ActivityView) -> None:
        text = self.said.get(event.item, "")
        code = _EXIT_CODE.search(ended.note)
        if code is not None:
            ended.note = code[0]
        if self.prints and text:
            self.waiting.append((ended.label, text))

    def _print(self, target: str, text: str) -> None:
        text = text if text.endswith("\n") else f"{text}\n"
        if len(self.names) <= 1:
            sys.stdout.write(text)
        else:
            name = dim(f"{target}: ", sys.stdout)
            sys.stdout.writelines(f"{name}{line}\n" for line in text.splitlines())
        sys.stdout.flush()


def finish(session: Session, execution: Execution, code: int, outputs: TargetOutputs) -> int:
    """How the command went on all targets."""
    from oos.cli.follow.carry_out import tell_end

    if session.output == "json":
        print_document(session, _document(execution, outputs))
    selected = execution.tasks.get(SELECT)
    if selected is not None and selected.outputs.get("instanceIds") == []:
        # A name that is mistyped must not look like a command that went well everywhere.
        session.warn("no instance is meant by these targets")
        return exits.FAILED
    tell_end(session, execution, code)
    return code


def _document(execution: Execution, outputs: TargetOutputs) -> dict[str, Any]:
    from oos.execution.model import ItemStatus

    document: dict[str, Any] = {"ExecutionId": execution.id, "Status": str(execution.status)}
    if execution.fault is not None:
        document["StatusMessage"] = str(execution.fault)
    run = execution.tasks.get(RUN)
    loop = run.loop if run is not None else None
    targets: list[dict[str, Any]] = []
    for number, instance_id in enumerate(loop.items if loop is not None else ()):
        assert loop is not None
        fault = loop.faults.get(number)
        target: dict[str, Any] = {
            "InstanceId": instance_id,
            "InstanceName": outputs.names.get(instance_id, ""),
            "Status": str(ItemStatus.NAMES[loop.statuses[number]]),
        }
        if number in outputs.said:
            target["Output"] = outputs.said[number]
        if fault is not None:
            code = _EXIT_CODE.search(fault.message)
            target |= {"ExitCode": int(code[1])} if code is not None else {}
            target["Error"] = {"Code": fault.code, "Message": fault.message}
        elif loop.statuses[number] == ItemStatus.SUCCESS:
            target["ExitCode"] = 0
        targets.append(target)
    return {**document, "Targets": targets}
