"""Protection of a whole run: `Protect: Snapshot` at the top of a template is one pair around all of its changes.

Before names are resolved, tasks are put around those that change instances (decision 143): snapshots of all of their
targets right before the first of them; after the last, their deletion. A task that changes instances and fails takes
its own targets back to these snapshots, a loop those of the items that failed. Any other task that fails after the
first change takes all of them back.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from oos.diagnostics import Diagnostic
from oos.template import codes
from oos.template.expression import Expression, placed
from oos.template.model import END, Protect, Task, Template
from oos.template.parse import read_template
from oos.template.protect import BACK, REGION, is_guarded, named_in
from oos.template.reference import ReferenceKind
from oos.template.terms import Entries, Literal, Term

if TYPE_CHECKING:
    from oos.template.offers import ActionCatalog

PROTECT: Final = "protectRun"
PRUNE: Final = "pruneRun"
FAILED: Final = "runFailed"
_MAKES: Final = "OOS::Snapshot::Protect"
_IDS: Final = (
    '[.. | strings | if startswith("[") then (try fromjson[] catch empty) else . end | strings'
    ' | select(startswith("i-"))] | unique[]'
)


def around_run(template: Template, catalog: ActionCatalog) -> tuple[Template, tuple[Diagnostic, ...]]:
    """The template with its protection around the run, or as it is; and why that cannot be."""
    protect = template.protect
    if protect is None or protect.is_none:
        return template, ()
    guarded = [number for number, task in enumerate(template.tasks) if _has_guarded(template, task, catalog)]
    if not guarded:
        return template, ()
    if catalog.action(_MAKES) is None:
        message = f"no installed module offers {_MAKES}, which protects the run"
        return template, (codes.PROTECTION.at(template.source.name, protect.span, message, ""),)
    taken = {each.name.casefold() for each in template.tasks} & {
        each.casefold() for each in (PROTECT, PRUNE, BACK, FAILED)
    }
    if taken:
        message = f"a task is called {min(taken)}, as one that protects the run is"
        return template, (codes.PROTECTION.at(template.source.name, protect.span, message, "give it another name"),)
    first = _before_any_jump_over(template.tasks, guarded[0])
    given = _given(template, [template.tasks[number] for number in guarded])
    around = _around(template, given)
    known = {task.name.casefold() for task in template.tasks[:first]}
    later = {task.name.casefold() for task in template.tasks} - known
    targets = around[0].properties["instanceIds"]
    unknown = next((each for each in targets.references if each.field and each.name.casefold() in later), None)
    if unknown is not None or _needs_item(targets):
        what = f"they come from {unknown.name}" if unknown is not None else "a loop tells them"
        message = f"which instances the run changes is not known before its first change: {what}"
        hint = "write Protect: {Snapshot: ids} at the top, with what is known before; or Protect at the tasks"
        return template, (codes.PROTECTION.at(template.source.name, protect.span, message, hint),)
    begin = template.tasks[first].name.casefold()
    run = around[2].properties["snapshots"]
    before = tuple(_jumps_to(each, begin, PROTECT) for each in template.tasks[:first])
    inside = tuple(_inside(template, each, run, catalog) for each in template.tasks[first:])
    after = around[1:] if any(each.on_error == BACK for each in inside) else around[1:2]
    return dataclasses.replace(template, tasks=(*before, around[0], *inside, *after)), ()


def _has_guarded(template: Template, task: Task, catalog: ActionCatalog) -> bool:
    if task.protect is None and any(_has_guarded(template, each, catalog) for each in task.loop_tasks):
        return True
    return task.protect is None and is_guarded(template, task, catalog)


def _before_any_jump_over(tasks: tuple[Task, ...], first: int) -> int:
    """Where the protection stands so that no task jumps over it."""
    place = {task.name.casefold(): number for number, task in enumerate(tasks)}
    for number, task in enumerate(tasks[:first]):
        if any(place.get(name.casefold(), -1) > first for name in _jumps_of(task)):
            return number
    return first


def _jumps_of(task: Task) -> Iterator[str]:
    yield from (task.on_error, task.on_success, task.default_task)
    yield from (each.next_task for each in task.choices)


def _jumps_to(task: Task, begin: str, name: str) -> Task:
    """The task, whose jumps to the first change go to its protection."""

    def aim(target: str) -> str:
        return name if target.casefold() == begin else target

    return _aimed(task, aim)


def _aimed(task: Task, aim: Any) -> Task:
    return dataclasses.replace(
        task,
        on_error=aim(task.on_error),
        on_success=aim(task.on_success),
        default_task=aim(task.default_task),
        choices=tuple(dataclasses.replace(each, next_task=aim(each.next_task)) for each in task.choices),
    )


def _inside(template: Template, task: Task, run: Expression, catalog: ActionCatalog) -> Task:
    """A task of the run: where it would end the run, the snapshots are looked after first."""
    guarded = _has_guarded(template, task, catalog)
    ends_badly = task.on_error if guarded or task.protect is not None or task.on_error != END else BACK
    ends_well = _aimed(task, lambda target: PRUNE if target == END else target)
    return dataclasses.replace(_guarded(template, ends_well, run, catalog), on_error=ends_badly)


def _guarded(template: Template, task: Task, run: Expression, catalog: ActionCatalog) -> Task:
    if task.protect is not None:
        return task
    if task.loop_tasks:
        inner = tuple(_guarded(template, each, run, catalog) for each in task.loop_tasks)
        return dataclasses.replace(task, loop_tasks=inner)
    if not is_guarded(template, task, catalog):
        return task
    return dataclasses.replace(
        task, protect=Protect(run=run, span=template.protect.span if template.protect else task.span)
    )


# which instances


def _given(template: Template, guarded: Iterable[Task]) -> Any:
    """The ids of the instances, as they are written."""
    protect = template.protect
    if protect is not None and protect.targets is not None:
        return protect.targets.raw
    return {"Fn::Jq": ["All", _IDS, list(_raws(guarded))]}


def _raws(tasks: Iterable[Task]) -> Iterator[Any]:
    for task in tasks:
        if task.loop_tasks:
            items = task.properties.get("LoopItems")
            yield from (_of_item(each, items) for each in _raws(task.loop_tasks))
            continue
        items = task.loop.items if task.loop is not None else None
        for key, term in named_in(task):
            if key != REGION:
                yield _of_item(term.raw(), items)


def _of_item(raw: Any, items: Expression | None) -> Any:
    """What stands for a loop's item is among its items."""
    return items.raw if items is not None and "TaskLoopItem" in json.dumps(raw, default=str) else raw


