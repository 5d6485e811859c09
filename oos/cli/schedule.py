"""`oos schedule`: triggers that are armed: when they fire, what became of it, and how to stop and fire them."""

from __future__ import annotations

from oos.cli.lazy import LazyGroup

schedule = LazyGroup(
    "schedule",
    {
        "list": ("oos.cli.schedule_list:list_schedules", "List triggers, those that fire next first."),
        "next": ("oos.cli.schedule_list:upcoming", "Print when triggers, or an expression, fire next."),
        "show": ("oos.cli.schedule_show:show", "Show a trigger and its last firings."),
        "pause": ("oos.cli.schedule_control:pause", "Stop a trigger from firing; firings it misses are counted."),
        "resume": ("oos.cli.schedule_control:resume", "Have a paused trigger fire again."),
        "trigger": ("oos.cli.schedule_control:trigger", "Fire a trigger now, by hand."),
    },
    help="See and control triggers.",
)
