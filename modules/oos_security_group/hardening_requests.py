"""Requests about hardening: operations of our own, which the cloud does not have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from oos.service.parameter import Form, Param
from oos.values.json import Value
from oos_security_group.requests import EgressRule, IngressRule

_SEVERITIES = ("critical", "high", "medium", "low")
_Baseline = Annotated[
    Mapping[str, Value] | None, Param("The baseline; without one, that of oos. See DescribeSecurityBaseline.")
]
_Groups = Annotated[
    tuple[str, ...] | None, Param("Only these security groups; without, all of the region.", form=Form.JSON)
]


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeSecurityBaseline:
    """Which baseline to describe."""

    baseline: _Baseline = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeSecurityFindings:
    """What to hold against which baseline."""

    baseline: _Baseline = None
    security_group_ids: _Groups = None
    severity: Annotated[str, Param("How bad a finding is at least.", allowed=_SEVERITIES)] = "low"
    checks: Annotated[tuple[str, ...] | None, Param("Only these checks.", form=Form.JSON)] = None
    management: Annotated[
        tuple[str, ...] | None, Param("Address ranges from which people administer.", form=Form.JSON)
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupChange:
    """What to change about a group."""

    security_group_id: Annotated[str, Param("The security group.")]
    revoke: Annotated[tuple[str, ...], Param("Ids of rules to take away.")] = ()
    authorize: Annotated[tuple[IngressRule, ...], Param("Rules to add about connections to members.")] = ()
    authorize_egress: Annotated[tuple[EgressRule, ...], Param("Rules to add about connections of members.")] = ()


_Changes = Annotated[tuple[GroupChange, ...], Param("The changes, group by group.", most=100)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeSecurityImpact:
    """Of which changes to tell what they would cut."""

    change: _Changes
    connection_table: Annotated[
        str, Param("What hosts track, as /proc/net/nf_conntrack has it; looked at besides what guests tell.")
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A new connection that must be possible after a change."""

    instance_id: Annotated[str, Param("The instance.")]
    port: Annotated[int, Param("TCP port, connected to from where oos runs.", minimum=1, maximum=65535)]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplaceSecurityGroupRules:
    """What to change, and how to prove that it did no harm."""

    change: _Changes
    probe: Annotated[tuple[Probe, ...], Param("New connections that must be possible afterwards.", most=100)] = ()
    confirm_seconds: Annotated[
        int, Param("After so long without proof the change is taken back.", minimum=5, maximum=3600)
    ] = 60
    prove_seconds: Annotated[
        int, Param("How long to try to prove it; without, half of ConfirmSeconds.", minimum=0, maximum=3600)
    ] = 0
