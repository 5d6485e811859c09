"""`oos execution`: see and control executions."""

from __future__ import annotations

from oos.cli.lazy import LazyGroup

execution = LazyGroup(
    "execution",
    {
        "list": ("oos.cli.execution_list:list_executions", "List executions, newest first."),
        "show": ("oos.cli.execution_show:show", "Tell the story of an execution."),
        "logs": ("oos.cli.execution_logs:logs", "Print what happened, event by event; -f follows."),
        "export": ("oos.cli.execution_export:export", "Write an execution as a notebook, a page, Markdown or JSON."),
        "resume": ("oos.cli.execution_control:resume", "Go on with an interrupted execution."),
        "cancel": ("oos.cli.execution_control:cancel", "End an execution; what is in flight keeps its outcome."),
        "approve": ("oos.cli.execution_control:approve", "Let an execution that waits for a person go on."),
        "reject": ("oos.cli.execution_control:reject", "Refuse what an execution waits for; that ends it."),
        "retry": ("oos.cli.execution_control:retry", "Have a failed or interrupted task tried again."),
        "skip": ("oos.cli.execution_control:skip", "Leave out the task that an execution waits at."),
        "complete": ("oos.cli.execution_control:complete", "End an execution with a status of your own."),
        "update": ("oos.cli.execution_control:update", "Change parameters or tags of one that has not ended."),
        "step": ("oos.cli.execution_control:step", "Let an execution in Debug mode run its next task."),
    },
    help="See and control executions.",
)