def _needs_item(expression: Expression) -> bool:
    return any(
        each.kind is not ReferenceKind.PARAMETER and "taskloopitem" in each.name.casefold()
        for each in expression.references
    )


# the tasks


def _around(template: Template, targets: Any) -> tuple[Task, ...]:
    """The tasks that stand around the run."""
    region = _region(template.tasks)
    document = {
        "FormatVersion": template.format_version,
        "Tasks": [
            {
                "Name": PROTECT,
                "Action": _MAKES,
                "Properties": {
                    **region,
                    "instanceIds": targets,
                    "protection": "{{ ACS::ExecutionId }}",
                },
                "Outputs": {
                    "snapshots": {"Type": "List", "ValueSelector": "snapshots[]"},
                    "snapshotIds": {"Type": "List", "ValueSelector": "snapshotIds[]"},
                },
            },
            {
                "Name": PRUNE,
                "Action": "OOS::Snapshot::Prune",
                "OnSuccess": END,
                "Properties": {**region, "snapshotIds": f"{{{{ {PROTECT}.snapshotIds }}}}"},
            },
            {
                "Name": BACK,
                "Action": "OOS::Snapshot::RollBack",
                "Properties": {**region, "snapshots": f"{{{{ {PROTECT}.snapshots }}}}"},
            },
            {
                "Name": FAILED,
                "Action": "ACS::CheckFor",
                "Description": "All targets are as they were before; the run has failed all the same.",
                "Properties": {
                    "Service": "ECS",
                    "API": "DescribeSnapshots",
                    "Parameters": {"SnapshotIds": f"{{{{ {PROTECT}.snapshotIds }}}}"},
                    "PropertySelector": '"a task failed; all targets were taken back to their snapshots"',
                    "DesiredValues": ["carried out"],
                },
            },
        ],
    }
    read, faults = read_template(json.dumps(document, ensure_ascii=False), template.source.name)
    assert read is not None, faults
    assert not faults, faults
    span = template.protect.span if template.protect is not None else template.span
    return tuple(
        dataclasses.replace(
            each,
            properties={name: placed(value, span) for name, value in each.properties.items()},
            span=span,
            places={},
            property_places={},
        )
        for each in read.tasks
    )


def _region(tasks: Iterable[Task]) -> dict[str, Any]:
    """The region that the changes name, where all name one that is no loop's item."""
    named: list[Term] = [term for task in tasks for key, term in named_in(task) if key == REGION]
    raws = [
        each.raw() for each in named if isinstance(each, Entries | Literal) or "TaskLoopItem" not in str(each.raw())
    ]
    texts = {json.dumps(each, default=str) for each in raws}
    return {"regionId": raws[0]} if len(texts) == 1 and len(raws) == len(named) else {}
