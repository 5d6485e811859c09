"""Changes of security groups that are taken back unless they are proved to do no harm (decision 101)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

import msgspec

from oos.fleet.errors import FleetError
from oos.fleet.instance import Instance, Power
from oos.hardening.facts import GroupChange
from oos.service.context import Context
from oos.service.errors import ApiError, InvalidParameter, NotFound, Refused, Unavailable
from oos.service.group_enforcement import enforce, hypervisor_named, is_in
from oos.service.guest import addresses_of
from oos.service.many import at_once
from oos.service.prefix_lists import prefix_lists_of
from oos.service.security_groups import RuleRecord, forget_rule, keep_rule, load_rules, require_group, with_id
from oos.service.watchman import ChangeState, WatchedChange, WatchmanMissing, filters_now, take_back
from oos.values.identifiers import resource_id
from oos.values.typed import convert_as
from oos_security_group import decide
from oos_security_group import hardening_requests as requests
from oos_security_group import hardening_responses as responses
from oos_security_group.requests import EgressRule, IngressRule

CONNECT_SECONDS: Final = 3.0
POLL_SECONDS: Final = 0.5
_KIND: Final = "security-change"


def group_changes(context: Context, wanted: Iterable[requests.GroupChange]) -> tuple[GroupChange, ...]:
    """The changes as values; each group once. Raises NotFound, InvalidParameter."""
    found: dict[str, GroupChange] = {}
    for each in wanted:
        group = require_group(context.registry, context.region, each.security_group_id)
        if group.id in found:
            raise InvalidParameter("Change", f"The security group {group.id} is changed twice.")
        words: tuple[IngressRule | EgressRule, ...] = (*each.authorize, *each.authorize_egress)
        rules = tuple(decide.rule_of(one) for one in words)
        for rule in rules:
            if rule.peer.group_id:
                require_group(context.registry, context.region, rule.peer.group_id)
        found[group.id] = GroupChange(group.id, each.revoke, rules)
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class Proof:
    """Something that must hold after a change, as it did before."""

    instance: Instance
    port: int = 0
    """0: its guest agent answers."""
    address: str = ""

    @property
    def named(self) -> str:
        """In a few words, with its instance."""
        return f"{self.instance.id} ({self.instance.name}): {self.shown}"

    @property
    def shown(self) -> str:
        """In a few words."""
        return f"a new connection to {self.address}:{self.port}" if self.port else "its guest agent answers"


def replace_security_group_rules(context: Context, request: requests.ReplaceSecurityGroupRules) -> responses.Changed:
    """Change security groups; without proof in time that instances can still be reached, all is taken back.

    Before anything is changed, a process that depends on nothing of this one is told how everything was. It takes the
    change back when nobody confirms it in time, and somebody killed this process, say.
    """
    changes = group_changes(context, request.change)
    if not changes:
        raise InvalidParameter("Change", "No change is given.")
    id = resource_id("sc", context.token)
    watch = context.watch
    state = watch.state(id)
    if state not in (None, ChangeState.ARMED):
        # A process that died before it could tell: what was proven then is told now.
        return _outcome(id, state, _proofs(context, request, changes) if state is ChangeState.CONFIRMED else ())
    proofs = _proofs(context, request, changes)
    if state is None:
        before = [each for each in proofs if not _holds(context, each)]
        if before:
            raise Refused("OperationDenied.NotReachable", f"{before[0].named}: not even before the change.")
        _require_rules(context, changes)
    _arm(context, id, request, changes)
    with watch.applying(id):
        if watch.state(id) is ChangeState.ARMED:
            _apply(context, changes)
        now = watch.state(id)
        if now in (ChangeState.TAKING_BACK, ChangeState.TAKEN_BACK):
            # The watchman was faster: what was changed since must not stay.
            take_back(context, _change(context, id, request))
        if now is not ChangeState.ARMED:
            return _outcome(id, now, ())
    failed = _prove(context, proofs, request.prove_seconds or request.confirm_seconds / 2)
    if not failed:
        return _outcome(id, watch.settle(id, ChangeState.CONFIRMED), proofs)
    if watch.settle(id, ChangeState.TAKING_BACK) is ChangeState.TAKING_BACK:
        take_back(context, _change(context, id, request))
        watch.settle(id, ChangeState.TAKEN_BACK)
    raise Refused("ChangeTakenBack", f"{failed[0].named}: not after the change. It was taken back.")


def _outcome(id: str, state: ChangeState | None, proofs: Sequence[Proof]) -> responses.Changed:
    if state is not ChangeState.CONFIRMED:
        raise Refused("ChangeTakenBack", f"The change {id} was not confirmed in time; it was taken back.")
    shapes: list[responses.ProofShape] = [
        {"InstanceId": each.instance.id, "Proof": each.shown, "Holds": True} for each in proofs
    ]
    return {"ChangeId": id, "State": state.value, "Proofs": shapes}


# the change


def _require_rules(context: Context, changes: Sequence[GroupChange]) -> None:
    for change in changes:
        there = {each.rule.id for each in load_rules(context.registry, change.group_id)}
        missing = [each for each in change.revoke if each not in there]
        if missing:
            message = f"The security group {change.group_id} has no rule {missing[0]}."
            raise NotFound("InvalidSecurityGroupRuleId.NotFound", message)
        decide.require_room(_after(context, change), prefix_lists_of(context.registry, context.region))


def _after(context: Context, change: GroupChange) -> list[RuleRecord]:
    """The rules of a group after the change; those that stay as they are."""
    there = [each for each in load_rules(context.registry, change.group_id) if each.rule.id not in change.revoke]
    for rule in change.authorize:
        named = with_id(change.group_id, rule, there)
        if named.id not in {each.rule.id for each in there}:
            there.append(RuleRecord(change.group_id, named, context.now(), "by the security baseline"))
    return there


def _apply(context: Context, changes: Sequence[GroupChange]) -> None:
    for change in changes:
        there = {each.rule.id: each for each in load_rules(context.registry, change.group_id)}
        # What is added first: at no moment is less let through than before and after.
        after = _after(context, change)
        for record in after:
            if record.rule.id not in there:
                keep_rule(context.registry, record)
        for id in change.revoke:
            if id in there:
                forget_rule(context.registry, there[id])
    enforce(context, [each.group_id for each in changes])


def _arm(
    context: Context, id: str, request: requests.ReplaceSecurityGroupRules, changes: Sequence[GroupChange]
) -> None:
    if not changes:
        raise InvalidParameter("Change", "No change is given.")
    if context.watch.state(id) is None:
        _remember(context, id, changes)
    try:
        context.watch.arm(_change(context, id, request))
    except WatchmanMissing as error:
        message = f"Nobody watches over the change, so it was not made: {error}"
        raise Unavailable(message) from error


def _remember(context: Context, id: str, changes: Sequence[GroupChange]) -> None:
    """Write down how everything is, before anything is changed."""
    group_ids = [each.group_id for each in changes]
    rules = {each: tuple(load_rules(context.registry, each)) for each in group_ids}
    document = {
        "rules": msgspec.to_builtins(rules),
        "filters": msgspec.to_builtins(filters_now(context, group_ids)),
        "at": msgspec.to_builtins(context.now()),
    }
    context.registry.put(_KIND, id, document)


def _change(context: Context, id: str, request: requests.ReplaceSecurityGroupRules) -> WatchedChange:
    """The change, as it was written down before it was made."""
    document = context.registry.get(_KIND, id)
    assert document is not None, id
    known = {"id": id, "region": context.region, "seconds": float(request.confirm_seconds), "by": context.caller}
    return convert_as({**document, **known}, WatchedChange)


# proof


def _proofs(
    context: Context, request: requests.ReplaceSecurityGroupRules, changes: Sequence[GroupChange]
) -> tuple[Proof, ...]:
    """What must hold: the agents that answer now still do, and every connection that is asked for can be made."""
    concerned = [
        each
        for each in context.fleet.instances(context.region)
        if each.power is Power.RUNNING and each.has_agent and any(is_in(each, one.group_id) for one in changes)
    ]
    agents = [Proof(each) for each in concerned]
    answering = at_once(lambda each: _holds(context, each), agents)
    found = [each for each, holds in zip(agents, answering, strict=True) if holds]
    for probe in request.probe:
        instance = context.fleet.of_instance(probe.instance_id, context.region)[1]
        (told,) = addresses_of(context, [instance])
        address = next((each.address for each in told if "." in each.address), "")
        if not address:
            message = (
                f"The address of {instance.id} ({instance.name}) is not known, so no connection can prove anything."
            )
            raise ApiError("OperationDenied.NotReachable", message)
        found.append(Proof(instance, probe.port, address))
    return tuple(found)


def _holds(context: Context, proof: Proof) -> bool:
    if proof.port:
        return context.watch.connects(proof.address, proof.port, CONNECT_SECONDS)
    try:
        hypervisor_named(context, proof.instance.host).guest_info(proof.instance.id)
    except FleetError:
        return False
    return True


def _prove(context: Context, proofs: Sequence[Proof], seconds: float) -> list[Proof]:
    """Those that do not hold, however often one tries in this time; each is tried at least once."""
    end = context.now() + timedelta(seconds=seconds)
    failed = list(proofs)
    while True:
        holds = at_once(lambda each: _holds(context, each), failed)
        failed = [each for each, is_so in zip(failed, holds, strict=True) if not is_so]
        if not failed or context.now() >= end:
            return failed
        context.report(f"{failed[0].instance.id}: waiting for {failed[0].shown}")
        context.pause(POLL_SECONDS, failed[0].shown)
