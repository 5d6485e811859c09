"""Calling an operation: parameters in, response out, failures of the fleet in the service's own words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from oos.fleet.errors import (
    AgentFailed,
    AgentUnavailable,
    DeadlineExceeded,
    DiskAbsent,
    FleetError,
    HostUnreachable,
    HypervisorFailed,
    ImageAbsent,
    Incapable,
    InstanceAbsent,
    InterfaceAbsent,
    NetworkAbsent,
    NoUplink,
    PoolFull,
    SecurityGroupAbsent,
    SnapshotAbsent,
    WrongState,
)
from oos.service.binding import Others, bind
from oos.service.context import Context
from oos.service.errors import ApiError, NotFound, Refused, Unavailable, Unsupported
from oos.service.operation import Operation, Risk
from oos.service.paging import EVERYTHING, Paged, Tokened
from oos.values.identifiers import client_token
from oos.values.json import Value, transform
from oos.values.secret import Secret, secrets_in

COMMON: Final = ("OwnerId", "OwnerAccount", "ResourceOwnerId", "ResourceOwnerAccount")
"""Parameters that any request may carry and that mean nothing here."""

UNDERSTOOD: Final = ("RegionId", "ClientToken", "DryRun")
"""Parameters that every operation understands, whatever its request declares."""

_FOLDED: Final = frozenset(name.casefold() for name in UNDERSTOOD)

_KINDS: Final = {"d": "Disk", "s": "Snapshot", "m": "Image"}
"""What a thing is, by the prefix of its id, in the codes of the service."""

_HIGH_RISK: Final = re.compile(r"(Delete|Release|Reset|Replace|ReInit|Detach|Remove|Terminate)[A-Z]?.*")


def invoke(operation: Operation, parameters: Mapping[str, Value], context: Context) -> dict[str, Value]:
    """Call an operation once.

    `RegionId`, `ClientToken` and `DryRun` are understood here for every operation. Raises ApiError.
    """
    return _call(operation, parameters, context, all_pages=False)


def invoke_all_pages(operation: Operation, parameters: Mapping[str, Value], context: Context) -> dict[str, Value]:
    """Call a listing operation for everything it has (spec 4.1 AutoPaging): one look, one page with all of it."""
    return _call(operation, parameters, context, all_pages=True)


def risk_of(operation: Operation) -> Risk:
    """Whether a person is asked before this operation is called."""
    return operation.risk


def risk_of_name(name: str) -> Risk:
    """The risk that an operation's name stands for (spec 10, point 24): what deletes, resets or detaches is high."""
    return Risk.HIGH if _HIGH_RISK.fullmatch(name) else Risk.NORMAL


def request_id(token: str, operation: Operation) -> str:
    """The `RequestId` of a call: the same call gives the same one."""
    digits = client_token("request", token, operation.service, operation.name).upper()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"


def service_error(error: FleetError) -> ApiError:
    """A failure of the fleet as ECS would name it; the message keeps its target and cause."""
    message = str(error)
    match error:
        case HostUnreachable() | DeadlineExceeded():
            return Unavailable(message)
        case InstanceAbsent():
            return NotFound("InvalidInstanceId.NotFound", f"The specified instance {error.id} does not exist.")
        case DiskAbsent():
            return NotFound("InvalidDiskId.NotFound", f"The specified disk {error.id} does not exist.")
        case SnapshotAbsent():
            return NotFound("InvalidSnapshotId.NotFound", f"The specified snapshot {error.id} does not exist.")
        case ImageAbsent():
            return NotFound("InvalidImageId.NotFound", f"The specified image {error.id} does not exist.")
        case NetworkAbsent():
            return NotFound("InvalidVSwitchId.NotFound", f"The specified network {error.id} does not exist.")
        case NoUplink():
            return Unsupported(message)
        case InterfaceAbsent():
            return NotFound("InvalidEniId.NotFound", f"The specified network interface {error.id} does not exist.")
        case WrongState() if error.target.startswith("network "):
            return ApiError("DependencyViolation", message)
        case SecurityGroupAbsent():
            message = f"The specified security group {error.id} does not exist."
            return NotFound("InvalidSecurityGroupId.NotFound", message)
        case WrongState():
            return Refused(f"Incorrect{_KINDS.get(error.target.partition('-')[0], 'Instance')}Status", message)
        case AgentUnavailable():
            return Unavailable(message, code="InvalidInstance.CloudAssistantNotRunning")
        case AgentFailed():
            return Unavailable(message, code="OperationDenied.CloudAssistantRefused")
        case Incapable():
            return Unsupported(message)
        case PoolFull():
            return Refused("OperationDenied.NoStock", f"No space is left: {message}")
        case HypervisorFailed():
            return ApiError("InternalError", message, status=500)
        case _:
            return ApiError("InternalError", message, status=500)


def _call(
    operation: Operation, parameters: Mapping[str, Value], context: Context, *, all_pages: bool
) -> dict[str, Value]:
    given, understood = _apart(parameters)
    secrets = secrets_in(dict(parameters))
    if secrets:
        context = context.knowing(secrets)
    if understood:
        context = _surroundings(operation, context, understood)
    if operation.complete is not None:
        given = dict(operation.complete(context, given))
    others = Others((*COMMON, *operation.ignores), operation.refuses)
    request: Any = bind(operation.request, given, others)
    if str(understood.get("dryrun")).casefold() == "true":
        raise ApiError("DryRunOperation", "Request validation has been passed with DryRun flag set.")
    if all_pages and isinstance(request, Paged):
        request = replace(request, page_number=1, page_size=EVERYTHING, next_token="", max_results=None)
    elif all_pages and isinstance(request, Tokened):
        request = replace(request, max_results=EVERYTHING, next_token="")
    context.called(operation, parameters)
    try:
        response = dict(operation.handle(context, request))
    except FleetError as error:
        raise service_error(error) from error
    response["RequestId"] = request_id(context.token, operation)
    return _keep_secret(response, secrets) if secrets else response


def _apart(parameters: Mapping[str, Value]) -> tuple[dict[str, Value], dict[str, Value]]:
    """The operation's own parameters, and those that are understood for it, by their names in lower case."""
    given: dict[str, Value] = {}
    understood: dict[str, Value] = {}
    for name, value in parameters.items():
        folded = name.casefold()
        if folded in _FOLDED and folded not in understood:
            understood[folded] = value
        else:
            given[name] = value
    return given, understood


def _surroundings(operation: Operation, context: Context, understood: Mapping[str, Value]) -> Context:
    region, token = understood.get("regionid"), understood.get("clienttoken")
    if region:
        if context.fleet.inventory.region(str(region)) is None:
            raise NotFound("InvalidRegionId.NotFound", f"The specified region {region} does not exist.")
        context = context.in_region(str(region))
    if token:
        if not re.fullmatch(r"[\x21-\x7e]{1,64}", str(token)):
            raise ApiError("InvalidParameter.ClientToken", "A ClientToken has 1 to 64 printable ASCII characters.")
        context = context.under(client_token(context.account, operation.service, operation.name, str(token)))
    return context


def _keep_secret(response: dict[str, Value], secrets: Iterable[Secret]) -> dict[str, Value]:
    """What came in as a secret goes out as one."""
    contents = [str(secret.reveal()) for secret in secrets]
    contents = [content for content in contents if len(content) >= 4]
    if not contents:
        return response

    def leaf(value: Value) -> Value:
        return Secret(value) if isinstance(value, str) and any(each in value for each in contents) else value

    kept: dict[str, Value] = transform(response, leaf)
    return kept
