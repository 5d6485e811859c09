"""Requests about hosts. Only RedeployInstance is of ECS 2014-05-26; the others are extensions of ours."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from oos.service.parameter import Form, Param


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeHosts:
    """Which hosts to list; conditions that are given must all hold."""

    zone_id: Annotated[str, Param("Only hosts of this zone.")] = ""
    host_ids: Annotated[tuple[str, ...] | None, Param("Only these.", form=Form.JSON)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyHostAttribute:
    """What to change about a host; what is not given stays."""

    host_id: Annotated[str, Param("The host, by its name in the inventory.")]
    auto_placement: Annotated[
        str, Param("Whether it takes what is new: instances, disks, networks, moves.", allowed=("on", "off", ""))
    ] = ""
    reason: Annotated[str | None, Param("Why, for those who wonder.", most=256)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeInstanceMoves:
    """The moves that are wanted: off a host, or those that bring a deployment set in order; one of the two."""

    host_id: Annotated[str, Param("The host that running instances should leave.")] = ""
    deployment_set_id: Annotated[str, Param("The deployment set whose instances should stand as it wants.")] = ""
    include_stopped: Annotated[bool, Param("Have stopped instances leave the host, too.")] = False
    ignore_deployment_sets: Annotated[
        bool, Param("Have instances that should stand apart meet on a host, where there is no other way.")
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RedeployInstance:
    """Which instance to start anew on another host of its zone."""

    instance_id: Annotated[str, Param("The instance.")]
    force_stop: Annotated[bool, Param("Cut its power, instead of asking its guest to stop.")] = False
