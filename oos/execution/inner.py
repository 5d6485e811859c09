"""Items of an ACS::Loop (spec 4.4): children whose template is the inner tasks, and that see the names around."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from oos.execution.model import Execution
from oos.template.expression import Expression, ReferenceKind
from oos.template.model import TemplateOutput
from oos.template.reference import Reference

if TYPE_CHECKING:
    from oos.template.check import CheckedTemplate
    from oos.template.model import Task
    from oos.template.selector import Selector


def inner_template(checked: CheckedTemplate, path: Sequence[str]) -> CheckedTemplate:
    """The template of the items of a loop: the inner tasks of the loop task that this path of tasks leads to.

    Its outputs are those of the loop task, whose selectors give the value for one item.
    """
    for name in path:
        template = checked.template
        loop = template.tasks[checked.task_index(name)]
        outputs = {each.name: TemplateOutput(each.name, each.type, each.selector, each.span) for each in loop.outputs}
        checked = dataclasses.replace(
            checked,
            template=dataclasses.replace(template, tasks=loop.loop_tasks, parameters={}, outputs=outputs),
            _index={task.name: number for number, task in enumerate(loop.loop_tasks)},
        )
    return checked


def link(child: Execution, outer: Execution) -> None:
    """Let an item of a loop see the names of the execution around it, and the item's value."""
    child.outer = outer
    loop = outer.tasks[child.start.parent_task].loop
    assert loop is not None, f"{child.id} is an item of {child.start.parent_task}, which loops not"
    child.item = loop.items[child.start.parent_item]


def inherit(child: Execution, parent: Execution) -> None:
    """A child keeps its parent's secrets too: those it was given may be made of them, and tell them apart."""
    child.secrets = tuple(dict.fromkeys((*child.secrets, *parent.secrets)))


def read_later(checked: CheckedTemplate, task: Task) -> tuple[set[str], dict[str, Selector]]:
    """What the template reads of a looped task besides its aggregates: outputs, and paths into its responses.

    Such a reference is the list over all items (spec 10, 28).
    """
    outputs: set[str] = set()
    paths: dict[str, Selector] = {}
    aggregated = {each.name for each in task.loop.aggregates} if task.loop else set()
    for reference in _references(checked):
        if reference.name != task.name:
            continue
        if reference.kind is ReferenceKind.OUTPUT and reference.field not in aggregated:
            outputs.add(reference.field)
        elif reference.kind is ReferenceKind.RESPONSE and reference.selector is not None:
            paths[reference.field] = reference.selector
    return outputs, paths


def _references(checked: CheckedTemplate) -> Iterator[Reference]:
    template = checked.template
    for expression in template.conditions.values():
        yield from expression.references
    for output in template.outputs.values():
        yield from output.value.references
    yield from _of_tasks(template.tasks)


def _of_tasks(tasks: Sequence[Task]) -> Iterator[Reference]:
    for task in tasks:
        retry = task.retry
        expressions: list[object] = [
            task.when,
            *task.properties.values(),
            *(output.selector for output in task.outputs),
            *(choice.when for choice in task.choices),
            *(retry.retries, retry.delay_type, retry.delay, retry.back_off, retry.max_retry_interval),
        ]
        if task.loop is not None:
            expressions += [task.loop.items, task.loop.rate_control]
        for expression in expressions:
            if isinstance(expression, Expression):
                yield from expression.references
        yield from _of_tasks(task.loop_tasks)
