"""`oos snapshot`: which snapshots a policy keeps, why, and which are missing."""

from __future__ import annotations

from oos.cli.lazy import LazyGroup

snapshot = LazyGroup(
    "snapshot",
    {
        "plan": ("oos.cli.snapshot_plan:plan", "Show which snapshots a policy would keep and delete, and why."),
        "why": ("oos.cli.snapshot_plan:why", "Tell everything that a policy says of one snapshot."),
        "forecast": (
            "oos.cli.snapshot_forecast:forecast",
            "Play rotations forward: how many there will be, and when each goes.",
        ),
        "check": ("oos.cli.snapshot_check:check", "Find disks without a recent, verified snapshot."),
    },
    help="Judge snapshots by a policy, and see which are missing.",
)
