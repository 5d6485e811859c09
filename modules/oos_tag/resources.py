"""Resources that can be tagged: for each kind, whether one is there, and where its tags are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from typing import Final

from oos.service import tags as kept
from oos.service.context import Context
from oos.service.errors import NotFound, Refused
from oos.service.labels import change_labels
from oos.service.network_interfaces import INTERFACES

Tags = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of resource other than instances: how all of them are found, with the tags they were made with."""

    title: str
    found: Callable[[Context], Mapping[str, Tags]]


def _disks(context: Context) -> Mapping[str, Tags]:
    return {each.id: {} for each in context.fleet.disks(context.region)}


def _snapshots(context: Context) -> Mapping[str, Tags]:
    return {each.id: each.tags for each in context.fleet.snapshots(context.region)}


def _images(context: Context) -> Mapping[str, Tags]:
    return {each.id: each.tags for each in context.fleet.images(context.region)}


def _cards(context: Context) -> Mapping[str, Tags]:
    plugged = {card.id for each in context.fleet.instances(context.region) for card in each.interfaces}
    return {id: {} for id in plugged | {each.id for each in INTERFACES.of_region(context.registry, context.region)}}


def _documents(kind: str) -> Callable[[Context], Mapping[str, Tags]]:
    def found(context: Context) -> Mapping[str, Tags]:
        return {id: document["tags"] for id, document in context.registry.items(kind)}

    return found


KINDS: Final[Mapping[str, Kind]] = {
    "disk": Kind("Disk", _disks),
    "snapshot": Kind("Snapshot", _snapshots),
    "image": Kind("Image", _images),
    "eni": Kind("Eni", _cards),
    "command": Kind("Command", _documents("command")),
    "invocation": Kind("Invocation", _documents("invocation")),
    "securitygroup": Kind("SecurityGroup", _documents("security-group")),
}


def all_tags(context: Context, resource_type: str) -> Mapping[str, Tags]:
    """The tags of every resource of a kind, by id; those without any too."""
    if resource_type == "instance":
        return {each.id: each.labels.tags for each in context.fleet.instances(context.region)}
    changes = kept.changes_of_all(context.registry)
    made_with = KINDS[resource_type].found(context)
    return {id: kept.tags_after(tags, changes.get(id, {})) for id, tags in made_with.items()}


@dataclass(frozen=True, slots=True)
class Resource:
    """A resource that is there, and the tags it has."""

    type: str
    id: str
    tags: Tags


def found(context: Context, resource_type: str, ids: Collection[str]) -> tuple[Resource, ...]:
    """The resources with these ids. Raises NotFound for the first that is not there."""
    there = all_tags(context, resource_type)
    for id in ids:
        if id not in there:
            message = f"The specified {resource_type} {id} does not exist."
            raise NotFound("InvalidResourceId.NotFound", message)
    return tuple(Resource(resource_type, id, there[id]) for id in ids)


def give(context: Context, resource: Resource, tags: Tags) -> None:
    """Set these tags on a resource; others stay. Raises Refused when they would be too many."""
    if resource.type == "instance":

        def added(before: Tags) -> dict[str, str]:
            return _few_enough(resource.id, {**before, **tags})

        change_labels(context, resource.id, lambda labels: replace(labels, tags=added(labels.tags)))
        return
    _few_enough(resource.id, {**resource.tags, **tags})
    kept.set_tags(context.registry, resource.id, tags)


def take(context: Context, resource: Resource, keys: Collection[str] | None) -> None:
    """Remove tags from a resource: those with these keys, or all."""
    if resource.type == "instance":

        def left(before: Tags) -> dict[str, str]:
            return {} if keys is None else {key: value for key, value in before.items() if key not in keys}

        change_labels(context, resource.id, lambda labels: replace(labels, tags=left(labels.tags)))
        return
    gone = [key for key in resource.tags if keys is None or key in keys]
    kept.remove_tags(context.registry, resource.id, gone)


def _few_enough(id: str, tags: dict[str, str]) -> dict[str, str]:
    if len(tags) > kept.MOST_TAGS:
        message = f"{id} would have {len(tags)} tags; at most {kept.MOST_TAGS} are allowed."
        raise Refused("QuotaExceed.TagsPerResource", message)
    return tags
