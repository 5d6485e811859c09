"""Diagnostic reports: what is wrong is found, what cannot be looked at is said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

import oos_diagnosis
import oos_instance
from oos.adapters.memory.faults import FaultKind
from oos.adapters.memory.guest import DISK_USAGE
from oos.fleet.instance import GuestAddress, Instance, NetworkInterface, Power
from oos_diagnosis.checks import Observation, Severity, diagnose, worst
from tests.modules.world import World

ROUTES = "Iface Destination Gateway Flags RefCnt Use Metric Mask\neth0 00000000 0100010A 0003 0 0 0 00000000 0 0 0\n"
HEALTHY = {
    "/proc/net/route": ROUTES,
    "/proc/mounts": "/dev/vda / ext4 rw,noatime 0 0\nproc /proc proc ro 0 0\n/dev/sr0 /mnt/sr0 iso9660 ro 0 0\n",
    "/proc/meminfo": "MemTotal: 90000 kB\nMemFree: 20 kB\nMemAvailable: 50000 kB\n",
    "/proc/loadavg": "0.10 0.20 0.30 1/60 500\n",
}


@pytest.fixture
def world() -> World:
    return World((oos_instance.MODULE, oos_diagnosis.MODULE))


def healthy(world: World) -> str:
    """A running instance with nothing wrong."""
    id = world.run()
    files(world, id).update({path: text.encode() for path, text in HEALTHY.items()})
    return id


def files(world: World, id: str) -> dict[str, bytes]:
    return world.home(id).state.files[world.instance(id).disk_ids[0]]


def report(world: World, id: str) -> tuple[str, dict[str, list[str]]]:
    """The severity of a fresh report, and by metric that is not normal its issues."""
    made = world.call("CreateDiagnosticReport", ResourceId=id)
    shown = world.call("DescribeDiagnosticReportAttributes", ReportId=made["ReportId"])
    issues = {
        each["MetricId"]: [issue["IssueId"] for issue in each["Issues"]["Issue"]]
        for each in shown["MetricResults"]["MetricResult"]
        if each["Severity"] != "Normal"
    }
    return shown["Severity"], issues


def test_of_a_healthy_instance_all_is_normal(world: World) -> None:
    assert report(world, healthy(world)) == ("Normal", {})


@pytest.mark.parametrize(
    ("path", "content", "severity", "issues"),
    [
        ("/proc/mounts", "/dev/vda / ext4 ro 0 0\n", "Critical", {"GuestOS.Disk": ["Disk.ReadOnly"]}),
        (DISK_USAGE, "F\n/dev/vda 100 91 9 91% /\n", "Warn", {"GuestOS.Disk": ["Disk.Full"]}),
        (
            DISK_USAGE,
            "F\n/dev/vda 100 99 1 99% /\ntmpfs 1 1 0 100% /run\n",
            "Critical",
            {"GuestOS.Disk": ["Disk.Full"]},
        ),
        ("/proc/net/route", "Iface\n", "Warn", {"GuestOS.Network": ["Network.NoDefaultRoute"]}),
        (
            "/proc/meminfo",
            "MemTotal: 90000 kB\nMemAvailable: 100 kB\n",
            "Warn",
            {"GuestOS.Memory": ["Memory.Exhausted"]},
        ),
        ("/proc/loadavg", "40.00 1 1 1/1 1\n", "Warn", {"GuestOS.Load": ["Load.High"]}),
    ],
)
def test_what_is_wrong_in_the_guest_is_found(
    world: World, path: str, content: str, severity: str, issues: dict[str, list[str]]
) -> None:
    id = healthy(world)
    files(world, id)[path] = content.encode()
    assert report(world, id) == (severity, issues)


def test_a_mute_guest_is_told_and_what_it_does_not_say_is_unknown(world: World) -> None:
    id = healthy(world)
    world.home(id).state.without_agent.append(id)
    severity, issues = report(world, id)
    assert severity == "Critical"
    assert issues["GuestOS.Agent"] == ["Agent.NotAnswering"]
    assert issues["GuestOS.Disk"] == ["GuestOS.Disk.NotSeen"]


def test_frozen_file_systems_are_told_as_what_the_agent_refuses(world: World) -> None:
    id = healthy(world)
    world.home(id).state.guests[id].frozen = True
    made = world.call("CreateDiagnosticReport", ResourceId=id)
    shown = world.call("DescribeDiagnosticReportAttributes", ReportId=made["ReportId"])
    details = [i["Additional"] for m in shown["MetricResults"]["MetricResult"] for i in m["Issues"]["Issue"]]
    assert any("frozen" in each for each in details)


def test_of_one_that_is_off_only_that_is_told(world: World) -> None:
    id = healthy(world)
    world.call("StopInstance", InstanceId=id)
    _, issues = report(world, id)
    assert issues["Instance.Power"] == ["Instance.NotRunning"]
    assert "GuestOS.Network" not in issues


def test_the_console_and_the_disks_of_the_host_are_looked_at(world: World) -> None:
    id = healthy(world)
    world.home(id).state.consoles[id] = b"[1] fine\n[2] Kernel panic - not syncing: Attempted to kill init!\n"
    del world.home(id).state.disks[world.instance(id).disk_ids[0]]
    _, issues = report(world, id)
    assert issues["Instance.Console"] == ["Console.KernelPanic"]
    assert issues["GuestOS.Disk"][0] == "Disk.Missing"


def test_what_holds_an_instance_is_told(world: World) -> None:
    id = healthy(world)
    world.call("ModifyInstanceAttribute", InstanceId=id, DeletionProtection=True)
    assert report(world, id) == ("Info", {"Instance.Lock": ["Lock.Held"]})


def test_a_card_without_address_is_told() -> None:
    card = NetworkInterface("52:54:00:00:00:01", "default")
    instance = Instance("i-1", "", "", "", "", "", Power.RUNNING, 1, 96, interfaces=(card,))
    for address, wanted in (("fe80::1", Severity.CRITICAL), ("10.1.0.2", Severity.NORMAL)):
        seen = Observation(instance, addresses=(GuestAddress(card.mac.upper(), address, 16),), routes=ROUTES)
        (network,) = (each for each in diagnose(seen) if each.metric.id == "GuestOS.Network")
        assert network.severity is wanted
    suspended = Observation(replace(instance, power=Power.PAUSED))
    assert worst(each.severity for each in diagnose(suspended)) is Severity.CRITICAL


def test_asking_again_with_one_token_looks_once(world: World) -> None:
    id = healthy(world)
    first = world.call("CreateDiagnosticReport", "token", ResourceId=id)
    files(world, id)[DISK_USAGE] = b"F\n/dev/vda 100 99 1 99% /\n"
    assert world.call("CreateDiagnosticReport", "token", ResourceId=id) == first
    assert (
        world.call("DescribeDiagnosticReports", Severity="Normal")["Reports"]["Report"][0]["ReportId"]
        == (first["ReportId"])
    )


def test_a_host_that_does_not_answer_makes_no_report(world: World) -> None:
    id = healthy(world)
    world.break_next("snapshots", FaultKind.LOST_REPLY)
    assert world.refusal("CreateDiagnosticReport", ResourceId=id).code == "ServiceUnavailable"
    assert world.call("DescribeDiagnosticReports")["Reports"]["Report"] == []


def test_reports_are_listed_and_deleted(world: World) -> None:
    id = healthy(world)
    made = [world.call("CreateDiagnosticReport", ResourceId=id)["ReportId"] for _ in range(3)]
    page: dict[str, Any] = world.call("DescribeDiagnosticReports", MaxResults=2, ResourceIds=[id])
    assert len(page["Reports"]["Report"]) == 2
    rest = world.call("DescribeDiagnosticReports", MaxResults=2, NextToken=page["NextToken"])
    assert len(rest["Reports"]["Report"]) == 1
    assert world.refusal("DeleteDiagnosticReports", ReportIds=[made[0], "dr-none"]).code == "InvalidReportId.NotFound"
    world.call("DeleteDiagnosticReports", "gone", ReportIds=made)
    world.call("DeleteDiagnosticReports", "gone", ReportIds=made)
    assert world.call("DescribeDiagnosticReports")["Reports"]["Report"] == []


def test_what_is_looked_at_is_told(world: World) -> None:
    (whole,) = world.call("DescribeDiagnosticMetricSets")["MetricSets"]
    metrics = world.call("DescribeDiagnosticMetrics")["Metrics"]
    assert sorted(whole["MetricIds"]) == sorted(each["MetricId"] for each in metrics)
    assert all(each["Description"] for each in metrics)
