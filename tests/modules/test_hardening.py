"""Hardening as operations: groups held against a baseline, what a change would cut, changes that are taken back."""

from __future__ import annotations

from typing import Any

import pytest

import oos_instance
import oos_security_group
from oos.fleet.firewall import GroupFilter
from oos.rehearsal.watchman import SimulatedWatchman
from oos.service.watchman import ChangeState
from tests.modules.test_security_group import ANYWHERE, authorize, comes_in, make, rules
from tests.modules.world import World

TCP = """\
  sl  local_address rem_address   st
   0: 00000000:0016 00000000:0000 0A
   1: 0200010A:0016 020200C0:D431 01
"""


@pytest.fixture
def world() -> World:
    return World((oos_instance.MODULE, oos_security_group.MODULE))


def check(world: World, **parameters: Any) -> dict[str, Any]:
    return world.call("OOS.DescribeSecurityFindings", **parameters)


def test_the_standard_baseline_explains_itself(world: World) -> None:
    shown = world.call("OOS.DescribeSecurityBaseline")
    assert shown["Name"] == "standard"
    assert all(each["Rationale"] for each in shown["Checks"])
    assert {"SG-OPEN-SSH", "SG-ANY-ANY", "SG-EGRESS-ANY", "SG-DRIFT"} <= {each["Id"] for each in shown["Checks"]}


def test_what_is_found_is_mended_by_the_changes_that_are_proposed(world: World) -> None:
    group = make(world)
    authorize(world, group, "22/22")
    authorize(world, group, "1/65535", Priority="50")
    id = world.run(SecurityGroupId=group)
    found = check(world, Severity="high", Management=["192.0.2.0/24"])
    assert [each["Check"] for each in found["Findings"]][:2] == ["SG-OPEN-DATABASE", "SG-OPEN-RDP"]
    assert found["Score"] == 0
    changed = world.call(
        "OOS.ReplaceSecurityGroupRules", Change=found["Changes"], Probe=[{"InstanceId": id, "Port": 22}]
    )
    assert changed["State"] == "confirmed"
    assert {each["Proof"].split(":")[-1] for each in changed["Proofs"]} == {"its guest agent answers", "22"}
    after = check(world, Severity="high", Management=["192.0.2.0/24"])
    assert (after["Findings"], after["Score"]) == ([], 100)
    assert comes_in(world, id, 22)
    assert comes_in(world, id, 80)
    assert not comes_in(world, id, 5432)
    assert check(world, Checks=["SG-EGRESS-ANY"])["Score"] == 98


def test_a_baseline_of_ones_own_with_exceptions(world: World) -> None:
    group = make(world, "bastion")
    authorize(world, group)
    ssh = {"id": "SSH", "kind": "world-open", "severity": "high", "title": "open", "ports": [22]}
    accepted = {"check": "SSH", "group": "bastion", "until": "2099-01-01", "reason": "the bastion"}
    found = check(world, Baseline={"name": "ours", "checks": [ssh], "exceptions": [accepted]})
    assert found["Findings"][0]["Accepted"] == "the bastion (until 2099-01-01)"
    assert (found["Score"], found["Changes"]) == (100, [])
    refused = world.refusal("OOS.DescribeSecurityFindings", Baseline={"name": "ours"})
    assert refused.code == "InvalidParameter.Baseline"
    assert (
        world.refusal("OOS.DescribeSecurityFindings", SecurityGroupIds=["sg-x"]).code
        == "InvalidSecurityGroupId.NotFound"
    )


def test_a_host_that_carries_out_something_else_is_found_and_mended(world: World) -> None:
    group = make(world)
    id = world.run(SecurityGroupId=group)
    world.home(id).put_group_filter(GroupFilter(group))
    found = check(world, Checks=["SG-DRIFT"])
    assert [each["Check"] for each in found["Findings"]] == ["SG-DRIFT"]
    world.call("OOS.ReplaceSecurityGroupRules", Change=found["Changes"])
    assert check(world, Checks=["SG-DRIFT"])["Findings"] == []


