"""Recall: an execution that goes on where an earlier one ended, as the cells of a notebook do."""

from __future__ import annotations

from oos.execution.model import Execution, TaskExecution
from oos.execution.status import NEXT, Status


def recall(execution: Execution) -> None:
    """Have the state know what the tasks of the earlier execution gave, and go on behind the last of them.

    They did what they were for: what they gave can be referred to, and nothing of them is done again.
    """
    start = execution.start
    for name, given in start.recalled.items():
        number = execution.template.task_index(name)
        task = TaskExecution(
            execution.template.template.tasks[number],
            number,
            Status.SUCCESS,
            start.at,
            ended=start.at,
            outputs=given.outputs,
            response=given.response,
            next_task=NEXT,
        )
        execution.tasks[name] = task
        if execution.last is None or execution.last.number < number:
            execution.last = task
