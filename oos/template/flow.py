"""Flow: jumps between tasks, and which tasks can be reached."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from oos.diagnostics import Diagnostic
from oos.source import Span
from oos.template import codes
from oos.template.model import END, NEXT, Task
from oos.template.suggestions import Suggestions


def resolve_jumps(tasks: tuple[Task, ...], source: str, faults: list[Diagnostic]) -> tuple[Task, ...]:
    """The tasks with the targets of their jumps in canonical spelling; faults for those that lead nowhere."""
    flow = _Flow(tasks, source, faults)
    return tuple(flow.resolved(number, task) for number, task in enumerate(tasks))


def unreachable(tasks: tuple[Task, ...]) -> Iterator[Task]:
    """Tasks to which no way leads. The tasks' jumps are resolved, and all go forward."""
    if not tasks:
        return
    index = {task.name: number for number, task in enumerate(tasks)}
    reached = {0}
    for number, task in enumerate(tasks):
        if number not in reached:
            yield task
            continue
        for target in _targets(task):
            if target == NEXT:
                reached.add(number + 1)
            elif target != END and target in index:
                reached.add(index[target])


def _targets(task: Task) -> Iterator[str]:
    """Where the run may go after a task."""
    yield task.on_error
    if task.choices:
        yield task.default_task
        for choice in task.choices:
            if not (choice.when.is_literal and choice.when.raw is False):
                yield choice.next_task
        if task.when is not None:
            yield NEXT
        return
    yield task.on_success
    if task.when is not None:
        yield NEXT  # a task that is skipped goes on with the next one


class _Flow:
    def __init__(self, tasks: tuple[Task, ...], source: str, faults: list[Diagnostic]) -> None:
        self._tasks = tasks
        self._source = source
        self._faults = faults
        self._suggestions = Suggestions()
        self._index = {task.name: number for number, task in enumerate(tasks) if task.name}
        self._folded = {task.name.casefold(): task.name for task in reversed(tasks) if task.name}

    def resolved(self, number: int, task: Task) -> Task:
        if task.on_error == END and task.on_success == NEXT and not task.choices and task.default_task == NEXT:
            return task
        choices = tuple(
            dataclasses.replace(choice, next_task=self._target(number, "NextTask", choice.next_task, choice.span))
            for choice in task.choices
        )
        return dataclasses.replace(
            task,
            on_error=self._target(number, "OnError", task.on_error, task.places.get("OnError", task.span)),
            on_success=self._target(number, "OnSuccess", task.on_success, task.places.get("OnSuccess", task.span)),
            choices=choices,
            default_task=self._target(
                number, "DefaultTask", task.default_task, task.places.get("DefaultTask", task.span)
            ),
        )

    def _target(self, number: int, field: str, target: str, span: Span) -> str:
        if target in (END, NEXT):
            return target
        name = target if target in self._index else self._folded.get(target.casefold())
        if name is None:
            later = (task.name for task in self._tasks[number + 1 :] if task.name)
            hint = self._suggestions.did_you_mean(target, (*later, END, NEXT))
            message = f"{field} leads to {target}, but there is no such task"
            self._faults.append(codes.UNKNOWN_TARGET.at(self._source, span, message, hint))
            return target
        if self._index[name] <= number:
            where = "itself" if self._index[name] == number else f"{name}, which stands before"
            message = f"{field} leads back to {where}"
            self._faults.append(codes.BACKWARD_JUMP.at(self._source, span, message, codes.BACKWARD_JUMP.remedy))
        return name
