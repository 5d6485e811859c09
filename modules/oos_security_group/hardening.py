"""Operations on the security of groups: held against a baseline, and what a change would cut."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from oos.fleet.errors import AgentFailed, AgentUnavailable, FleetError
from oos.fleet.firewall import Member, compile_group
from oos.fleet.instance import Instance, Power
from oos.hardening.baseline import Baseline, BaselineFault, Severity, read_baseline, standard_baseline
from oos.hardening.checks import find, merged_changes, score
from oos.hardening.facts import Facts, Finding, GroupFacts, changed
from oos.hardening.flows import GUEST_TABLES, FlowInUse, Socket, cut_by, flows_of_guest, flows_of_host, read_sockets
from oos.service.context import Context
from oos.service.errors import InvalidParameter
from oos.service.group_enforcement import groups_of, hypervisor_named, is_in, members_of
from oos.service.many import at_once
from oos.service.security_groups import load_groups, require_group
from oos.service.shape import instant
from oos.values.json import Value
from oos_security_group import hardening_requests as requests
from oos_security_group import hardening_responses as responses
from oos_security_group import hardening_shapes as shapes
from oos_security_group.hardening_changes import group_changes

TABLE_BYTES = 1 << 20


def describe_security_baseline(context: Context, request: requests.DescribeSecurityBaseline) -> responses.BaselineShape:
    """Show a baseline: what it checks, how bad that would be, and why; what is accepted for now."""
    del context
    return shapes.baseline_shape(_baseline(request.baseline))


def describe_security_findings(context: Context, request: requests.DescribeSecurityFindings) -> responses.Checked:
    """Hold security groups against a baseline: findings worst first, a score, and what would mend them."""
    baseline = _baseline(request.baseline, request.management)
    for id in request.security_group_ids or ():
        require_group(context.registry, context.region, id)
    facts = facts_of(context, request.security_group_ids)
    least = Severity(request.severity)
    wanted = None if request.checks is None else {each.casefold() for each in request.checks}
    findings = [
        each
        for each in find(baseline, facts, context.now().date())
        if each.severity.is_at_least(least) and (wanted is None or each.check.casefold() in wanted)
    ]
    return {
        "Baseline": shapes.baseline_shape(baseline),
        "Score": score(findings),
        "Findings": [shapes.finding_shape(each) for each in findings],
        "Changes": [shapes.change_shape(each) for each in merged_changes(_open(findings))],
        "Groups": len(facts.groups),
        "Instances": len(facts.instances),
        "CheckedTime": instant(context.now()),
    }


def _open(findings: Iterable[Finding]) -> Iterable[Finding]:
    return (each for each in findings if not each.accepted)


def _baseline(given: Mapping[str, Value] | None, management: Sequence[str] | None = None) -> Baseline:
    try:
        baseline = standard_baseline() if given is None else read_baseline(given)
        if management is not None:
            baseline = read_baseline({**msgspec.to_builtins(baseline), "management": list(management)})
    except BaselineFault as error:
        raise InvalidParameter("Baseline", f"The baseline: {error}.") from error
    return baseline


def facts_of(context: Context, group_ids: Sequence[str] | None) -> Facts:
    """What checks look at: the groups that are asked for, who is in them, what hosts carry out."""
    instances = context.fleet.instances(context.region)
    groups = groups_of(context)
    names = {each.id: each.name for each in load_groups(context.registry, context.region)}
    members = members_of(context, instances, groups)
    carried_out = {
        host: {each.id: each for each in hypervisor_named(context, host).group_filters()}
        for host in sorted({each.host for each in instances if any(is_in(each, id) for id in groups)})
    }
    found = []
    for id, group in groups.items():
        if group_ids is not None and id not in group_ids:
            continue
        inside = [each for each in instances if is_in(each, id)]
        wanted = compile_group(group, members)
        drifted = sorted({each.host for each in inside if carried_out[each.host].get(id) != wanted})
        found.append(GroupFacts(group, names[id], tuple(each.id for each in inside), tuple(drifted)))
    asked = instances if group_ids is None else [each for each in instances if any(is_in(each, id) for id in group_ids)]
    return Facts(
        tuple(found),
        members,
        {
            each.id: tuple(dict.fromkeys(id for card in each.interfaces for id in card.security_group_ids))
            for each in asked
        },
        {each.id: each.name for each in instances},
    )


# what a change would cut


def describe_security_impact(context: Context, request: requests.DescribeSecurityImpact) -> responses.Impact:
    """Tell which connections in use now a change of security groups would cut."""
    groups = groups_of(context)
    changes = group_changes(context, request.change)
    after = dict(groups)
    for each in changes:
        after[each.group_id] = changed(after[each.group_id], each)
    instances = [
        each
        for each in context.fleet.instances(context.region)
        if any(is_in(each, change.group_id) for change in changes)
    ]
    members = members_of(context, context.fleet.instances(context.region), groups)
    told = dict(
        zip([each.id for each in instances], at_once(lambda one: flows_in_use(context, one), instances), strict=True)
    )
    flows = [flow for each in told.values() for flow in each or ()]
    flows += flows_of_host(request.connection_table, _owners(instances, members))
    ids = {each.id: [id for id in groups if is_in(each, id)] for each in instances}
    cut = cut_by(
        flows,
        {id: [groups[one] for one in mine] for id, mine in ids.items()},
        {id: [after[one] for one in mine] for id, mine in ids.items()},
        members,
    )
    names = {each.id: each.name for each in instances}
    return {
        "Cut": [shapes.cut_shape(each, names) for each in cut],
        "InUse": len(set(flows)),
        "Unseen": [id for id, each in told.items() if each is None],
    }


def flows_in_use(context: Context, instance: Instance) -> tuple[FlowInUse, ...] | None:
    """The connections that a guest tells; None where it does not. One that is off has none."""
    if instance.power is Power.STOPPED:
        return ()
    hypervisor = hypervisor_named(context, instance.host)
    sockets: list[Socket] = []
    for path, protocol in GUEST_TABLES.items():
        try:
            text = hypervisor.guest_read(instance.id, path, limit=TABLE_BYTES).decode(errors="replace")
        except AgentFailed:
            # This kernel has no such table: no IPv6, say.
            continue
        except (AgentUnavailable, FleetError):
            return None
        sockets += read_sockets(text, protocol)
    return flows_of_guest(instance.id, sockets)


def _owners(instances: Iterable[Instance], members: Mapping[str, Sequence[Member]]) -> Mapping[str, str]:
    cards = {card.mac.lower(): each.id for each in instances for card in each.interfaces}
    return {
        address: cards[member.mac.lower()]
        for several in members.values()
        for member in several
        if member.mac.lower() in cards
        for address in member.addresses
    }
