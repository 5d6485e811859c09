"""`oos fleet`: what there is."""

from __future__ import annotations

from oos.cli.lazy import LazyGroup

fleet = LazyGroup(
    "fleet",
    {
        "list": ("oos.cli.fleet_list:list_fleet", "List instances, disks, snapshots, images, networks or hosts."),
        "show": ("oos.cli.fleet_show:show", "Show everything about one of them."),
    },
    later={"graph": "see oos fleet list and oos fleet show"},
    help="See what there is.",
)
