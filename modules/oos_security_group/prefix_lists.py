"""Operations on prefix lists: made, listed, changed, deleted; groups whose rules name one follow it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from oos.fleet.firewall import network
from oos.service.context import Context
from oos.service.deletion import intend_deletion, was_deletion_intended
from oos.service.errors import ApiError, InvalidParameter, Refused
from oos.service.filtering import has_tags, is_wanted, matches_name, tag_shapes
from oos.service.group_enforcement import enforce
from oos.service.paging import page_of
from oos.service.prefix_lists import FAMILIES, PREFIX_LISTS, PrefixList, require_prefix_list
from oos.service.security_groups import load_groups, load_rules
from oos.service.shape import instant, newest_first
from oos.service.tags import changes_of_all, forget_tags, set_tags, tags_after, tags_from
from oos.values.identifiers import resource_id
from oos_security_group import prefix_requests as requests
from oos_security_group import prefix_responses as shapes
from oos_security_group import responses


def create_prefix_list(context: Context, request: requests.CreatePrefixList) -> shapes.MadeList:
    """Make a list of address ranges, which rules of security groups can name."""
    id, tags = resource_id("pl", context.token), tags_from(request.tag)
    made = PrefixList(
        id,
        context.region,
        request.address_family,
        request.max_entries,
        context.now(),
        context.token,
        _entries({}, request.entry, request.address_family),
        request.prefix_list_name,
        request.description,
        request.resource_group_id,
    )
    _require_room(made)
    known = PREFIX_LISTS.load(context.registry, id)
    if known is None:
        PREFIX_LISTS.keep(context.registry, made)
    set_tags(context.registry, id, tags)
    return {"PrefixListId": id}


def _entries(before: Mapping[str, str], added: Iterable[requests.Entry], family: str) -> dict[str, str]:
    """The ranges there are, and these; a description that is given again is the new one. Raises InvalidParameter."""
    found = dict(before)
    for each in added:
        found[_range(each.cidr, family)] = each.description
    return found


def _range(text: str, family: str) -> str:
    try:
        parsed = network(text)
    except ValueError as error:
        raise InvalidParameter("Entry.Cidr", f"{text!r}: {error}.", code="InvalidEntryCidr.Malformed") from error
    if parsed.version != FAMILIES[family]:
        message = f"{text} is no range of {family}, as all of the list are."
        raise InvalidParameter("Entry.Cidr", message, code="InvalidEntryCidr.AddressFamilyMismatch")
    return str(parsed)


def _require_room(wanted: PrefixList) -> None:
    if len(wanted.entries) > wanted.most:
        message = f"{len(wanted.entries)} ranges are too many; the list may have {wanted.most}."
        raise ApiError("LimitExceed.Entry", message)


def _naming(context: Context) -> dict[str, list[str]]:
    """By list, the groups whose rules name it."""
    here = {each.id for each in load_groups(context.registry, context.region)}
    found: dict[str, dict[str, None]] = {}
    for each in load_rules(context.registry):
        if each.rule.peer.prefix_list_id and each.group_id in here:
            found.setdefault(each.rule.peer.prefix_list_id, {})[each.group_id] = None
    return {id: list(groups) for id, groups in found.items()}


def describe_prefix_lists(context: Context, request: requests.DescribePrefixLists) -> shapes.PrefixLists:
    """List prefix lists, newest first."""
    tags = {id: tags_after({}, changes) for id, changes in changes_of_all(context.registry).items()}
    found = [
        each
        for each in PREFIX_LISTS.of_region(context.registry, context.region)
        if (request.prefix_list_id is None or each.id in request.prefix_list_id)
        and matches_name(each.name, request.prefix_list_name)
        and is_wanted(each.family, request.address_family)
        and is_wanted(each.resource_group, request.resource_group_id)
        and has_tags(tags.get(each.id, {}), request.tag)
    ]
    page = page_of(found, request, lambda each: newest_first(each.created, each.id), descending=True)
    naming = _naming(context)
    described: list[shapes.PrefixListShape] = [
        {
            "PrefixListId": each.id,
            "PrefixListName": each.name,
            "Description": each.description,
            "AddressFamily": each.family,
            "MaxEntries": each.most,
            "AssociationCount": len(naming.get(each.id, ())),
            "CreationTime": instant(each.created),
            "ResourceGroupId": each.resource_group,
            "Tags": tag_shapes(tags.get(each.id, {})),
        }
        for each in page.items
    ]
    return {"PrefixLists": {"PrefixList": described}, "NextToken": page.fields["NextToken"]}


def describe_prefix_list_attributes(
    context: Context, request: requests.DescribePrefixListAttributes
) -> shapes.PrefixListAttributes:
    """Describe one list, with its ranges."""
    found = require_prefix_list(context.registry, context.region, request.prefix_list_id)
    entries: list[shapes.EntryShape] = [
        {"Cidr": cidr, "Description": description} for cidr, description in found.entries.items()
    ]
    return {
        "PrefixListId": found.id,
        "PrefixListName": found.name,
        "Description": found.description,
        "AddressFamily": found.family,
        "MaxEntries": found.most,
        "CreationTime": instant(found.created),
        "Entries": {"Entry": entries},
    }


def describe_prefix_list_associations(
    context: Context, request: requests.DescribePrefixListAssociations
) -> shapes.Associations:
    """Tell which security groups have rules that name a list."""
    found = require_prefix_list(context.registry, context.region, request.prefix_list_id)
    page = page_of(_naming(context).get(found.id, []), request, lambda each: (each,))
    named: list[shapes.Association] = [{"ResourceId": each, "ResourceType": "securitygroup"} for each in page.items]
    return {"PrefixListAssociations": {"PrefixListAssociation": named}, "NextToken": page.fields["NextToken"]}


def modify_prefix_list(context: Context, request: requests.ModifyPrefixList) -> responses.Nothing:
    """Change a list; hosts carry out the rules that name it as it is now."""
    with context.registry.alone_with(f"prefix list {request.prefix_list_id}"):
        before = require_prefix_list(context.registry, context.region, request.prefix_list_id)
        removed = [_range(each.cidr, before.family) for each in request.remove_entry]
        added = _entries({}, request.add_entry, before.family)
        for cidr in removed:
            if cidr in added:
                raise InvalidParameter("RemoveEntry", f"{cidr} is to be added and to be taken away.")
            if cidr not in before.entries and not was_deletion_intended(context, f"{before.id}/{cidr}"):
                message = f"The list {before.id} has no range {cidr}."
                raise InvalidParameter("RemoveEntry", message, code="InvalidEntryCidr.NotFound")
        left = {cidr: description for cidr, description in before.entries.items() if cidr not in removed}
        after = replace(
            before,
            name=before.name if request.prefix_list_name is None else request.prefix_list_name,
            description=before.description if request.description is None else request.description,
            entries={**left, **added},
        )
        _require_room(after)
        for cidr in removed:
            intend_deletion(context, f"{before.id}/{cidr}")
        PREFIX_LISTS.keep(context.registry, after)
    naming = _naming(context).get(after.id)
    if naming:
        enforce(context, naming)
    return {}


def delete_prefix_list(context: Context, request: requests.DeletePrefixList) -> responses.Nothing:
    """Delete a list that no rule names."""
    id = request.prefix_list_id
    if PREFIX_LISTS.load(context.registry, id) is None and was_deletion_intended(context, id):
        return {}
    require_prefix_list(context.registry, context.region, id)
    naming = _naming(context).get(id)
    if naming:
        raise Refused("DependencyViolation.SecurityGroup", f"A rule of the security group {naming[0]} names {id}.")
    intend_deletion(context, id)
    PREFIX_LISTS.forget(context.registry, id)
    forget_tags(context.registry, id)
    return {}
