"""`oos fleet list`: instances, disks, snapshots, images, networks and hosts, as they are now."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from oos.cli import exits
from oos.cli.hosts import answer_of, hosts_of
from oos.cli.lazy import Command
from oos.cli.printing import Column, print_document, print_list
from oos.cli.session import Session
from oos.cli.words import counted, size, when
from oos.service.many import at_once
from oos.values.json import Value

if TYPE_CHECKING:
    from oos.app.app import App
    from oos.fleet.hypervisor import Hypervisor
    from oos.fleet.instance import Instance


@dataclass(frozen=True, slots=True)
class Listing:
    """A kind of thing, as documents and as rows."""

    documents: Sequence[Value]
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]


def _instances(app: App, region: str, wide: bool) -> Listing:
    from oos.cli.nouns import instance_document, instance_status

    found = sorted(app.fleet.instances(region), key=lambda each: (each.name, each.id))
    columns = [
        Column("INSTANCE"),
        Column("NAME", flexible=True),
        Column("STATUS", is_state=True),
        Column("SIZE", align_right=True),
        Column("HOST"),
    ]
    rows = [
        [each.id, each.name, instance_status(each), f"{each.cpu} × {size(each.memory_mib << 20)}", each.host]
        for each in found
    ]
    if wide:
        known = addresses(app, found, region)
        columns += [Column("ADDRESS"), Column("TAGS", flexible=True), Column("IMAGE")]
        rows = [
            [*row, ", ".join(known.get(each.id, ())), tag_text(each.labels.tags), each.image_id]
            for row, each in zip(rows, found, strict=True)
        ]
    return Listing([instance_document(each) for each in found], columns, rows)


def _disks(app: App, region: str, wide: bool) -> Listing:
    from oos.cli.nouns import disk_document

    names = {each.id: each.name for each in app.fleet.instances(region)}
    found = sorted(app.fleet.disks(region), key=lambda each: (names.get(each.instance_id, "~"), each.device, each.id))
    columns = [
        Column("DISK"),
        Column("OF", flexible=True),
        Column("DEVICE"),
        Column("KIND"),
        Column("SIZE", align_right=True),
        Column("HOST"),
    ]
    rows = [
        [
            each.id,
            names.get(each.instance_id, each.instance_id),
            each.device,
            each.kind,
            size(each.size_bytes),
            each.host,
        ]
        for each in found
    ]
    if wide:
        columns += [Column("INSTANCE"), Column("POOL"), Column("VOLUME", flexible=True)]
        rows = [[*row, each.instance_id, each.pool, each.volume] for row, each in zip(rows, found, strict=True)]
    return Listing([disk_document(each) for each in found], columns, rows)


def _snapshots(app: App, region: str, wide: bool) -> Listing:
    from oos.cli.nouns import snapshot_document

    names = {each.id: each.name for each in app.fleet.instances(region)}
    found = sorted(app.fleet.snapshots(region), key=lambda each: (each.created, each.id))
    columns = [
        Column("SNAPSHOT"),
        Column("OF", flexible=True),
        Column("STATUS", is_state=True),
        Column("CREATED"),
        Column("STORED", align_right=True),
    ]
    rows = [
        [
            each.id,
            names.get(each.instance_id, each.instance_id or each.disk_id),
            str(each.status),
            when(each.created)[:16],
            size(each.stored_bytes),
        ]
        for each in found
    ]
    if wide:
        columns += [Column("NAME", flexible=True), Column("DISK"), Column("DATA"), Column("VERIFIED"), Column("ON")]
        rows = [
            [*row, each.name, each.disk_id, str(each.consistency), str(each.verification), each.parent_id]
            for row, each in zip(rows, found, strict=True)
        ]
    return Listing([snapshot_document(each) for each in found], columns, rows)


def _images(app: App, region: str, wide: bool) -> Listing:
    from oos.cli.nouns import image_document

    found = sorted(app.fleet.images(region), key=lambda each: (each.name, each.id))
    columns = [
        Column("IMAGE"),
        Column("NAME", flexible=True),
        Column("STATUS", is_state=True),
        Column("SIZE", align_right=True),
        Column("HOST"),
    ]
    rows = [[each.id, each.name, each.status, size(each.size_bytes), each.host] for each in found]
    if wide:
        columns += [Column("SYSTEM", flexible=True), Column("CREATED")]
        rows = [[*row, each.os_name, when(each.created)[:16]] for row, each in zip(rows, found, strict=True)]
    return Listing([image_document(each) for each in found], columns, rows)


def _networks(app: App, region: str, wide: bool) -> Listing:
    from oos.cli.nouns import network_document

    cards = [(each.host, card.network) for each in app.fleet.instances(region) for card in each.interfaces]
    found = sorted(app.fleet.networks(region), key=lambda each: (each.host, each.name))
    columns = [
        Column("NETWORK"),
        Column("NAME", flexible=True),
        Column("STATUS", is_state=True),
        Column("ADDRESSES"),
        Column("CARDS", align_right=True),
        Column("HOST"),
    ]
    rows = [
        [
            each.name,
            each.labels.name,
            "Available" if each.is_active else "Inactive",
            each.cidr,
            str(cards.count((each.host, each.name))),
            each.host,
        ]
        for each in found
    ]
    if wide:
        columns += [Column("VPC"), Column("KEPT", align_right=True), Column("CREATED")]
        rows = [
            [*row, each.vpc_id, str(len(each.reservations)), when(each.created)[:16]]
            for row, each in zip(rows, found, strict=True)
        ]
    return Listing([network_document(each) for each in found], columns, rows)


def _counted(hypervisor: Hypervisor) -> str:
    return f"ok {counted(len(hypervisor.instances()), 'instance')}"


def _hosts(app: App, region: str, _wide: bool) -> Listing:
    from oos.service.host_loads import HOST_SETTINGS

    hosts = hosts_of(app, region)
    closed = {each.name for each in HOST_SETTINGS.of_region(app.registry, region) if not each.auto_placement}
    seen = at_once(lambda host: answer_of(app, host, _counted), hosts)
    states = {
        host.name: state.replace("ok", "Closed", 1) if host.name in closed else state
        for host, state in zip(hosts, seen, strict=True)
    }
    columns = [Column("HOST"), Column("STATUS", is_state=True), Column("ZONE"), Column("URI", flexible=True)]
    rows = [[each.name, states[each.name], each.zone, each.uri] for each in hosts]
    documents = [
        {
            "Host": each.name,
            "Status": states[each.name].split(" ", 1)[0],
            "StatusMessage": states[each.name],
            "RegionId": each.region,
            "ZoneId": each.zone,
            "Uri": each.uri,
        }
        for each in hosts
    ]
    return Listing(documents, columns, rows)


KINDS: dict[str, Callable[[App, str, bool], Listing]] = {
    "instances": _instances,
    "disks": _disks,
    "snapshots": _snapshots,
    "images": _images,
    "networks": _networks,
    "hosts": _hosts,
}


@click.command("list", cls=Command)
@click.argument("kind", type=click.Choice(tuple(KINDS)), default="instances")
@click.option("--wide", is_flag=True, help="More columns: addresses, tags, where they come from.")
@click.option("--ansible", is_flag=True, help="What an inventory script of Ansible's prints: hosts, variables, groups.")
@click.pass_obj
def list_fleet(session: Session, kind: str, wide: bool, ansible: bool) -> int:
    """List instances (the default), disks, snapshots, images, networks or hosts of the region, as they are now.

    A host that does not answer is a failure, exit code 4: its part of the fleet is unknown, not empty.
    """
    app = session.app
    region = checked_region(app)
    if ansible:
        from oos.cli.ansible import ansible_inventory

        found = app.fleet.instances(region)
        session.output = "json" if session.output == "table" else session.output
        print_document(session, ansible_inventory(found, addresses(app, found, region)))
        return exits.SUCCESS
    listing = KINDS[kind](app, region, wide)
    print_list(session, listing.documents, listing.columns, listing.rows, f"no {kind} in region {region}")
    return exits.SUCCESS


def checked_region(app: App) -> str:
    """The region to work in. Raises Stopped when the inventory has none of this name."""
    from oos.cli.failures import stop
    from oos.diagnostics import did_you_mean

    if app.inventory.region(app.region) is None:
        hint = did_you_mean(app.region, (each.id for each in app.inventory.regions))
        raise stop(
            f"there is no region {app.region}", hint=hint, code="InvalidRegionId.NotFound", exit_code=exits.USAGE
        )
    return app.region


def addresses(app: App, instances: Iterable[Instance], region: str) -> dict[str, tuple[str, ...]]:
    """Addresses of the instances that run, link-local ones left out; and so are guests that do not tell."""
    from ipaddress import ip_address

    from oos.fleet.errors import FleetError
    from oos.fleet.instance import Power

    hosts = {host.name: host for host in app.fleet.hosts(region)}

    def ask(instance: Instance) -> tuple[str, tuple[str, ...]]:
        try:
            found = app.fleet.hypervisor(hosts[instance.host]).addresses(instance.id)
        except FleetError:
            return instance.id, ()
        told = (each.address for each in found)
        return instance.id, tuple(each for each in told if not ip_address(each).is_link_local)

    running = [each for each in instances if each.power is Power.RUNNING]
    return dict(at_once(ask, running))


def tag_text(tags: Any) -> str:
    """Tags as they are written in targets: `role=web env=prod`."""
    return " ".join(f"{key}={value}" for key, value in sorted(tags.items()))
