"""Reading tasks (spec 1.5, 4, 5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from oos.source import NOWHERE, Span
from oos.template import codes, limits
from oos.template.actions import BuiltinAction, find_builtin
from oos.template.document import Node, Places, is_list, is_map, is_null, span_of
from oos.template.expression import Expression, literal
from oos.template.model import (
    END,
    NEXT,
    NO_RATE_CONTROL,
    Choice,
    Loop,
    Protect,
    Retry,
    Task,
    TaskOutput,
)
from oos.template.read_loops import read_loop
from oos.template.structure import Entries, Structure

_FIELDS: Final = frozenset(
    {
        "Name",
        "Action",
        "Description",
        "When",
        "Properties",
        "Outputs",
        "Loop",
        "OnError",
        "OnSuccess",
        "Protect",
        "Retries",
        "Delay",
        "DelayType",
        "BackOff",
        "MaxRetryInterval",
    }
)
_REQUIRED: Final = frozenset({"Name", "Action"})
_CHOICE_FIELDS: Final = frozenset({"DefaultTask", "Choices"})
_BRANCH_FIELDS: Final = frozenset({"When", "NextTask", "Description"})
_OUTPUT_FIELDS: Final = frozenset({"Type", "ValueSelector", "Description"})
_RETRY_FIELDS: Final = frozenset({"Retries", "Delay", "DelayType", "BackOff", "MaxRetryInterval"})
_DELAY_TYPES: Final = ("Exponential", "Constant", "Linear")
_RANGES: Final = {"Retries": (0, 300), "Delay": (1, 3600), "BackOff": (1, 3600), "MaxRetryInterval": (1, 1800)}
"""Spec 4.2."""


def read_tasks(structure: Structure, node: Node, *, inner: bool = False) -> tuple[Task, ...]:
    """The tasks of a template, or of an ACS::Loop."""
    what = "LoopTasks" if inner else "Tasks"
    nodes = structure.list(node, what, hint="begin each task with a dash: - Name: …")
    if nodes is None:
        return ()
    if not nodes or len(nodes) > limits.TASKS:
        many = f"there are {len(nodes):,} tasks; at most {limits.TASKS:,} may be"
        message = many if nodes else f"{what} is empty"
        structure.fault(codes.TASK_COUNT, node, message)
        nodes = nodes[: limits.TASKS]
    tasks = []
    for each in nodes:
        fields = structure.entries(each) if is_map(each) else None
        if fields is None:
            structure.wrong_kind(each, "a task", "a map")
            continue
        tasks.append(_read_task(structure, each, fields))
    _check_names(structure, tasks)
    _check_triggers(structure, tasks, inner=inner)
    return tuple(tasks)


def _read_task(structure: Structure, node: Node, fields: Entries) -> Task:
    given = {field: pair[1] for field, pair in fields.items() if not is_null(pair[1])}
    name, name_span = "", span_of(node)
    if "Name" in given:
        name = structure.text(given["Name"], "Name of a task") or ""
        name_span = span_of(given["Name"])
        if name:
            structure.name(name, given["Name"], "a task")
    owner = f"the task {name}" if name else "the task"
    action = _read_action(structure, given, owner)
    builtin = find_builtin(action)
    misplaced = _misplaced(structure, fields, builtin)
    others = {field: pair for field, pair in fields.items() if field not in misplaced} if misplaced else fields
    meant = structure.unknown_fields(others, _FIELDS, owner, _REQUIRED)
    for field in ("Name", "Action"):
        if field not in given and field not in meant:
            structure.missing(node, owner, field)
    if "Name" in given and not name and not is_list(given["Name"]) and not is_map(given["Name"]):
        structure.fault(codes.BAD_NAME, given["Name"], "the name of a task cannot be empty", "give it a name")
    property_fields = structure.map(given["Properties"], "Properties", owner) if "Properties" in given else {}
    property_fields = {**misplaced, **(property_fields or {})} if misplaced else property_fields
    properties, property_places = _read_properties(structure, property_fields or {}, builtin)
    choices, default_task = _read_choices(structure, property_fields or {}, builtin, owner)
    loop_tasks: tuple[Task, ...] = ()
    loop: Loop | None = None
    if builtin is not None and builtin.name == "ACS::Loop":
        loop_tasks, loop = _read_loop_action(structure, property_fields or {}, properties, name_span)
    elif "Loop" in given:
        loop = read_loop(structure, given["Loop"], owner)
    if "Loop" in given and builtin is not None and not builtin.may_loop:
        structure.fault(codes.NOT_HERE, fields["Loop"][0], f"{builtin.name} cannot have a Loop", codes.NOT_HERE.remedy)
    return Task(
        name,
        action,
        structure.value(given["Description"]) if "Description" in given else None,
        structure.condition(given["When"]) if "When" in given else None,
        properties,
        _read_outputs(structure, given["Outputs"], owner) if "Outputs" in given else (),
        loop,
        read_target(structure, given["OnError"], "OnError", END) if "OnError" in given else END,
        read_target(structure, given["OnSuccess"], "OnSuccess", NEXT) if "OnSuccess" in given else NEXT,
        _read_retry(structure, given, owner) if not _RETRY_FIELDS.isdisjoint(given) else _NO_RETRY,
        choices,
        default_task,
        loop_tasks,
        read_protect(structure, given["Protect"], owner) if "Protect" in given else None,
        name_span,
        _places(given, property_fields),
        property_places,
    )


def _places(given: Mapping[str, Node], properties: Entries | None) -> Mapping[str, Span]:
    """Where the fields of a task stand."""
    if properties and "DefaultTask" in properties:
        return Places({**given, "DefaultTask": properties["DefaultTask"][1]})
    return Places(given)


def _misplaced(structure: Structure, fields: Entries, builtin: BuiltinAction | None) -> Entries:
    """Properties of a built-in action that stand beside Properties instead of under it; they are read all the same."""
    if builtin is None or fields.keys() <= _FIELDS:
        return {}
    found = {name: pair for name, pair in fields.items() if name not in _FIELDS and builtin.property(name) is not None}
    if found:
        first = next(iter(found.values()))[0]
        verb = "stands" if len(found) == 1 else "stand"
        message = f"{', '.join(found)} of {builtin.name} {verb} under Properties, not beside it"
        structure.fault(codes.UNKNOWN_FIELD, first, message, "put it under Properties")
    return found


def _read_action(structure: Structure, given: Mapping[str, Node], owner: str) -> str:
    if "Action" not in given:
        return ""
    text = structure.text(given["Action"], f"Action of {owner}") or ""
    builtin = find_builtin(text.strip())
    if builtin is not None:
        return builtin.name
    if "{{" in text:
        message = "the action of a task is a literal name, not a reference"
        structure.fault(codes.WRONG_FIELD_TYPE, given["Action"], message)
        return ""
    return text.strip()


def _read_properties(
    structure: Structure, fields: Entries, builtin: BuiltinAction | None
) -> tuple[Mapping[str, Expression], Mapping[str, Span]]:
    """The properties as expressions, and where their keys stand. Names of built-in actions' are made canonical."""
    properties = {}
    places = {}
    for name, (key_node, node) in fields.items():
        if builtin is not None:
            if builtin.name == "ACS::Choice" or (builtin.name == "ACS::Loop" and name == "LoopTasks"):
                places[name] = key_node
                continue
            known = builtin.property(name)
            if known is not None:
                name = known.name
        places[name] = key_node
        if name == "TemplateContent" and _is_template(node):
            properties[name] = structure.constant(node)  # its references are those of the inner template
        else:
            properties[name] = structure.expression(node)
    return properties, Places(places)


