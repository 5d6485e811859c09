"""Protection: a task that says `Protect: Snapshot` runs between a snapshot of its targets and its deletion.

An extension of ours (decision 116). The task becomes a child execution of a template made here: snapshots of the
targets first, then the task itself; when it succeeds the snapshots go, when it fails its targets go back to them and
the task has failed. A loop has one such child for each item, so only what failed goes back. All of it is ordinary
tasks: journaled, resumed after a crash, each effect once.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from oos.diagnostics import Diagnostic
from oos.service.operation import Effect
from oos.template import codes
from oos.template.actions import find_builtin
from oos.template.expression import Expression, literal
from oos.template.model import Task, Template
from oos.template.offers import literal_text
from oos.template.terms import Entries, Literal, Lookup, Term

if TYPE_CHECKING:
    from oos.template.offers import ActionCatalog

ACT: Final = "act"
"""The task itself, in the template that is made."""
ROLL_BACK: Final = "rollBack"
"""The task behind it that takes its targets back."""
BACK: Final = "takeRunBack"
"""Around a run, the task that takes all targets back (protect_run.py)."""
CLOSING: Final = ("failed", "runFailed")
"""The tasks that say, behind these, that it has failed all the same."""
RESPONSE: Final = "response"
"""The output of that template: what the task's own outputs are selected from."""

REGION: Final = "regionid"
_TARGETS: Final = ("instanceid", "instanceids")
_OF_TARGETS: Final = "${run}[] | select(.instanceId as $id | any(${targets}[]; . == $id))"
_UNCOVERED: Final = (
    "(${targets} - [${run}[].instanceId]) as $left"
    ' | if ($left | length) == 0 then "protected" else "not among what the run protects: \\($left | join(", "))" end'
)
_ALLOWED: Final = ("ACS::ExecuteAPI", "ACS::Template")
_INSTANCES: Final = (
    '[(., (.parameters? // {})) | select(type == "object") | to_entries[]'
    " | (.key | ascii_downcase) as $key"
    ' | select($key == "instanceid" or $key == "instanceids" or ($key | startswith("instanceid.")))'
    ' | .value | if type == "string" and startswith("[") then fromjson else . end]'
    ' | flatten | map(select(. != null and . != "")) | unique[]'
)
_REGION: Final = ".regionid? // .parameters?.RegionId? // null"


def faults_of(template: Template, source: str) -> Iterator[Diagnostic]:
    """What is wrong with the protections of a template, its loops included."""
    for task in _every(template.tasks):
        if task.protect is None or task.protect.is_none:
            continue
        span = task.places.get("Protect", task.span)
        if not _may(task):
            message = f"{task.action} cannot be protected: it changes no instance by itself"
            yield codes.PROTECTION.at(source, span, message, codes.PROTECTION.remedy)
        elif task.protect.targets is None and not _names_targets(task):
            message = f"the task {task.name} does not say which instances it changes"
            yield codes.PROTECTION.at(source, span, message, "write Protect: {Snapshot: '{{ … }}'} with their ids")
    if template.protect is not None and not any(_is_protected(template, each) for each in _every(template.tasks)):
        message = "no task of the template says which instances it changes, so nothing is protected"
        yield codes.PROTECTION.at(source, template.protect.span, message, "write Protect at a task, with their ids")


def is_taken_back(task: Task) -> bool:
    """Whether the protection around a task takes targets back when it fails: nobody wrote that `OnError`."""
    return task.on_error == BACK or (task.name == ACT and task.on_error == ROLL_BACK)


def is_closing(template: Template, number: int) -> bool:
    """Whether a task only says that what was taken back has failed: to try it again is of no use."""
    return (
        number > 0 and template.tasks[number].name in CLOSING and template.tasks[number - 1].name in (BACK, ROLL_BACK)
    )


def protected(template: Template) -> Template:
    """The template with each task that is to be protected in its protection."""
    if all(each.protect is None for each in _every(template.tasks)):
        return template
    return dataclasses.replace(template, tasks=tuple(map(_wrapped, template.tasks)))