def test_connections_that_a_change_would_cut_are_told(world: World) -> None:
    group = make(world)
    authorize(world, group)
    id = world.run(SecurityGroupId=group)
    world.home(id).guest_write(id, "/proc/net/tcp", TCP.encode())
    deaf = world.run(SecurityGroupId=group)
    world.home(deaf).state.without_agent.append(deaf)
    (rule,) = rules(world, group)
    change = [{"SecurityGroupId": group, "Revoke": [rule["SecurityGroupRuleId"]]}]
    (address,) = (each.address for each in world.home(deaf).addresses(deaf))
    table = f"ipv4 2 tcp 6 9 ESTABLISHED src=198.51.100.7 dst={address} sport=5 dport=22 src=x dst=y sport=1 dport=2\n"
    found = world.call("OOS.DescribeSecurityImpact", Change=change, ConnectionTable=table)
    assert [(each["InstanceId"], each["Peer"], each["Port"], each["SeenBy"]) for each in found["Cut"]] == [
        (id, "192.0.2.2", 22, "guest"),
        (deaf, "198.51.100.7", 22, "host"),
    ]
    assert (found["InUse"], found["Unseen"]) == (2, [deaf])
    harmless = [{"SecurityGroupId": group, "Authorize": [{"IpProtocol": "all", "SourceCidrIp": ANYWHERE}]}]
    assert world.call("OOS.DescribeSecurityImpact", Change=harmless)["Cut"] == []


def test_a_change_that_cuts_a_probe_is_taken_back(world: World) -> None:
    group = make(world)
    authorize(world, group)
    id = world.run(SecurityGroupId=group)
    before = rules(world, group)
    change = [
        {
            "SecurityGroupId": group,
            "Revoke": [before[0]["SecurityGroupRuleId"]],
            "Authorize": [{"IpProtocol": "tcp", "PortRange": "80/80", "SourceCidrIp": ANYWHERE}],
        }
    ]
    probe = [{"InstanceId": id, "Port": 22}]
    for _ in range(2):
        refused = world.refusal("OOS.ReplaceSecurityGroupRules", "c", Change=change, Probe=probe, ConfirmSeconds=10)
        assert refused.code == "ChangeTakenBack"
        assert rules(world, group) == before
        assert comes_in(world, id, 22)
        assert not comes_in(world, id, 80)
    assert list(world.watchman.changes.values()) == [ChangeState.TAKEN_BACK]
    unreachable = world.refusal("OOS.ReplaceSecurityGroupRules", Change=change, Probe=[{"InstanceId": id, "Port": 23}])
    assert unreachable.code == "OperationDenied.NotReachable"
    assert rules(world, group) == before


class HastyWatchman(SimulatedWatchman):
    """Takes the change back while it is still being made."""

    looks = 0

    def state(self, change_id: str) -> ChangeState | None:
        if change_id in self.changes:
            self.looks += 1
            if self.looks > 1:
                self.changes[change_id] = ChangeState.TAKING_BACK
        return super().state(change_id)


def test_a_change_that_is_made_too_late_does_not_stay(world: World) -> None:
    group = make(world)
    authorize(world, group)
    id = world.run(SecurityGroupId=group)
    world.watchman = HastyWatchman(list(world.hosts.values()))
    before = rules(world, group)
    change = [{"SecurityGroupId": group, "Revoke": [before[0]["SecurityGroupRuleId"]]}]
    assert world.refusal("OOS.ReplaceSecurityGroupRules", Change=change).code == "ChangeTakenBack"
    assert rules(world, group) == before
    assert comes_in(world, id, 22)


def test_a_change_that_was_made_is_not_made_again(world: World) -> None:
    group = make(world)
    authorize(world, group)
    change = [{"SecurityGroupId": group, "Revoke": [rules(world, group)[0]["SecurityGroupRuleId"]]}]
    for _ in range(2):
        assert world.call("OOS.ReplaceSecurityGroupRules", "c", Change=change)["State"] == "confirmed"
    assert rules(world, group) == []
    refused = world.refusal("OOS.ReplaceSecurityGroupRules", Change=change)
    assert refused.code == "InvalidSecurityGroupRuleId.NotFound"
    twice = world.refusal("OOS.ReplaceSecurityGroupRules", Change=[{"SecurityGroupId": group}] * 2)
    assert twice.code == "InvalidParameter.Change"
