"""Operations on the rules of security groups: authorized, revoked, changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from oos.fleet.firewall import Direction, SecurityRule
from oos.service.context import Context
from oos.service.deletion import intend_deletion, was_deletion_intended
from oos.service.errors import ApiError, InvalidParameter, MissingParameter, NotFound
from oos.service.group_enforcement import enforce
from oos.service.prefix_lists import FAMILIES, prefix_lists_of, require_prefix_list
from oos.service.security_groups import (
    RuleRecord,
    forget_rule,
    keep_rule,
    load_rules,
    require_group,
    same_rule,
    with_id,
)
from oos_security_group import decide, requests, responses

_Words = requests.IngressRule | requests.EgressRule


def authorize_security_group(context: Context, request: requests.AuthorizeSecurityGroup) -> responses.Nothing:
    """Add rules about connections to the members of a group; those it has already are left as they are."""
    return _authorize(context, request.security_group_id, request.permissions or (request,))


def authorize_security_group_egress(
    context: Context, request: requests.AuthorizeSecurityGroupEgress
) -> responses.Nothing:
    """Add rules about connections that the members of a group make; those it has already are left as they are."""
    return _authorize(context, request.security_group_id, request.permissions or (request,))


def _authorize(context: Context, group_id: str, wanted: Sequence[_Words]) -> responses.Nothing:
    group = require_group(context.registry, context.region, group_id)
    rules = [(decide.rule_of(each), each.description or "") for each in wanted]
    for rule, _ in rules:
        _require_peer(context, rule)
    there = list(load_rules(context.registry, group.id))
    known = {each.rule.id for each in there}
    for rule, description in rules:
        named = with_id(group.id, rule, there)
        if named.id not in {each.rule.id for each in there}:
            there.append(RuleRecord(group.id, named, context.now(), description))
    decide.require_room(there, prefix_lists_of(context.registry, context.region))
    for record in there:
        if record.rule.id not in known:
            keep_rule(context.registry, record)
    enforce(context, [group.id])
    return {}


def _require_peer(context: Context, rule: SecurityRule) -> None:
    if rule.peer.group_id:
        require_group(context.registry, context.region, rule.peer.group_id)
    if rule.peer.prefix_list_id:
        named = require_prefix_list(context.registry, context.region, rule.peer.prefix_list_id)
        if FAMILIES[named.family] not in rule.families:
            message = f"No connection is what the rule says and {named.family}, as all of {named.id} is."
            raise InvalidParameter("IpProtocol", message, code="InvalidParam.PrefixListAddressFamilyMismatch")


def revoke_security_group(context: Context, request: requests.RevokeSecurityGroup) -> responses.Nothing:
    """Take rules about connections to its members from a group; what they let through is cut."""
    return _revoke(context, request, request.permissions, Direction.INGRESS)


def revoke_security_group_egress(context: Context, request: requests.RevokeSecurityGroupEgress) -> responses.Nothing:
    """Take rules about connections that its members make from a group."""
    return _revoke(context, request, request.permissions, Direction.EGRESS)


def _revoke(
    context: Context,
    request: requests.RevokeSecurityGroup | requests.RevokeSecurityGroupEgress,
    permissions: Sequence[_Words],
    direction: Direction,
) -> responses.Nothing:
    group = require_group(context.registry, context.region, request.security_group_id)
    there = {each.rule.id: each for each in load_rules(context.registry, group.id) if each.rule.direction is direction}
    for id in request.security_group_rule_id:
        if id not in there and not was_deletion_intended(context, id):
            message = f"The security group {group.id} has no {direction.value} rule {id}."
            raise NotFound("InvalidSecurityGroupRuleId.NotFound", message)
    meant = [there[id] for id in request.security_group_rule_id if id in there]
    if not request.security_group_rule_id:
        words = permissions or (request,)
        # As in the cloud, a rule that is not there is none to take away.
        meant = [each for each in there.values() if any(decide.says_this(each.rule, one) for one in words)]
    for record in meant:
        intend_deletion(context, record.rule.id)
        forget_rule(context.registry, record)
    enforce(context, [group.id])
    return {}


def modify_security_group_rule(context: Context, request: requests.ModifySecurityGroupRule) -> responses.Nothing:
    """Change a rule about connections to the members of a group; it keeps its id."""
    return _modify(context, request, Direction.INGRESS)


def modify_security_group_egress_rule(
    context: Context, request: requests.ModifySecurityGroupEgressRule
) -> responses.Nothing:
    """Change a rule about connections that the members of a group make; it keeps its id."""
    return _modify(context, request, Direction.EGRESS)


def _modify(
    context: Context,
    request: requests.ModifySecurityGroupRule | requests.ModifySecurityGroupEgressRule,
    direction: Direction,
) -> responses.Nothing:
    group = require_group(context.registry, context.region, request.security_group_id)
    there = [each for each in load_rules(context.registry, group.id) if each.rule.direction is direction]
    record = _meant(request, there)
    rule = record.rule
    if request.security_group_rule_id:
        rule = replace(decide.rule_of(request, record.rule), id=record.rule.id)
        _require_peer(context, rule)
        others = [each for each in load_rules(context.registry, group.id) if each.rule.id != rule.id]
        decide.require_room([*others, replace(record, rule=rule)], prefix_lists_of(context.registry, context.region))
    for each in there:
        if each.rule.id != rule.id and same_rule(each.rule, rule):
            message = f"The rule {each.rule.id} of {group.id} says that already."
            raise ApiError("SecurityGroupRuleConflict.Duplicated", message)
    description = record.description if request.description is None else request.description
    changed = replace(record, rule=rule, description=description)
    if changed != record:
        keep_rule(context.registry, changed)
    enforce(context, [group.id])
    return {}


def _meant(
    request: requests.ModifySecurityGroupRule | requests.ModifySecurityGroupEgressRule, there: Sequence[RuleRecord]
) -> RuleRecord:
    """The rule that a request is about: by its id, or by what it says. Raises NotFound."""
    id = request.security_group_rule_id
    if not id and not request.ip_protocol:
        raise MissingParameter("SecurityGroupRuleId")
    for each in there:
        if each.rule.id == id if id else decide.says_this(each.rule, request):
            return each
    message = f"The security group {request.security_group_id} has no such rule{f' {id}' if id else ''}."
    raise NotFound("InvalidSecurityGroupRuleId.NotFound", message)