def _wrapped(task: Task) -> Task:
    if task.loop_tasks:
        inner = tuple(map(_wrapped, task.loop_tasks))
        return dataclasses.replace(task, loop_tasks=inner)
    if task.protect is None or task.protect.is_none:
        return dataclasses.replace(task, protect=None)
    parameters = [("named", Entries(tuple(named_in(task))))]
    # Each by itself: a secret among them makes secrets of no others. In a map, so that text stays text.
    parameters += [
        (f"property{number}", Entries((("value", each.term),))) for number, each in enumerate(task.properties.values())
    ]
    given = [*task.properties.values()]
    targets = None if task.protect is None else task.protect.targets
    if targets is not None:
        parameters.append(("targets", Entries((("value", targets.term),))))
        given.append(targets)
    run = task.protect.run
    if run is not None:
        parameters.append(("run", Entries((("value", run.term),))))
        given.append(run)
    return dataclasses.replace(
        task,
        action="ACS::Template",
        properties={
            "TemplateContent": literal(_text(task, from_properties=targets is None, in_run=run is not None)),
            "Parameters": _together(parameters, given),
        },
        protect=dataclasses.replace(task.protect, action=task.action),
    )


def named_in(task: Task) -> Iterator[tuple[str, Term]]:
    """What tells region and instances among the properties and the parameters in them."""
    for name, value in task.properties.items():
        term = value.term
        if name == "Parameters":
            entries = term.terms if isinstance(term, Entries) else ()
            if isinstance(term, Literal) and isinstance(term.value, dict):
                entries = tuple((key, Literal(each)) for key, each in term.value.items())
            if not entries:
                yield "parameters", term
            yield from ((key.casefold(), each) for key, each in entries if _tells(key))
        elif _tells(name):
            yield name.casefold(), term


def _tells(name: str) -> bool:
    folded = name.casefold()
    return folded in ("regionid", *_TARGETS) or folded.startswith("instanceid.")


def _together(parameters: list[tuple[str, Entries]], given: list[Expression]) -> Expression:
    """One expression of several."""
    return Expression(
        Entries(tuple(parameters)),
        references=tuple(each for one in given for each in one.references),
        condition_names=tuple(each for one in given for each in one.condition_names),
        has_functions=any(one.has_functions for one in given),
        source=given[0].source if given else "",
    )


def _text(task: Task, *, from_properties: bool, in_run: bool) -> str:
    """The template of the child execution; in a run that is protected as a whole, with the snapshots of that."""
    region = _pick("First", _REGION, "named")
    targets = _pick("All", _INSTANCES, "named") if from_properties else _pick("First", ".value", "targets")
    snapshots = {"regionId": region, "snapshots": "{{ protect.snapshots }}"}
    tasks = [
        _find_in_run(targets)
        if in_run
        else {
            "Name": "protect",
            "Action": "OOS::Snapshot::Protect",
            "Properties": {"regionId": region, "instanceIds": targets, "protection": "{{ ACS::ExecutionId }}"},
            "Outputs": {
                "snapshots": {"Type": "List", "ValueSelector": "snapshots[]"},
                "snapshotIds": {"Type": "List", "ValueSelector": "snapshotIds[]"},
            },
        },
        {
            "Name": ACT,
            "Action": task.action,
            "Properties": {
                name: _property(number, name, each) for number, (name, each) in enumerate(task.properties.items())
            },
            "OnSuccess": "ACS::END" if in_run else "prune",
            "OnError": ROLL_BACK,
            "Outputs": {RESPONSE: {"Type": "Json", "ValueSelector": "."}},
        },
        {"Name": ROLL_BACK, "Action": "OOS::Snapshot::RollBack", "Properties": snapshots},
        {
            "Name": "failed",
            "Action": "ACS::CheckFor",
            "Description": "Everything is as it was before; the task has failed all the same.",
            "Properties": {
                "Service": "ECS",
                "API": "DescribeSnapshots",
                "Parameters": {"RegionId": region, "SnapshotIds": "{{ protect.snapshotIds }}"},
                "PropertySelector": '"rolled back"',
                "DesiredValues": ["carried out"],
            },
        },
    ]
    if not in_run:
        prune = {"regionId": region, "snapshotIds": "{{ protect.snapshotIds }}"}
        tasks.append({"Name": "prune", "Action": "OOS::Snapshot::Prune", "Properties": prune})
    parameters: dict[str, Any] = {"named": {"Type": "Json"}}
    parameters |= {f"property{number}": {"Type": "Json"} for number, _ in enumerate(task.properties)}
    if not from_properties:
        parameters["targets"] = {"Type": "Json"}
    if in_run:
        parameters["run"] = {"Type": "Json"}
    document = {
        "FormatVersion": "OOS-2019-06-01",
        "Description": f"{task.name}: {task.action}, protected by snapshots",
        "Parameters": parameters,
        "Tasks": tasks,
        "Outputs": {RESPONSE: {"Type": "Json", "Value": f"{{{{ {ACT}.{RESPONSE} }}}}"}},
    }
    return json.dumps(document, ensure_ascii=False, indent=1)


