"""Operations on several instances at once: each is the operation on one, done for all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from oos.fleet.errors import FleetError, InstanceAbsent
from oos.fleet.instance import Power
from oos.service.call import service_error
from oos.service.context import Context
from oos.service.deletion import was_deletion_intended
from oos.service.errors import ApiError, MissingParameter, NotFound
from oos.service.many import at_once
from oos.values.identifiers import client_token
from oos_instance import decide, operations, requests, responses

if TYPE_CHECKING:
    from oos.fleet.instance import Instance

_DONE = ("200", "success")


def start_instances(context: Context, request: requests.StartInstances) -> responses.ManyInstances:
    """Power instances on; those that run already are left alone."""

    def check(instance: Instance) -> None:
        decide.steps_to_start(instance)

    def work(own: Context, id: str) -> None:
        operations.start_instance(own, requests.StartInstance(instance_id=id))

    return _each(context, request.instance_id, request.batch_optimization, check, work)


def stop_instances(context: Context, request: requests.StopInstances) -> responses.ManyInstances:
    """Stop instances: ask their agents, then press their power buttons, at last cut their power."""

    def work(own: Context, id: str) -> None:
        operations.stop_instance(own, requests.StopInstance(instance_id=id, force_stop=request.force_stop))

    return _each(context, request.instance_id, request.batch_optimization, lambda _instance: None, work)


def reboot_instances(context: Context, request: requests.RebootInstances) -> responses.ManyInstances:
    """Restart instances, and see it through where their guests can tell one start from another."""

    def check(instance: Instance) -> None:
        if instance.power is not Power.RUNNING:
            raise decide.wrong_status(instance, "only a running one can be restarted")

    def work(own: Context, id: str) -> None:
        operations.reboot_instance(own, requests.RebootInstance(instance_id=id, force_stop=request.force_reboot))

    return _each(context, request.instance_id, request.batch_optimization, check, work)


def delete_instances(context: Context, request: requests.DeleteInstances) -> responses.Nothing:
    """Delete instances and the disks made with them; none if one of them runs or is protected."""

    def work(own: Context, id: str) -> None:
        wanted = requests.DeleteInstance(instance_id=id, force=request.force, force_stop=request.force_stop)
        operations.delete_instance(own, wanted)

    there = _there(context, request.instance_id)
    for id in request.instance_id:
        if id in there:
            decide.require_deletable(there[id], force=request.force)
        elif not was_deletion_intended(_own(context, id), id):
            raise service_error(InstanceAbsent(id))
    at_once(lambda id: work(_own(context, id), id), request.instance_id)
    return {}


def _each(
    context: Context,
    ids: Sequence[str],
    batch: str,
    check: Callable[[Instance], None],
    work: Callable[[Context, str], None],
) -> responses.ManyInstances:
    """Do the work for each; with AllTogether only when it can be done for all. Each has a token of its own."""
    before = _there(context, ids)
    if batch == "AllTogether":
        for id in ids:
            if id not in before:
                raise NotFound("InvalidInstanceId.NotFound", f"The specified instance {id} does not exist.")
            check(before[id])

    def outcome(id: str) -> tuple[str, str]:
        try:
            work(_own(context, id), id)
        except (ApiError, FleetError) as error:
            told = service_error(error) if isinstance(error, FleetError) else error
            return told.code, told.message
        return _DONE

    outcomes = at_once(outcome, ids)
    after = _there(context, ids)
    failed = [found for found in outcomes if found != _DONE]
    if failed and batch == "AllTogether":
        code, message = failed[0]
        raise ApiError(code, f"{len(failed)} of {len(ids)} failed; the first: {message}", status=500)
    return {
        "InstanceResponses": {
            "InstanceResponse": [
                {
                    "InstanceId": id,
                    "PreviousStatus": _status(before.get(id)),
                    "CurrentStatus": _status(after.get(id)),
                    "Code": code,
                    "Message": message,
                }
                for id, (code, message) in zip(ids, outcomes, strict=True)
            ]
        }
    }


def _own(context: Context, id: str) -> Context:
    return context.under(client_token(context.token, id))


def _there(context: Context, ids: Sequence[str]) -> Mapping[str, Instance]:
    if not ids:
        raise MissingParameter("InstanceId")
    return {each.id: each for each in context.fleet.instances(context.region) if each.id in ids}


def _status(instance: Instance | None) -> str:
    return "" if instance is None else decide.status_of(instance.power)
