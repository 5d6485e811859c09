"""Operations on security groups: made, described, joined, left, deleted. Those on their rules stand in `rules`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from oos.fleet.errors import WrongState
from oos.fleet.firewall import Policy
from oos.fleet.instance import Instance
from oos.service.context import Context
from oos.service.deletion import intend_deletion, was_deletion_intended
from oos.service.errors import MissingParameter, NotFound, Refused, Unavailable, Unsupported
from oos.service.group_enforcement import enforce, follow_members, is_in, keep_members, set_groups
from oos.service.paging import Paged, page_of
from oos.service.prefix_lists import prefix_lists_of
from oos.service.security_groups import (
    GroupRecord,
    forget_group,
    keep_group,
    load_group,
    load_groups,
    load_rules,
    require_group,
    rules_by_group,
)
from oos.service.shape import newest_first
from oos.service.tags import changes_of_all, forget_tags, tags_after, tags_from
from oos.values.identifiers import resource_id
from oos_security_group import decide, requests, responses


def create_security_group(context: Context, request: requests.CreateSecurityGroup) -> responses.MadeGroup:
    """Make a group without rules: its members may connect to one another and to anywhere, nobody else to them."""
    if request.security_group_type == "enterprise":
        raise Unsupported("Security groups of the type enterprise are not supported; those of the type normal are.")
    id = resource_id("sg", context.token)
    if load_group(context.registry, context.region, id) is None:
        group = GroupRecord(
            id=id,
            region=context.region,
            created=context.now(),
            token=context.token,
            name=request.security_group_name,
            description=request.description,
            vpc_id=request.vpc_id,
            resource_group=request.resource_group_id,
            tags=tags_from(request.tag),
        )
        keep_group(context.registry, group)
    return {"SecurityGroupId": id}


def describe_security_groups(context: Context, request: requests.DescribeSecurityGroups) -> responses.Groups:
    """List groups, newest first."""
    changes = changes_of_all(context.registry)
    groups = load_groups(context.registry, context.region)
    tags = {each.id: tags_after(each.tags, changes.get(each.id, {})) for each in groups}
    found = decide.selected(groups, tags, request)
    page = page_of(found, request, lambda each: newest_first(each.created, each.id), descending=True)
    rules = rules_by_group(context.registry)
    instances = context.fleet.instances(context.region) if page.items else ()
    shapes = [
        decide.group_shape(each, rules.get(each.id, ()), sum(is_in(one, each.id) for one in instances), tags[each.id])
        for each in page.items
    ]
    return {"SecurityGroups": {"SecurityGroup": shapes}, "RegionId": context.region, **page.fields}


def describe_security_group_attribute(
    context: Context, request: requests.DescribeSecurityGroupAttribute
) -> responses.GroupAttribute:
    """List the rules of a group, in the order in which they are looked at."""
    group = require_group(context.registry, context.region, request.security_group_id)
    found = [
        each
        for each in load_rules(context.registry, group.id)
        if request.direction in ("all", each.rule.direction.value)
    ]
    names = {each.id: each.name for each in load_groups(context.registry, context.region)}
    names |= {id: each.name for id, each in prefix_lists_of(context.registry, context.region).items()}
    paged = Paged(max_results=request.max_results or decide.MOST_RULES, next_token=request.next_token)
    page = page_of(
        found,
        paged,
        lambda each: (each.rule.direction.value, f"{each.rule.priority:03d}", each.rule.policy.value, each.rule.id),
        most=1000,
    )
    return {
        "SecurityGroupId": group.id,
        "SecurityGroupName": group.name,
        "Description": group.description,
        "RegionId": group.region,
        "VpcId": group.vpc_id,
        "InnerAccessPolicy": group.inner.value,
        "Permissions": {"Permission": [decide.rule_shape(each, names) for each in page.items]},
        "SnapshotPolicyIds": {"SnapshotPolicyId": []},
        "NextToken": page.fields["NextToken"],
    }


def describe_security_group_references(
    context: Context, request: requests.DescribeSecurityGroupReferences
) -> responses.References:
    """Tell which groups have rules that name these groups."""
    naming = _naming(context)
    return {
        "SecurityGroupReferences": {
            "SecurityGroupReference": [
                {
                    "SecurityGroupId": id,
                    "ReferencingSecurityGroups": {
                        "ReferencingSecurityGroup": [
                            {"AliUid": context.account, "SecurityGroupId": each} for each in naming.get(id, ())
                        ]
                    },
                }
                for id in request.security_group_id
                if require_group(context.registry, context.region, id) and id in naming
            ]
        }
    }


def _naming(context: Context) -> Mapping[str, tuple[str, ...]]:
    """By group, those whose rules name it."""
    here = {each.id for each in load_groups(context.registry, context.region)}
    found: dict[str, tuple[str, ...]] = {}
    for each in load_rules(context.registry):
        named = each.rule.peer.group_id
        if named and each.group_id in here and each.group_id not in (named, *found.get(named, ())):
            found[named] = (*found.get(named, ()), each.group_id)
    return found


def modify_security_group_attribute(
    context: Context, request: requests.ModifySecurityGroupAttribute
) -> responses.Nothing:
    """Change name and description of a group."""
    group = require_group(context.registry, context.region, request.security_group_id)
    name, description = request.security_group_name, request.description
    changed = replace(
        group,
        name=group.name if name is None else name,
        description=group.description if description is None else description,
    )
    if changed != group:
        keep_group(context.registry, changed)
    return {}


def modify_security_group_policy(context: Context, request: requests.ModifySecurityGroupPolicy) -> responses.Nothing:
    """Let members of a group connect to one another, or keep them apart where no rule says otherwise."""
    group = require_group(context.registry, context.region, request.security_group_id)
    keep_group(context.registry, replace(group, inner=Policy(request.inner_access_policy)))
    enforce(context, [group.id])
    return {}


# members


def join_security_group(context: Context, request: requests.JoinSecurityGroup) -> responses.Nothing:
    """Let the network cards of an instance join a group; it filters from now on, also what runs."""
    group = require_group(context.registry, context.region, request.security_group_id)
    instance = _instance(context, request)
    for card in decide.cards_meant(instance, request.network_interface_id):
        if group.id not in card.security_group_ids:
            instance = set_groups(context, instance, card, (*card.security_group_ids, group.id))
        else:
            # Perhaps by this request, which then died before it told the others.
            keep_members(context, [instance])
    left_out = [
        card.id
        for card in decide.cards_meant(instance, request.network_interface_id)
        if group.id not in card.security_group_ids
    ]
    if left_out:
        raise Unavailable(f"{left_out[0]} of {instance.id} joined {group.id}, yet it is not in it.")
    return {}


def leave_security_group(context: Context, request: requests.LeaveSecurityGroup) -> responses.Nothing:
    """Let the network cards of an instance leave a group; the last one of a card stays."""
    group = require_group(context.registry, context.region, request.security_group_id)
    instance = _instance(context, request)
    meant = decide.cards_meant(instance, request.network_interface_id)
    inside = [card for card in meant if group.id in card.security_group_ids]
    intention = f"{group.id}/{request.network_interface_id or instance.id}"
    if not inside and not was_deletion_intended(context, intention):
        message = f"The instance {instance.id} ({instance.name}) is not in the security group {group.id}."
        raise Refused("InstanceNotInSecurityGroup", message)
    for card in inside:
        decide.require_another(instance, card, group.id)
    intend_deletion(context, intention)
    if not inside:
        follow_members(context, [group.id])
    for card in inside:
        set_groups(context, instance, card, tuple(each for each in card.security_group_ids if each != group.id))
    return {}


def _instance(context: Context, request: requests.JoinSecurityGroup | requests.LeaveSecurityGroup) -> Instance:
    """The instance that is meant, by its id or that of a card. Raises MissingParameter, NotFound, InstanceAbsent."""
    if request.instance_id:
        return context.fleet.of_instance(request.instance_id, context.region)[1]
    if not request.network_interface_id:
        raise MissingParameter("InstanceId")
    for each in context.fleet.instances(context.region):
        if any(card.id == request.network_interface_id for card in each.interfaces):
            return each
    message = f"The specified network interface {request.network_interface_id} does not exist."
    raise NotFound("InvalidNetworkInterfaceId.NotFound", message)


def delete_security_group(context: Context, request: requests.DeleteSecurityGroup) -> responses.Nothing:
    """Delete a group that has no members and that no other group's rules name."""
    id = request.security_group_id
    group = load_group(context.registry, context.region, id)
    if group is None and not was_deletion_intended(context, id):
        require_group(context.registry, context.region, id)
    members = [each for each in context.fleet.instances(context.region) if is_in(each, id)]
    decide.require_unused(id, members, _naming(context).get(id, ()))
    intend_deletion(context, id)
    for host in context.fleet.hosts(context.region):
        try:
            context.fleet.hypervisor(host).remove_group_filter(id)
        except WrongState as joined:
            # Somebody joined it since we looked.
            raise Refused("DependencyViolation", str(joined)) from joined
    forget_group(context.registry, id)
    forget_tags(context.registry, id)
    return {}
