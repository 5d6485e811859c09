"""`oos fleet show`: everything about one instance, disk, snapshot or image."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from oos.cli import exits
from oos.cli.complete import RESOURCE
from oos.cli.lazy import Command
from oos.cli.session import Session

if TYPE_CHECKING:
    from oos.app.app import App


@click.command(cls=Command)
@click.argument("resource", type=RESOURCE)
@click.pass_obj
def show(session: Session, resource: str) -> int:
    """Show everything about an instance (by id or name), disk, snapshot or image."""
    from oos.cli.fleet_list import checked_region
    from oos.cli.printing import print_document, print_facts, print_title

    app = session.app
    document, related = _find(app, checked_region(app), resource)
    if session.is_json:
        print_document(session, {**document, **related})
        return exits.SUCCESS
    print_facts((_spaced(name), _text(name, value)) for name, value in document.items() if name not in related)
    for title, things in related.items():
        print()
        print_title(title)
        for each in things:
            first, *rest = each.values()
            print("  " + "  ".join([str(first), *(str(value) for value in rest if value not in ("", None))]))
    return exits.SUCCESS


def _find(app: App, region: str, name: str) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    """The document of a thing, and what belongs to it. Raises FleetError, Stopped."""
    from oos.cli import nouns

    fleet = app.fleet
    match name.partition("-")[0] if "-" in name else "":
        case "d":
            disk = fleet.of_disk(name, region)[1]
            snapshots = [each for each in fleet.snapshots(region) if each.disk_id == disk.id]
            return nouns.disk_document(disk), {"Snapshots": _short_snapshots(snapshots)}
        case "s":
            return nouns.snapshot_document(fleet.of_snapshot(name, region)[1]), {}
        case "m":
            return nouns.image_document(fleet.of_image(name, region)[1]), {}
        case _:
            return _instance(app, region, name)


def _instance(app: App, region: str, name: str) -> tuple[dict[str, Any], dict[str, list[dict[str, Any]]]]:
    from oos.cli.failures import stop
    from oos.cli.fleet_list import addresses
    from oos.cli.nouns import instance_document
    from oos.cli.words import size
    from oos.diagnostics import did_you_mean

    instances = app.fleet.instances(region)
    found = [each for each in instances if name in (each.id, each.name, each.domain, each.uuid)]
    if len(found) > 1:
        hint = "name one by its id: " + ", ".join(each.id for each in found)
        raise stop(f"{len(found)} instances are called {name}", hint=hint, code="Ambiguous", exit_code=exits.USAGE)
    if not found:
        hint = did_you_mean(name, (each.name for each in instances))
        raise stop(f"there is no instance {name} in region {region}", hint=hint, code="InvalidInstanceId.NotFound")
    instance = found[0]
    disks = [each for each in app.fleet.disks(region) if each.instance_id == instance.id]
    snapshots = [each for each in app.fleet.snapshots(region) if each.instance_id == instance.id]
    document = instance_document(instance)
    document.pop("DiskIds", None)
    told = addresses(app, [instance], region).get(instance.id, ())
    if told:
        document["Addresses"] = list(told)
    related: dict[str, list[dict[str, Any]]] = {
        "Disks": [
            {"DiskId": each.id, "Device": each.device, "Type": str(each.kind), "Size": size(each.size_bytes)}
            for each in disks
        ],
        "Snapshots": _short_snapshots(snapshots),
    }
    return document, {title: things for title, things in related.items() if things}


def _text(name: str, value: Any) -> str:
    """A value as people read it."""
    from oos.cli.fleet_list import tag_text
    from oos.cli.printing import text_lines
    from oos.cli.words import size

    match name, value:
        case "Tags", dict():
            return tag_text(value)
        case "Memory", int():
            return size(value << 20)
        case (("Size" | "SourceDiskSize" | "StoredBytes"), int()):
            return size(value)
        case "Addresses", list():
            return ", ".join(value)
        case "NetworkInterfaces", list():
            return "\n".join(
                " ".join([each["MacAddress"], each["Network"], *each["SecurityGroupIds"]]) for each in value
            )
        case _:
            return "\n".join(text_lines(value))


def _short_snapshots(snapshots: Any) -> list[dict[str, Any]]:
    from oos.cli.words import when

    return [
        {
            "SnapshotId": each.id,
            "Status": str(each.status),
            "CreationTime": when(each.created)[:16],
            "SourceDiskId": each.disk_id,
            "SnapshotName": each.name,
        }
        for each in sorted(snapshots, key=lambda each: each.created)
    ]


def _spaced(name: str) -> str:
    """`InstanceName` → `Instance name`, for people."""
    words = ""
    for number, letter in enumerate(name):
        before = name[number - 1] if number else ""
        words += f" {letter.lower()}" if letter.isupper() and before.islower() else letter
    return words