def _is_template(node: Node) -> bool:
    """Whether a TemplateContent is a template written out, not a reference to one."""
    return is_map(node) or (not is_list(node) and "FormatVersion" in node.value)


def read_protect(structure: Structure, node: Node, owner: str) -> Protect | None:
    """`Protect: Snapshot`, `Protect: {Snapshot: ids}`, or `Protect: None`."""
    if is_map(node):
        fields = structure.entries(node)
        structure.unknown_fields(fields, frozenset({"Snapshot"}), f"Protect of {owner}")
        if "Snapshot" not in fields:
            structure.missing(node, f"Protect of {owner}", "Snapshot", "write Snapshot: with the ids of instances")
            return None
        return Protect(structure.expression(fields["Snapshot"][1]), span=span_of(node))
    text = (structure.text(node, f"Protect of {owner}") or "").strip()
    if text.casefold() not in ("snapshot", "none"):
        if text:
            structure.fault(codes.NOT_AMONG, node, f"{text} is no protection", "write Snapshot, or None")
        return None
    return Protect(is_none=text.casefold() == "none", span=span_of(node))


def _read_choices(
    structure: Structure, fields: Entries, builtin: BuiltinAction | None, owner: str
) -> tuple[tuple[Choice, ...], str]:
    if builtin is None or builtin.name != "ACS::Choice":
        return (), NEXT
    structure.unknown_fields(fields, _CHOICE_FIELDS, owner)
    default = NEXT
    if "DefaultTask" in fields:
        default = read_target(structure, fields["DefaultTask"][1], "DefaultTask", NEXT)
    choices = []
    nodes = structure.list(fields["Choices"][1], "Choices", owner) if "Choices" in fields else []
    for node in nodes or []:
        branch = structure.map(node, "a choice", owner)
        if branch is None:
            continue
        meant = structure.unknown_fields(branch, _BRANCH_FIELDS, "a choice", frozenset({"When", "NextTask"}))
        for field in ("When", "NextTask"):
            if field not in branch and field not in meant:
                structure.missing(node, "the choice", field)
        if "When" in branch and "NextTask" in branch:
            target = read_target(structure, branch["NextTask"][1], "NextTask", NEXT)
            when = structure.condition(branch["When"][1])
            choices.append(Choice(when, target, span_of(branch["NextTask"][1])))
    return tuple(choices), default


