"""`oos fleet graph`: what stands on what: hosts, instances, disks and snapshots; or networks, and who is in them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import click

from oos.cli import exits
from oos.cli.fleet_list import checked_region
from oos.cli.hosts import answer_of, hosts_of
from oos.cli.lazy import Command
from oos.cli.printing import coloured, dim, print_document, print_line
from oos.cli.session import Session
from oos.cli.words import size
from oos.service.many import at_once
from oos.values.visible import visible

if TYPE_CHECKING:
    from oos.app.app import App
    from oos.fleet.hypervisor import Hypervisor
    from oos.fleet.instance import Instance
    from oos.fleet.network import Network
    from oos.fleet.storage import Disk, Snapshot
    from oos.inventory.model import Host


@dataclass(slots=True)
class Node:
    """A thing, and what stands on it or is in it."""

    kind: str
    id: str
    name: str = ""
    """What a person calls it."""
    status: str = ""
    note: str = ""
    below: list[Node] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Held:
    """What one host holds; empty where it does not answer."""

    host: Host
    status: str
    instances: tuple[Instance, ...] = ()
    disks: tuple[Disk, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()
    networks: tuple[Network, ...] = ()


@click.command(cls=Command)
@click.option(
    "--by", "view", type=click.Choice(("hosts", "networks")), default="hosts", help="What things are hung up on."
)
@click.option("--dot", is_flag=True, help="For Graphviz: oos fleet graph --dot | dot -Tsvg > fleet.svg")
@click.pass_obj
def graph(session: Session, view: str, dot: bool) -> int:
    """Draw the region: zones, hosts, instances, their disks and snapshots; or VPCs, vSwitches and cards.

    Exit code 4 where a host does not answer: the rest is drawn.
    """
    app = session.app
    region = checked_region(app)
    held = at_once(lambda host: _held(app, host), hosts_of(app, region))
    root = Node("region", region, below=list((_by_host if view == "hosts" else _by_network)(held)))
    if dot:
        print("\n".join(_dot(root)))
    elif session.output == "json":
        print_document(session, _document(root))
    elif session.output == "ndjson":
        for each in _every(root):
            print_line({"Kind": each.kind, "Id": each.id, "Below": [below.id for below in each.below]})
    else:
        for line in _lines(root):
            print(line)
    silent = any(each.status.startswith("Unreachable") for each in held)
    return exits.UNREACHABLE if silent else exits.SUCCESS


def _held(app: App, host: Host) -> _Held:
    def look(asked: Hypervisor) -> _Held:
        return _Held(host, "ok", asked.instances(), asked.disks(), asked.snapshots(), asked.networks())

    answer = answer_of(app, host, look)
    return answer if isinstance(answer, _Held) else _Held(host, answer)


def _by_host(held: Iterable[_Held]) -> Iterator[Node]:
    """Zones, their hosts, and what is on them."""
    zones: dict[str, Node] = {}
    for each in held:
        zone = zones.setdefault(each.host.zone, Node("zone", each.host.zone))
        zone.below.append(_host(each))
    yield from zones.values()


def _host(held: _Held) -> Node:
    node = Node("host", held.host.name, status=held.status)
    disks: dict[str, list[Disk]] = defaultdict(list)
    snapshots: dict[str, list[Snapshot]] = defaultdict(list)
    for disk in sorted(held.disks, key=lambda each: (each.device, each.id)):
        disks[disk.instance_id].append(disk)
    for snapshot in sorted(held.snapshots, key=lambda each: each.created):
        snapshots[snapshot.disk_id].append(snapshot)
    for instance in sorted(held.instances, key=lambda each: (each.name, each.id)):
        below = [_disk(each, snapshots.pop(each.id, [])) for each in disks[instance.id]]
        note = f"{instance.cpu} × {size(instance.memory_mib << 20)}"
        node.below.append(Node("instance", instance.id, instance.name, str(instance.power), note, below))
    node.below += [_disk(each, snapshots.pop(each.id, [])) for each in disks[""]]
    node.below += [_snapshot(each) for orphans in snapshots.values() for each in orphans]
    return node


def _disk(disk: Disk, snapshots: Iterable[Snapshot]) -> Node:
    status = "" if disk.instance_id else "loose"
    return Node(
        "disk", disk.id, disk.device or disk.name, status, size(disk.size_bytes), list(map(_snapshot, snapshots))
    )


def _snapshot(snapshot: Snapshot) -> Node:
    status = "" if snapshot.status == "accomplished" else str(snapshot.status)
    return Node("snapshot", snapshot.id, snapshot.name, status, size(snapshot.stored_bytes))


def _by_network(held: Iterable[_Held]) -> Iterator[Node]:
    """VPCs, their vSwitches, and the cards in them; networks of others' making stand alone."""
    vpcs: dict[str, Node] = {}
    for each in held:
        for network in each.networks:
            node = Node(
                "vSwitch", network.name, network.labels.name, note=f"{network.cidr} on {each.host.name}".strip()
            )
            node.below = [
                Node("instance", instance.id, instance.name, str(instance.power), _groups(card.security_group_ids))
                for instance in each.instances
                for card in instance.interfaces
                if card.network == network.name
            ]
            if network.vpc_id:
                vpc = vpcs.setdefault(network.vpc_id, Node("VPC", network.vpc_id, note=network.vpc_cidr))
                vpc.below.append(node)
            else:
                yield node
    yield from vpcs.values()


def _groups(ids: Iterable[str]) -> str:
    shown = ", ".join(ids)
    return f"in {shown}" if shown else ""


# forms


def _document(node: Node) -> dict[str, Any]:
    return {
        "Kind": node.kind,
        "Id": node.id,
        "Name": node.name,
        "Status": node.status,
        "Note": node.note,
        "Below": list(map(_document, node.below)),
    }


def _every(node: Node) -> Iterator[Node]:
    yield node
    for each in node.below:
        yield from _every(each)


def _lines(node: Node, before: str = "", mark: str = "") -> Iterator[str]:
    """The tree in lines; the corners of box drawing where the terminal can write them."""
    status = f" {coloured(node.status)}" if node.status else ""
    named = node.name if node.name and node.name != node.id else ""
    title = f"{node.kind} {visible(named)} {dim(node.id)}" if named else f"{node.kind} {node.id}"
    note = f" {dim(visible(node.note))}" if node.note else ""
    yield f"{before}{mark}{title}{status}{note}"
    inner = before + {"": "", "├─ ": "│  ", "└─ ": "   "}[mark]
    for each in node.below:
        last = each is node.below[-1]
        yield from _lines(each, inner, "└─ " if last else "├─ ")


def _dot(root: Node) -> Iterator[str]:
    yield "digraph fleet {"
    yield '  rankdir=LR; node [shape=box, fontname="sans-serif"];'
    numbers: dict[int, int] = {}
    for number, node in enumerate(_every(root)):
        numbers[id(node)] = number
        label = "\n".join(each for each in (f"{node.kind} {node.name or node.id}", node.status, node.note) if each)
        yield f"  n{number} [label={_quoted(label)}];"
    for node in _every(root):
        for each in node.below:
            yield f"  n{numbers[id(node)]} -> n{numbers[id(each)]};"
    yield "}"


def _quoted(text: str) -> str:
    """A string of the DOT language (https://graphviz.org/doc/info/lang.html)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