def _find_in_run(targets: dict[str, Any]) -> dict[str, Any]:
    """The task that finds the snapshots of its targets among those of the run; what has none is not touched."""
    of_targets = {"Fn::Sub": [_OF_TARGETS, {"targets": targets, "run": _pick("First", ".value", "run")}]}
    ids = {"Fn::Sub": [f"{_OF_TARGETS}.snapshotId", {"targets": targets, "run": _pick("First", ".value", "run")}]}
    missing = {"Fn::Sub": [_UNCOVERED, {"targets": targets, "run": _pick("First", ".value", "run")}]}
    return {
        "Name": "protect",
        "Action": "ACS::CheckFor",
        "Description": "Its targets are among those that the run protects.",
        "Properties": {
            "Service": "ECS",
            "API": "DescribeRegions",
            "PropertySelector": missing,
            "DesiredValues": ["protected"],
        },
        "Outputs": {
            "snapshots": {"Type": "List", "ValueSelector": of_targets},
            "snapshotIds": {"Type": "List", "ValueSelector": ids},
        },
    }


def _property(number: int, name: str, value: Expression) -> Any:
    """A property of the task: what is named literally stays literal, so that the child can be checked."""
    if name in ("Service", "API", "TemplateName", "Risk") and value.is_literal:
        return value.raw
    return _pick("First", ".value", f"property{number}")


def _pick(mode: str, program: str, parameter: str) -> dict[str, Any]:
    return {"Fn::Jq": [mode, program, f"{{{{ {parameter} }}}}"]}


def is_guarded(template: Template, task: Task, catalog: ActionCatalog) -> bool:
    """Whether the protection of the template is about this task, which has none of its own."""
    return _is_protected(template, task) and not _only_reads(task, catalog)


def _is_protected(template: Template, task: Task) -> bool:
    if task.protect is not None:
        return not task.protect.is_none
    return template.protect is not None and _may(task) and _names_targets(task)


def _may(task: Task) -> bool:
    return find_builtin(task.action) is None or task.action in _ALLOWED


def _only_reads(task: Task, catalog: ActionCatalog) -> bool:
    """Whether the task calls an operation that only looks; such a one is left alone under a template's Protect."""
    service, api = literal_text(task.properties.get("Service")), literal_text(task.properties.get("API"))
    operation = catalog.operation(service, api) if service and api else None
    return operation is not None and operation.effect is Effect.READS


def _names_targets(task: Task) -> bool:
    """Whether properties, or the parameters in them, hold ids of instances; what cannot be told may well."""
    inner = task.properties.get("Parameters")
    term = None if inner is None else inner.term
    if isinstance(term, Lookup):
        return True
    raw = term.raw() if isinstance(term, Entries | Literal) else {}
    keys = [*task.properties, *(raw if isinstance(raw, dict) else {})]
    return any(_tells(each) and each.casefold() != "regionid" for each in keys)


def _every(tasks: tuple[Task, ...]) -> Iterator[Task]:
    for task in tasks:
        yield task
        yield from _every(task.loop_tasks)
