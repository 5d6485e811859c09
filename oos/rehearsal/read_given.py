"""Reading what a rehearsal is given: hosts, instances, disks, snapshots, and answers of what is not simulated."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Final

from oos.adapters.memory.host import Pace
from oos.fleet.instance import Power
from oos.fleet.storage import SnapshotStatus
from oos.rehearsal import codes
from oos.rehearsal.case import (
    NEW_YEAR,
    Failing,
    Given,
    GivenCommand,
    GivenDisk,
    GivenHost,
    GivenInstance,
    GivenSnapshot,
    Reply,
)
from oos.rehearsal.fields import Fields, Report
from oos.rehearsal.tree import Tree
from oos.values.json import Value

_ONE: Final = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+|[A-Za-z]+::\S+::\S+|[A-Z]+ \S+")
"""`ECS.StartInstance`, `ACS::ECS::StartInstance`, `POST https://…`."""
_CONTROL: Final = frozenset({"when", "gives", "fails", "times"})
MOST_INSTANCES: Final = 10_000
DEFAULT_HOST: Final = "h-1"
UNANSWERED: Final = 500


def merged(shared: Tree | None, own: Tree | None) -> Tree:
    """What all cases of a file are given, with what one of them has of its own; null takes away."""
    if shared is None or not isinstance(shared.content, dict):
        return own if own is not None else Tree({})
    if own is None or not isinstance(own.content, dict):
        return own if own is not None and own.content is not None else shared
    entries = dict(shared.content)
    for name, tree in own.content.items():
        before = entries.get(name)
        if before is not None and isinstance(before.content, dict) and isinstance(tree.content, dict):
            inner = {**before.content, **tree.content}
            tree = Tree(
                {key: each for key, each in inner.items() if each.content is not None or key not in before.content},
                tree.span,
                tree.key,
            )
        entries[name] = tree
    return Tree(entries, own.span, own.key)


def read_given(report: Report, tree: Tree) -> Given:
    """The world in which a rehearsal begins."""
    fields = Fields(report, tree, "given")
    hosts = _hosts(fields)
    first = next(iter(hosts), DEFAULT_HOST)
    instances = tuple(
        each for name, inner in _named(fields, "instances").items() for each in _instances(report, name, inner, first)
    )
    disks = tuple(_loose_disk(report, name, inner, first) for name, inner in _named(fields, "disks").items())
    for name in (*(each.host for each in instances), *(each.host for each in disks)):
        hosts.setdefault(name, GivenHost(name, "lab-a"))
    if not hosts:
        hosts[DEFAULT_HOST] = GivenHost(DEFAULT_HOST, "lab-a")
    given = Given(
        now=fields.instant("now", NEW_YEAR),
        region=fields.text("region", "lab"),
        hosts=tuple(hosts.values()),
        networks=tuple(str(each.plain) for each in fields.items("networks")) or ("default",),
        images=tuple(str(each.plain) for each in fields.items("images")) or ("tiny",),
        instances=instances,
        disks=disks,
        snapshots=tuple(_snapshot(report, name, inner) for name, inner in _named(fields, "snapshots").items()),
        commands=read_commands(fields),
        before=tuple(call for each in fields.items("before") for call in _before(report, each)),
        store=fields.plain("store"),
        templates=fields.texts("templates"),
        responses=read_responses(fields),
    )
    fields.close()
    _check_disks(report, fields, given)
    return given


def _named(fields: Fields, name: str) -> dict[str, Tree]:
    """Things by name: a map of them, or a list of names."""
    found = fields.get(name)
    if found is not None and isinstance(found.content, list):
        return {str(each.plain): Tree({}, each.span, each.span) for each in found.content}
    return {
        key: Tree({}, each.span, each.key) if each.content is None else each
        for key, each in fields.mapping(name).items()
    }


def _hosts(fields: Fields) -> dict[str, GivenHost]:
    hosts: dict[str, GivenHost] = {}
    for name, tree in _named(fields, "hosts").items():
        inner = Fields(fields.report, tree, f"host {name}")
        pace = Pace(
            boot=inner.seconds("boot"),
            shutdown=inner.seconds("shutdown"),
            snapshot=inner.seconds("snapshot"),
            deadline=inner.seconds("deadline", 30.0),
        )
        hosts[name] = GivenHost(name, inner.text("zone", "lab-a"), pace, inner.number("memory", 1 << 20, least=0))
        inner.close()
    return hosts


def _instances(report: Report, name: str, tree: Tree, host: str) -> list[GivenInstance]:
    """One instance, or `count` of them."""
    fields = Fields(report, tree, f"instance {name}")
    count = fields.number("count", None, least=0)
    if count is not None and count > MOST_INSTANCES:
        report.wrong(tree, "count", f"at most {MOST_INSTANCES:,}")
        count = 0
    names = [name] if count is None else [f"{name}-{number}" for number in range(1, count + 1)]
    own_id = fields.text("id") if count is None else ""
    power = Power(fields.choice("power", list(Power), Power.RUNNING))
    where, kind, image = fields.text("host", host), fields.text("type", "ecs.t1.tiny"), fields.text("image", "m-tiny")
    tags, description = fields.texts("tags"), fields.text("description")
    protected, agent = fields.flag("protected", False), fields.flag("agent", True)
    files = fields.texts("files")
    disks = _named(fields, "disks")
    fields.close()
    made = []
    for each in names:
        id = own_id or f"i-{each}"
        of_instance = tuple(_disk(report, each, device, inner, files) for device, inner in disks.items())
        if not of_instance:
            of_instance = (GivenDisk(f"d-{each}-vda", "vda", files=files),)
        made.append(
            GivenInstance(id, each, where, power, kind, image, tags, description, protected, agent, of_instance)
        )
    return made


def _disk(report: Report, instance: str, device: str, tree: Tree, files: dict[str, str]) -> GivenDisk:
    fields = Fields(report, tree, f"disk {device} of {instance}")
    found = GivenDisk(
        id=fields.text("id", f"d-{instance}-{device}"),
        device=device,
        size_gib=fields.number("size", 1, least=1),
        name=fields.text("name"),
        tags=fields.texts("tags"),
        files={**(files if device == "vda" else {}), **fields.texts("files")},
    )
    fields.close()
    return found


def _loose_disk(report: Report, name: str, tree: Tree, host: str) -> GivenDisk:
    """A disk that is attached to nothing."""
    fields = Fields(report, tree, f"disk {name}")
    found = GivenDisk(
        id=fields.text("id", f"d-{name}"),
        device="",
        size_gib=fields.number("size", 1, least=1),
        name=fields.text("name", name),
        tags=fields.texts("tags"),
        files=fields.texts("files"),
        host=fields.text("host", host),
    )
    fields.close()
    return found


def _snapshot(report: Report, name: str, tree: Tree) -> GivenSnapshot:
    fields = Fields(report, tree, f"snapshot {name}")
    fields.required("disk")
    found = GivenSnapshot(
        id=fields.text("id", f"s-{name}"),
        name=fields.text("name", name),
        disk=fields.text("disk"),
        age=fields.duration("age") or timedelta(days=1),
        status=SnapshotStatus(fields.choice("status", list(SnapshotStatus), SnapshotStatus.ACCOMPLISHED)),
        tags=fields.texts("tags"),
        files=fields.texts("files"),
    )
    fields.close()
    return found


def _check_disks(report: Report, fields: Fields, given: Given) -> None:
    known = {disk.id for each in given.instances for disk in each.disks}
    trees = fields.mapping("snapshots")
    for each in given.snapshots:
        tree = trees.get(each.name)
        if each.disk and each.disk not in known and tree is not None:
            hint = f"disks are called {', '.join(sorted(known)[:4])}" if known else "give instances"
            report.fault(codes.WRONG_VALUE, tree, f"there is no disk {each.disk}", hint)


def read_commands(fields: Fields) -> tuple[GivenCommand, ...]:
    """What scripts do in guests."""
    return tuple(_command(fields.report, each) for each in fields.items("commands"))


def read_responses(fields: Fields) -> dict[str, tuple[Reply, ...]]:
    """What services, product actions and web addresses answer, by their names."""
    return {name: _replies(fields.report, name, each) for name, each in fields.mapping("responses").items()}


def _command(report: Report, tree: Tree) -> GivenCommand:
    fields = Fields(report, tree, "a command")
    fields.required("has")
    found = GivenCommand(
        text=fields.text("has"),
        exit_code=fields.number("exit", 0),
        out=fields.text("out"),
        err=fields.text("err"),
        seconds=fields.seconds("takes"),
    )
    fields.close()
    return found


def _before(report: Report, tree: Tree) -> list[tuple[str, dict[str, Value]]]:
    if not isinstance(tree.content, dict) or not all(isinstance(each.content, dict) for each in tree.content.values()):
        report.wrong(tree, "before", "a list of calls such as {ECS.CreateCommand: {Name: …}}")
        return []
    return [(name, each.plain) for name, each in tree.content.items()]


def _replies(report: Report, name: str, tree: Tree) -> tuple[Reply, ...]:
    if _ONE.fullmatch(name) is None:
        hint = "write SERVICE.Operation, ACS::Product::Action, or METHOD URL"
        report.fault(codes.WRONG_VALUE, tree, f"{name!r} is nothing that answers", hint, at_key=True)
    items = tree.content if isinstance(tree.content, list) else [tree]
    replies = [_reply(report, each) for each in items]
    # All but the last answer once; the last goes on answering.
    return tuple(
        each
        if each.times is not None or each.when is not None or number == len(replies)
        else Reply(each.gives, each.fails, each.when, 1)
        for number, each in enumerate(replies, 1)
    )


def _reply(report: Report, tree: Tree) -> Reply:
    """An answer as it is, or `{when, gives, fails, times}`."""
    if not isinstance(tree.content, dict) or not tree.content or not _CONTROL.issuperset(tree.content):
        return Reply(tree.plain)
    fields = Fields(report, tree, "a response")
    gives, when = fields.get("gives"), fields.get("when")
    times = fields.number("times", None, least=1)
    failing = read_failing(fields.inner("fails", "fails")) if fields.get("fails") is not None else None
    return Reply(None if gives is None else gives.plain, failing, when, times)


def read_failing(fields: Fields) -> Failing:
    """An error: `{code, message, status}`."""
    code = fields.text("code", "InternalError")
    internal = code in ("InternalError", "ServiceUnavailable")
    status = fields.number("status", UNANSWERED if internal else 400, least=100)
    found = Failing(code, fields.text("message", "as the rehearsal has it"), status)
    fields.close()
    return found
