"""A call: its token, its region, and failures of the fleet in the service's words."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypedDict

import pytest

from oos.fleet import errors as fleet_errors
from oos.fleet.fleet import Fleet
from oos.inventory.load import local_inventory
from oos.inventory.model import Host
from oos.service.call import invoke, invoke_all_pages, risk_of_name, service_error
from oos.service.context import Context
from oos.service.errors import ApiError, Cancelled
from oos.service.operation import Operation, Risk
from oos.service.paging import Paged, page_of
from oos.service.registry import MemoryRegistry
from oos.values.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Request(Paged):
    text: str = ""


class Response(TypedDict, total=False):
    Text: str


def no_connection(host: Host) -> Any:
    raise AssertionError(f"nothing asks {host.name}")


def context(**changes: Any) -> Context:
    fleet = Fleet(local_inventory("test:///default"), no_connection)
    return Context(fleet, MemoryRegistry(), "local", "token", **changes)


def operation(handle: Callable[[Context, Any], Mapping[str, Any]]) -> Operation:
    return Operation("ECS", "Try", Request, Response, handle, refuses=("Password",))


def test_the_same_call_has_the_same_request_id() -> None:
    echo = operation(lambda context, request: {"Text": request.text})
    first = invoke(echo, {"Text": "a"}, context())
    assert first == invoke(echo, {"Text": "a"}, context())
    assert first["Text"] == "a"
    assert len(first["RequestId"]) == 36
    assert first["RequestId"] != invoke(echo, {"ClientToken": "other"}, context())["RequestId"]


def test_a_client_token_stands_in_place_of_the_callers() -> None:
    tokens: list[str] = []

    def keep(context: Context, request: Request) -> Mapping[str, Any]:
        tokens.append(context.token)
        return {}

    note = operation(keep)
    calls: tuple[dict[str, str], ...] = ({}, {"ClientToken": "mine"}, {"clienttoken": "mine"}, {"ClientToken": ""})
    for parameters in calls:
        invoke(note, parameters, context())
    assert tokens[0] == tokens[3] == "token"
    assert tokens[1] == tokens[2] != "token"
    with pytest.raises(ApiError, match="ClientToken"):
        invoke(note, {"ClientToken": "x" * 65}, context())


def test_a_region_that_is_not_there_is_refused() -> None:
    where = operation(lambda context, request: {"Text": context.region})
    assert invoke(where, {"RegionId": "local"}, context(account="1"))["Text"] == "local"
    with pytest.raises(ApiError) as caught:
        invoke(where, {"RegionId": "mars"}, context())
    assert (caught.value.code, caught.value.status) == ("InvalidRegionId.NotFound", 404)


def test_a_dry_run_checks_and_does_nothing() -> None:
    def never(context: Context, request: Request) -> Mapping[str, Any]:
        raise AssertionError("called")

    with pytest.raises(ApiError) as caught:
        invoke(operation(never), {"DryRun": "true"}, context())
    assert caught.value.code == "DryRunOperation"
    with pytest.raises(ApiError) as caught:
        invoke(operation(never), {"DryRun": "true", "Txet": 1}, context())
    assert caught.value.code == "InvalidParameter.Txet"


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (fleet_errors.HostUnreachable("lab-1", "refused"), "ServiceUnavailable", 503),
        (fleet_errors.DeadlineExceeded("lab-1", "list", 5), "ServiceUnavailable", 503),
        (fleet_errors.InstanceAbsent("i-1"), "InvalidInstanceId.NotFound", 404),
        (fleet_errors.DiskAbsent("d-1"), "InvalidDiskId.NotFound", 404),
        (fleet_errors.SnapshotAbsent("s-1"), "InvalidSnapshotId.NotFound", 404),
        (fleet_errors.ImageAbsent("m-1"), "InvalidImageId.NotFound", 404),
        (fleet_errors.NetworkAbsent("lan"), "InvalidVSwitchId.NotFound", 404),
        (fleet_errors.WrongState("i-1", "Running", "stop it"), "IncorrectInstanceStatus", 403),
        (fleet_errors.WrongState("d-1", "busy", "wait"), "IncorrectDiskStatus", 403),
        (fleet_errors.WrongState("s-1", "busy", "wait"), "IncorrectSnapshotStatus", 403),
        (fleet_errors.AgentUnavailable("i-1", "gone"), "InvalidInstance.CloudAssistantNotRunning", 503),
        (fleet_errors.AgentFailed("i-1", "no"), "OperationDenied.CloudAssistantRefused", 503),
        (fleet_errors.PoolFull("pool disks", "no space"), "OperationDenied.NoStock", 403),
        (fleet_errors.HypervisorFailed("i-1", "broken"), "InternalError", 500),
    ],
)
def test_a_failure_of_the_fleet_keeps_its_target_and_cause(
    error: fleet_errors.FleetError, code: str, status: int
) -> None:
    told = service_error(error)
    assert (told.code, told.status) == (code, status)
    for word in (getattr(error, name, "") for name in ("target", "cause", "host", "id")):
        assert word in told.message


def test_a_failure_that_no_service_knows_goes_through() -> None:
    def broken(context: Context, request: Request) -> Mapping[str, Any]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        invoke(operation(broken), {}, context())


def test_what_came_as_a_secret_goes_as_one() -> None:
    echo = operation(lambda context, request: {"Text": f"got {request.text}"})
    assert invoke(echo, {"Text": Secret("hunter2")}, context())["Text"] == Secret("got hunter2")


def test_all_pages_are_one_look() -> None:
    looks: list[int] = []

    def list_all(context: Context, request: Request) -> Mapping[str, Any]:
        looks.append(request.page_size)
        page = page_of(range(250), request, lambda number: (f"{number:04d}",))
        return {"Numbers": list(page.items), **page.fields}

    whole = invoke_all_pages(operation(list_all), {"PageSize": 7, "PageNumber": 3}, context())
    assert whole["Numbers"] == list(range(250))
    assert (whole["TotalCount"], whole["PageSize"], whole["NextToken"]) == (250, 250, "")
    assert len(looks) == 1
    assert len(invoke(operation(list_all), {"PageSize": 7, "PageNumber": 3}, context())["Numbers"]) == 7


def test_a_wait_ends_when_nobody_wants_the_outcome() -> None:
    cancelled = threading.Event()
    slept: list[float] = []
    waiting = context(cancelled=cancelled, sleep=lambda event, seconds: slept.append(seconds))
    waiting.pause(2.0, "i-1 to stop")
    cancelled.set()
    with pytest.raises(Cancelled, match="i-1 to stop"):
        waiting.pause(2.0, "i-1 to stop")
    assert slept == [2.0]


@pytest.mark.parametrize(
    ("name", "risk"),
    [
        ("DeleteInstance", Risk.HIGH),
        ("ReleaseEipAddress", Risk.HIGH),
        ("ResetDisk", Risk.HIGH),
        ("ReplaceSystemDisk", Risk.HIGH),
        ("DetachDisk", Risk.HIGH),
        ("ReInitDisk", Risk.HIGH),
        ("StopInstance", Risk.NORMAL),
        ("DescribeDisks", Risk.NORMAL),
        ("UntagResources", Risk.NORMAL),
    ],
)
def test_names_tell_the_risk(name: str, risk: Risk) -> None:
    assert risk_of_name(name) is risk
