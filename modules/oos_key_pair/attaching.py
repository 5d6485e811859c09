"""Operations that give a key pair to running guests, and take it from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from oos.fleet.errors import FleetError
from oos.fleet.instance import Power
from oos.service.call import service_error
from oos.service.context import Context
from oos.service.errors import ApiError, NotFound, Refused
from oos.service.key_pairs import KeyPair, load_key_pair
from oos.service.many import at_once
from oos_key_pair import requests, responses

if TYPE_CHECKING:
    from oos.fleet.hypervisor import Hypervisor
    from oos.fleet.instance import Instance

USER: Final = "root"
"""Whose account a key pair opens, as in ECS."""

_DONE: Final = ("200", "successful")


def attach_key_pair(context: Context, request: requests.AttachKeyPair) -> responses.Attached:
    """Let a key pair open root's account in running guests, in place of the one before; it counts at once."""
    pair = load_key_pair(context.registry, context.region, request.key_pair_name)
    if pair is None:
        raise NotFound("InvalidKeyPair.NotFound", f"The specified key pair {request.key_pair_name} does not exist.")

    def attach(hypervisor: Hypervisor, instance: Instance) -> None:
        hypervisor.authorize_guest_key(instance.id, USER, pair.public_key)
        before = _pair_of(context, instance)
        # The old one goes before the new one is noted: a call that runs again after a crash still knows of it.
        if before is not None and before.public_key != pair.public_key:
            hypervisor.revoke_guest_key(instance.id, USER, before.public_key)
        hypervisor.remember(instance.id, key_pair=pair.name)

    return _each(context, request.key_pair_name, request.instance_ids, attach)


def detach_key_pair(context: Context, request: requests.DetachKeyPair) -> responses.Attached:
    """Let a key pair open root's account in running guests no longer; it counts at once."""
    pair = load_key_pair(context.registry, context.region, request.key_pair_name)
    if pair is None:
        raise NotFound("InvalidKeyPair.NotFound", f"The specified key pair {request.key_pair_name} does not exist.")

    def detach(hypervisor: Hypervisor, instance: Instance) -> None:
        if instance.key_pair not in ("", pair.name):
            message = f"The key pair of {instance.id} ({instance.name}) is {instance.key_pair}, not {pair.name}."
            raise Refused("InvalidKeyPair.NotAttached", message)
        hypervisor.revoke_guest_key(instance.id, USER, pair.public_key)
        hypervisor.remember(instance.id, key_pair="")

    return _each(context, request.key_pair_name, request.instance_ids, detach)


def _pair_of(context: Context, instance: Instance) -> KeyPair | None:
    return load_key_pair(context.registry, context.region, instance.key_pair) if instance.key_pair else None


def _each(
    context: Context, pair_name: str, ids: Sequence[str], work: Callable[[Hypervisor, Instance], None]
) -> responses.Attached:
    """Do the work for each instance. Raises when it could be done for none."""

    def outcome(id: str) -> ApiError | None:
        try:
            with context.registry.alone_with(f"key pair of {id}"):
                hypervisor, instance = context.fleet.of_instance(id, context.region)
                if instance.power is not Power.RUNNING:
                    message = f"The instance {id} ({instance.name}) is {instance.power}; its guest must run."
                    raise Refused("IncorrectInstanceStatus", message)
                work(hypervisor, instance)
        except ApiError as refused:
            return refused
        except FleetError as failed:
            return service_error(failed)
        return None

    wanted = tuple(dict.fromkeys(ids))
    outcomes = at_once(outcome, wanted)
    failed = [each for each in outcomes if each is not None]
    if failed and len(failed) == len(wanted):
        raise failed[0]
    return {
        "KeyPairName": pair_name,
        "TotalCount": str(len(wanted)),
        "FailCount": str(len(failed)),
        "Results": {"Result": [_shape(id, refused) for id, refused in zip(wanted, outcomes, strict=True)]},
    }


def _shape(instance_id: str, refused: ApiError | None) -> responses.AttachResult:
    code, message = _DONE if refused is None else (refused.code, refused.message)
    return {
        "InstanceId": instance_id,
        "Success": "true" if refused is None else "false",
        "Code": code,
        "Message": message,
    }
