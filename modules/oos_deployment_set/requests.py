"""Requests about deployment sets: parameters as ECS 2014-05-26 names them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from oos.service.paging import Paged
from oos.service.parameter import Form, Param

STRATEGIES = ("Availability", "LowLatency")

SetId = Annotated[str, Param("The deployment set.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateDeploymentSet:
    """A deployment set to make."""

    deployment_set_name: Annotated[str, Param("Name of the deployment set.", most=128)] = ""
    description: Annotated[str, Param("What it is for.", most=256)] = ""
    strategy: Annotated[
        str, Param("Availability: each on a host of its own; LowLatency: on as few as can be.", allowed=STRATEGIES)
    ] = "Availability"
    granularity: Annotated[str, Param("Over what they are spread; here hosts.", allowed=("Host", "host"))] = "Host"


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeDeploymentSets(Paged):
    """Which deployment sets to list; conditions that are given must all hold."""

    deployment_set_ids: Annotated[tuple[str, ...] | None, Param("Only these.", form=Form.JSON)] = None
    deployment_set_name: Annotated[str, Param("Name; * stands for anything.")] = ""
    strategy: Annotated[str, Param("How they place instances.", allowed=STRATEGIES)] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyDeploymentSetAttribute:
    """What to change about a deployment set; what is not given stays."""

    deployment_set_id: SetId
    deployment_set_name: Annotated[str | None, Param("Name of the deployment set.", most=128)] = None
    description: Annotated[str | None, Param("What it is for.", most=256)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DeleteDeploymentSet:
    """Which deployment set to delete."""

    deployment_set_id: SetId


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyInstanceDeployment:
    """Into which deployment set to take an instance, or on which host to have it; one of the two."""

    instance_id: Annotated[str, Param("The instance.")]
    deployment_set_id: Annotated[str, Param("The deployment set.")] = ""
    remove_from_deployment_set: Annotated[bool, Param("Take it out of its deployment set instead.")] = False
    force: Annotated[
        bool,
        Param(
            "With a deployment set: move it to another host of its zone where the set wants that; running, as it is. "
            "With a host: move it there though its deployment set does not want that."
        ),
    ] = False
    dedicated_host_id: Annotated[str, Param("The host of its zone to move it to, by its name in the inventory.")] = ""
    tenancy: Annotated[
        str, Param("host: move it to another host of its zone, whichever has room.", allowed=("host", ""))
    ] = ""
    migration_type: Annotated[
        str,
        Param(
            "reboot: it is stopped, moved, and started; live: it goes on while it moves, to the host named.",
            allowed=("reboot", "live"),
        ),
    ] = "reboot"


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeDeploymentSetSupportedInstanceTypeFamily:
    """Which families can be in deployment sets."""

    strategy: Annotated[str, Param("How they place instances.", allowed=STRATEGIES)] = "Availability"