def _read_loop_action(
    structure: Structure, fields: Entries, properties: Mapping[str, Expression], span: Span
) -> tuple[tuple[Task, ...], Loop | None]:
    """The inner tasks of an ACS::Loop, and how it is repeated."""
    tasks = read_tasks(structure, fields["LoopTasks"][1], inner=True) if "LoopTasks" in fields else ()
    if "LoopItems" not in properties:
        return tasks, None
    return tasks, Loop(properties["LoopItems"], properties.get("LoopRateControl", NO_RATE_CONTROL), (), span)


def read_target(structure: Structure, node: Node, field: str, default: str) -> str:
    """The target of a jump: a flow constant in canonical spelling, or the name of a task."""
    if not is_map(node) and not is_list(node) and structure.scalar(node) is None:
        return default
    text = structure.text(node, field)
    if text is None:
        return default
    text = text.strip()
    if not text:
        return default  # as if it were not there
    if "{{" in text:
        message = f"{field} names a task literally; it cannot hold a reference"
        structure.fault(codes.TARGET_REFERENCE, node, message, codes.TARGET_REFERENCE.remedy)
        return default
    folded = text.casefold()
    return END if folded == END.casefold() else NEXT if folded == NEXT.casefold() else text


def _read_outputs(structure: Structure, node: Node, owner: str) -> tuple[TaskOutput, ...]:
    outputs = []
    for name, (key_node, value_node) in (structure.map(node, "Outputs", owner) or {}).items():
        fields = structure.map(value_node, f"the output {name}", owner, "write {Type: String, ValueSelector: …}") or {}
        meant = structure.unknown_fields(fields, _OUTPUT_FIELDS, f"the output {name}", frozenset({"ValueSelector"}))
        kind = structure.type(fields["Type"][1], f"the output {name}") if "Type" in fields else "String"
        if "ValueSelector" in fields:
            selector = structure.expression(fields["ValueSelector"][1])
        else:
            selector = literal(".")  # what is wrong is told here; the output is known all the same
            if not meant and (is_map(value_node) or is_null(value_node)):
                structure.missing(key_node, f"the output {name}", "ValueSelector")
        outputs.append(TaskOutput(name, kind, selector, span_of(key_node)))
    return tuple(outputs)


