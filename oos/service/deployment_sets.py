"""Deployment sets: how instances are spread over hosts, and which instance is in which, in the registry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from oos.service.kept import Kept
from oos.service.registry import Registry

_MEMBER: Final = "deployment-set-member"


class Strategy(StrEnum):
    """How the instances of a set are placed."""

    AVAILABILITY = "Availability"
    """Each on a host of its own; none is made where no host is left."""
    LOW_LATENCY = "LowLatency"
    """On as few hosts as can be."""


@dataclass(frozen=True, slots=True)
class DeploymentSet:
    """A set of instances that are placed with regard to each other."""

    id: str
    region: str
    strategy: Strategy
    created: datetime
    name: str = ""
    description: str = ""


DEPLOYMENT_SETS: Final = Kept("deployment-set", DeploymentSet)
"""All deployment sets."""


def members(registry: Registry) -> Mapping[str, str]:
    """The deployment set of each instance that is in one."""
    return {id: document["Set"] for id, document in registry.items(_MEMBER)}


def join_set(registry: Registry, id: str, instance_id: str) -> None:
    """Write down that an instance is in a set."""
    registry.put(_MEMBER, instance_id, {"Set": id})


def leave_set(registry: Registry, instance_id: str) -> None:
    """An instance is in no set any more."""
    registry.remove(_MEMBER, instance_id)
