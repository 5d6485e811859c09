"""`oos security`: checks and reports, and hardening that outlives `kill -9` of whoever does it."""

from __future__ import annotations

import json
import socket
import threading
import uuid
from dataclasses import replace
from typing import Any

import pytest

from oos.adapters.hypervisors import open_hypervisor
from oos.adapters.memory.state import load_state, plain_network
from oos.app.app import App
from oos.app.settings import load_settings
from oos.cli.security_report import written
from oos.service.call import invoke
from tests.cli.world import EXECUTION, World, eventually, read_until

HOME = "127.77.0.5"
"""An address at which this machine itself answers for a simulated guest."""


def call(world: World, name: str, **parameters: Any) -> Any:
    """The response of an operation, called in this process: that is quicker than starting one."""
    app = App(load_settings({}, world.environment, world.folder))
    try:
        service, _, operation = name.rpartition(".")
        found = app.catalog.operation(service or "ECS", operation)
        assert found is not None
        return invoke(found, parameters, app.context(uuid.uuid4().hex))
    finally:
        app.close()


@pytest.fixture
def group(world: World) -> str:
    """The group of web-1, that lets everybody in by SSH."""
    instance = world.make_instances("web-1")[0]
    card = instance.interfaces[0]
    network = replace(plain_network("default", world.host()), cidr="127.0.0.0/8", reservations={card.mac: HOME})
    world.change_host("h1", network_details={"default": network})
    id = str(call(world, "CreateSecurityGroup", SecurityGroupName="web")["SecurityGroupId"])
    ssh = {"IpProtocol": "tcp", "PortRange": "22/22", "SourceCidrIp": "0.0.0.0/0"}
    call(world, "AuthorizeSecurityGroup", SecurityGroupId=id, **ssh)
    call(world, "JoinSecurityGroup", SecurityGroupId=id, InstanceId=instance.id)
    return id


def open_ports(world: World, group: str) -> list[str]:
    shown = call(world, "DescribeSecurityGroupAttribute", SecurityGroupId=group)
    return [f"{each['PortRange']} {each['SourceCidrIp']}" for each in shown["Permissions"]["Permission"]]


def carried_out(world: World, group: str) -> list[object]:
    """The ports that the host lets somebody in at."""
    state = load_state(world.folder / "h1.json")
    assert state is not None
    return [each.ports for each in state.group_filters[group].rules if each.ports is not None]


def test_findings_are_listed_and_fail_the_command_when_they_are_bad(world: World, group: str) -> None:
    said = world.run("security", "check")
    assert (said.code, "SG-OPEN-SSH" in said.out) == (1, True)
    assert "score " in said.err
    accepted = world.write(
        "baseline.yml",
        "name: ours\nchecks: [{id: SSH, kind: world-open, severity: high, title: SSH, ports: [22]}]\n"
        "exceptions: [{check: SSH, group: web, until: 2099-01-01, reason: bastion}]\n",
    )
    fine = world.run("security", "check", "--baseline", accepted, "--group", "w*", "-o", "json")
    assert fine.code == 0, fine
    assert [each["SecurityGroupId"] for each in fine.document["Findings"]] == [group]
    wrong = world.run("security", "check", "--baseline", world.write("wrong.yml", "name: x\n"))
    assert (wrong.code, "OOS952" in wrong.err) == (2, True)


def test_reports_are_written_for_people_and_for_tools(world: World, group: str) -> None:
    assert world.run("security", "check", "--report", "sarif", "--out", "found.sarif").code == 1
    run = json.loads((world.folder / "found.sarif").read_text())["runs"][0]
    (result,) = [each for each in run["results"] if each["ruleId"] == "SG-OPEN-SSH"]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "SG-OPEN-SSH"
    assert result["level"] == "error"
    assert result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"].startswith(f"{group}/sgr-")
    found = call(world, "OOS.DescribeSecurityFindings")
    found["Findings"][0]["SecurityGroupName"] = "<script>"
    assert "CRITICAL SG-OPEN-SSH <script>" in written(found, "text")
    assert json.loads(written(found, "json")) == found
    page = written(found, "html")
    assert group in page
    assert "<script>" not in page


def test_checks_explain_themselves(world: World) -> None:
    said = world.run("security", "explain", "sg-open-ssh")
    assert "SSH is open to the world" in said.out
    assert "ports 22" in said.out
    assert "did you mean SG-OPEN-SSH" in world.run("security", "explain", "SG-OPEN-SHH").err


def test_a_plan_changes_nothing_and_hardening_narrows_what_is_open(world: World, group: str) -> None:
    plan = world.run("security", "harden", "--plan", "--management", "10.0.0.0/8")
    assert plan.code == 0, plan
    assert "+ Accept TCP 22/22 10.0.0.0/8" in plan.err
    assert open_ports(world, group) == ["22/22 0.0.0.0/0"]
    done = world.run("security", "harden", "--management", "10.0.0.0/8", "--no-input", "-o", "json")
    assert done.code == 0, done
    assert done.document["State"] == "confirmed"
    assert open_ports(world, group) == ["22/22 10.0.0.0/8"]


def test_connections_in_use_are_not_cut_unless_one_says_so(world: World, group: str) -> None:
    hypervisor = open_hypervisor(world.host())
    (instance,) = hypervisor.instances()
    table = "  sl\n 0: 00000000:0016 00000000:0000 0A\n 1: 05004D7F:0016 010200C0:D431 01\n"
    hypervisor.guest_write(instance.id, "/proc/net/tcp", table.encode())
    refused = world.run("security", "harden", "--no-input")
    assert refused.code == 5, refused
    assert "cuts web-1 TCP 22 from 192.0.2.1" in refused.err
    assert open_ports(world, group) == ["22/22 0.0.0.0/0"]


def test_a_change_whose_executor_is_killed_is_taken_back_in_time(world: World, group: str) -> None:
    """The probe answers once, before the change; so the executor is still trying to prove it when it is killed."""
    with socket.create_server((HOME, 0)) as server:
        port = server.getsockname()[1]
        once = threading.Thread(target=lambda: (server.accept()[0].close(), server.close()), daemon=True)
        once.start()
        change = call(world, "OOS.DescribeSecurityFindings", Severity="high")["Changes"]
        probe = [{"InstanceId": open_hypervisor(world.host()).instances()[0].id, "Port": port}]
        patience = ("ConfirmSeconds=5", "ProveSeconds=600")
        pairs = (f"Change:={json.dumps(change)}", f"Probe:={json.dumps(probe)}", *patience)
        process = world.start("api", "oos", "ReplaceSecurityGroupRules", *pairs)
        said = read_until(process, "ReplaceSecurityGroupRules started")
        eventually(lambda: carried_out(world, group) == [], "the rule is gone")
    process.kill()
    world.end(process)
    eventually(lambda: carried_out(world, group) == [(22, 22)], "the host lets SSH in again")
    eventually(lambda: open_ports(world, group) == ["22/22 0.0.0.0/0"], "the rule is there again")
    (file,) = (world.state / "changes").glob("sc-*.json")
    eventually(lambda: json.loads(file.read_text())["state"] == "taken back", "the watchman is done")
    found = EXECUTION.findall(said)[0]
    resumed = world.run("execution", "resume", found)
    assert resumed.code == 1
    assert "ChangeTakenBack" in resumed.err + resumed.out
    assert open_ports(world, group) == ["22/22 0.0.0.0/0"]
