"""`oos fleet`: what there is."""

from __future__ import annotations

from oos.cli.lazy import LazyGroup

fleet = LazyGroup(
    "fleet",
    {
        "list": ("oos.cli.fleet_list:list_fleet", "List instances, disks, snapshots, images, networks or hosts."),
        "show": ("oos.cli.fleet_show:show", "Show everything about one of them."),
        "graph": ("oos.cli.fleet_graph:graph", "Draw what stands on what, or who is in which network."),
    },
    help="See what there is.",
)