_NO_RETRY: Final = Retry()


def _read_retry(structure: Structure, given: Mapping[str, Node], owner: str) -> Retry:
    def number(field: str) -> int | float | Expression | None:
        if field not in given:
            return None
        expression = structure.expression(given[field])
        if not expression.is_literal:
            return expression
        value = structure.number(given[field], f"{field} of {owner}", whole=field == "Retries")
        low, high = _RANGES[field]
        if value is not None and not low <= value <= high:
            message = f"{field} of {owner} must be {low} to {high}, not {value}"
            structure.fault(codes.OUT_OF_RANGE, given[field], message)
        return value

    retries = number("Retries")
    assert retries is None or isinstance(retries, int | Expression)
    return Retry(
        retries,
        _read_delay_type(structure, given["DelayType"], owner) if "DelayType" in given else "Exponential",
        _or(number("Delay"), 2),
        _or(number("BackOff"), 2),
        _or(number("MaxRetryInterval"), 1800),
    )


def _or(value: int | float | Expression | None, default: int) -> int | float | Expression:
    return default if value is None else value


def _read_delay_type(structure: Structure, node: Node, owner: str) -> str | Expression:
    expression = structure.expression(node)
    if not expression.is_literal:
        return expression
    text = structure.text(node, f"DelayType of {owner}") or "Exponential"
    canonical = next((each for each in _DELAY_TYPES if each.casefold() == text.casefold()), None)
    if canonical is None:
        hint = structure.suggestions.did_you_mean(text, _DELAY_TYPES)
        structure.fault(codes.NOT_AMONG, node, f"{text} is no DelayType", hint)
    return canonical or "Exponential"


def _check_names(structure: Structure, tasks: list[Task]) -> None:
    exact: dict[str, Task] = {}
    folded: dict[str, Task] = {}
    for task in tasks:
        if not task.name:
            continue
        key = task.name.casefold()
        if task.name in exact:
            _name_taken(structure, task, exact[task.name], fault=True)
        elif key in folded:
            _name_taken(structure, task, folded[key], fault=False)
        exact.setdefault(task.name, task)
        folded.setdefault(key, task)


def _name_taken(structure: Structure, task: Task, first: Task, *, fault: bool) -> None:
    message = f"a task {first.name} exists already" if fault else f"{task.name} differs from {first.name} only in case"
    related = ((first.span, "first here"),)
    diagnostic = codes.NAME_TAKEN.at(structure.source.name, task.span, message, "rename one of them", related=related)
    if fault:
        structure.faults.append(diagnostic)
    else:
        structure.warn(codes.NAME_TAKEN, task.span, message, "rename one of them")


def _check_triggers(structure: Structure, tasks: list[Task], *, inner: bool) -> None:
    """A trigger is the first task, and the only one (spec 4.5)."""
    for number, task in enumerate(tasks):
        builtin = find_builtin(task.action)
        if builtin is None or not builtin.is_trigger or (number == 0 and not inner):
            continue
        message = f"{task.action} can only be the first task of a template"
        span = task.places.get("Action", NOWHERE)
        structure.fault(codes.TRIGGER_PLACE, span, message, codes.TRIGGER_PLACE.remedy)
