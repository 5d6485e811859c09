"""How baselines, findings and changes stand in responses. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

from oos.fleet.firewall import Direction, SecurityRule
from oos.hardening.baseline import Baseline
from oos.hardening.facts import Finding, GroupChange
from oos.hardening.flows import FlowInUse
from oos.service.security_groups import RuleRecord
from oos_security_group import hardening_responses as responses
from oos_security_group.decide import rule_shape

_WORDS = ("SourceCidrIp", "Ipv6SourceCidrIp", "SourceGroupId", "DestCidrIp", "Ipv6DestCidrIp", "DestGroupId")


def baseline_shape(baseline: Baseline) -> responses.BaselineShape:
    """A baseline."""
    return {
        "Name": baseline.name,
        "Version": baseline.version,
        "Management": list(baseline.management),
        "Checks": [
            {
                "Id": each.id,
                "Kind": each.kind.value,
                "Severity": each.severity.value,
                "Title": each.title,
                "Rationale": each.rationale.strip(),
                "Ports": list(each.ports),
                "Management": each.management,
            }
            for each in baseline.checks
        ],
        "Exceptions": [
            {
                "Check": each.check,
                "Group": each.group,
                "Rule": each.rule,
                "Until": each.until.isoformat(),
                "Reason": each.reason,
            }
            for each in baseline.exceptions
        ],
    }


def finding_shape(finding: Finding) -> responses.FindingShape:
    """One finding."""
    return {
        "Id": finding.id,
        "Check": finding.check,
        "Severity": finding.severity.value,
        "Title": finding.title,
        "Detail": finding.detail,
        "SecurityGroupId": finding.group_id,
        "SecurityGroupName": finding.group_name,
        "SecurityGroupRuleId": finding.rule_id,
        "InstanceIds": list(finding.instance_ids),
        "CanBeMended": finding.change is not None,
        "Accepted": finding.accepted,
    }


def change_shape(change: GroupChange) -> responses.ChangeShape:
    """One change, such that it can be given to ReplaceSecurityGroupRules."""
    words = [(each.direction, _words(each)) for each in change.authorize]
    return {
        "SecurityGroupId": change.group_id,
        "Revoke": list(change.revoke),
        "Authorize": [each for direction, each in words if direction is Direction.INGRESS],
        "AuthorizeEgress": [each for direction, each in words if direction is Direction.EGRESS],
    }


def _words(rule: SecurityRule) -> responses.RuleWords:
    shape = rule_shape(RuleRecord("", rule, datetime.fromtimestamp(0, UTC)), {})
    words: responses.RuleWords = {
        "IpProtocol": shape["IpProtocol"],
        "PortRange": shape["PortRange"],
        "Policy": shape["Policy"],
        "Priority": shape["Priority"],
        "Description": "by the security baseline",
    }
    if rule.source_ports is not None:
        words["SourcePortRange"] = shape["SourcePortRange"]
    for name in _WORDS:
        value = shape[name]  # type: ignore[literal-required]  # one of _WORDS
        if value:
            words[name] = value  # type: ignore[literal-required]  # one of _WORDS
    return words


def cut_shape(each: FlowInUse, names: Mapping[str, str]) -> responses.CutShape:
    """One connection that would be cut."""
    return {
        "InstanceId": each.instance_id,
        "InstanceName": names.get(each.instance_id, ""),
        "Direction": each.flow.direction.value,
        "IpProtocol": each.flow.protocol.value,
        "Peer": each.flow.peer,
        "Port": each.flow.port,
        "SeenBy": each.seen_by,
    }
