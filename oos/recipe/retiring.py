"""Retiring images: which are deprecated, which deleted, which kept, each with its reason. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

BUILD_TAG: Final = "oos:build"
"""On what is made on the way to an image: images of stages, and guests that are thrown away."""
WORKSHOP: Final = timedelta(days=1)
"""A guest that is older was left by a build that died; nobody resumed it."""
STAGE_TAG: Final = "oos:stage"
"""On images that recipes made: the digest of the stage."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """An image, as far as it matters for whether it stays."""

    id: str
    name: str
    family: str
    status: str
    created: datetime | None
    is_stage: bool
    """Whether a recipe made it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What to keep."""

    keep: int = 3
    """Newest available images of a family that a recipe made."""
    stages: timedelta = timedelta(days=14)
    """How long what stages left may wait to be used again."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What becomes of an image, and why."""

    image: Candidate
    action: str
    """`keep`, `deprecate` or `delete`."""
    reason: str


def verdicts(
    now: datetime, images: Iterable[Candidate], used: Collection[str], channels: Mapping[str, str], rule: Rule
) -> list[Verdict]:
    """What becomes of the images that recipes made; others are none of its business.

    `used` are ids that instances were made from, `channels` the image that each points at. First deprecated, deleted
    at the next time of asking: whoever still begins with it has that long to notice.
    """
    mine = sorted((each for each in images if each.is_stage), key=_age_order)
    ranks = _ranks(mine)
    pointed = {image_id: channel for channel, image_id in channels.items()}
    return [_verdict(now, each, used, pointed, ranks, rule) for each in mine]


def abandoned(now: datetime, guests: Iterable[tuple[str, datetime | None]]) -> list[str]:
    """The guests that builds left, by id and time of making, among those that they made."""
    return [id for id, created in guests if created is not None and now - created > WORKSHOP]


def _age_order(image: Candidate) -> tuple[datetime, str]:
    return image.created or datetime.min.replace(tzinfo=UTC), image.id


def _ranks(images: Sequence[Candidate]) -> dict[str, int]:
    """How many available images of its family are newer, by image."""
    ranks: dict[str, int] = {}
    newer: dict[str, int] = {}
    for each in reversed(images):
        if each.status == "Available":
            ranks[each.id] = newer.get(each.family, 0)
            newer[each.family] = ranks[each.id] + 1
    return ranks


def _verdict(
    now: datetime,
    image: Candidate,
    used: Collection[str],
    pointed: Mapping[str, str],
    ranks: Mapping[str, int],
    rule: Rule,
) -> Verdict:
    if image.id in pointed:
        return Verdict(image, "keep", f"the channel {pointed[image.id]} points at it")
    if image.status == "CreateFailed":
        return Verdict(image, "delete", "it could not be made")
    if image.status == "Waiting":
        age = now - image.created if image.created else timedelta.max
        if age > rule.stages:
            return Verdict(image, "delete", f"a stage that waits for longer than {rule.stages.days} days")
        return Verdict(image, "keep", "a stage that the next build may begin with")
    if image.status == "Deprecated":
        if image.id in used:
            return Verdict(image, "keep", "deprecated, but instances were made from it")
        return Verdict(image, "delete", "deprecated, and no instance was made from it")
    if image.status == "Available" and ranks[image.id] >= rule.keep:
        return Verdict(image, "deprecate", f"{ranks[image.id]} images of family {image.family} are newer")
    return Verdict(image, "keep", "among the newest of its family" if image.status == "Available" else image.status)


def retire_template() -> str:
    """The template that deprecates and deletes the images that it is given, and deletes guests that builds left."""
    import yaml

    def loop(name: str, api: str, more: Mapping[str, Any], id: str = "ImageId") -> dict[str, Any]:
        return {
            "Name": name,
            "Action": "ACS::ExecuteAPI",
            "Properties": {
                "Service": "ECS",
                "API": api,
                "Parameters": {id: "{{ ACS::TaskLoopItem }}", **more},
            },
            "Loop": {"Items": f"{{{{ {name} }}}}", "RateControl": {"Mode": "Concurrency", "Concurrency": 4}},
        }

    document = {
        "FormatVersion": "OOS-2019-06-01",
        "Description": "Retiring images, as oos image gc made it",
        "Parameters": {
            "deprecate": {"Type": "List", "Description": "Images that nobody should begin with any more."},
            "delete": {"Type": "List", "Description": "Images that go."},
            "throwAway": {"Type": "List", "Description": "Guests that builds left."},
        },
        "Tasks": [
            loop("deprecate", "ModifyImageAttribute", {"Status": "Deprecated"}),
            loop("delete", "DeleteImage", {}),
            loop("throwAway", "DeleteInstance", {"Force": True}, "InstanceId"),
        ],
    }
    return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120))
