"""Operations that keep, and tell, what was found in guests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from oos.service.context import Context
from oos.service.errors import InvalidParameter
from oos.service.paging import slice_of
from oos.values.identifiers import resource_id
from oos.values.json import json_text
from oos.values.time import format_instant, parse_instant
from oos_software import decide, requests, responses
from oos_software.schema import ATTRIBUTES, VERSION

_ENTRIES = "inventory-entry"
_PATCHES = "patch-state"
_PACKAGES = "package-state"


def get_inventory_schema(_context: Context, request: requests.GetInventorySchema) -> responses.Schemas:
    """Tell the types of inventory entries, and the attributes of each."""
    kinds = [decide.type_named(request.type_name)] if request.type_name else list(ATTRIBUTES)
    page = slice_of(kinds, request, lambda kind: (kind,))
    shapes: list[responses.SchemaShape] = [
        {
            "TypeName": kind,
            "Version": VERSION,
            "Attributes": [{"Name": name, "DataType": "string"} for name in ATTRIBUTES[kind]],
        }
        for kind in page.items
    ]
    return {"Schemas": shapes, "MaxResults": str(page.fields["MaxResults"]), "NextToken": page.fields["NextToken"]}


def put_inventory(context: Context, request: requests.PutInventory) -> responses.Nothing:
    """Keep what was found in a guest, in place of what was known of the same types."""
    machine = _machine(context, request.instance_id)
    for kind, rows in decide.read_entries(request.entries).items():
        document = {
            "Entries": [{name: context.redact(value) for name, value in row.items()} for row in rows],
            "CaptureTime": format_instant(context.now()),
        }
        context.registry.put(_ENTRIES, f"{machine}/{kind}", document)
    return {}


def list_inventory_entries(context: Context, request: requests.ListInventoryEntries) -> responses.Entries:
    """List what is known of a guest, of one type."""
    kind = decide.type_named(request.type_name)
    machine = _machine(context, request.instance_id)
    document = context.registry.get(_ENTRIES, f"{machine}/{kind}") or {"Entries": [], "CaptureTime": ""}
    found = [each for each in document["Entries"] if decide.fits(each, request.filter, kind)]
    page = slice_of(decide.numbered(found), request, lambda row: (row[0],))
    return {
        "InstanceId": machine,
        "TypeName": kind,
        "SchemaVersion": VERSION,
        "CaptureTime": document["CaptureTime"],
        "Entries": [dict(entry) for _, entry in page.items],
        **page.fields,
    }


def search_inventory(context: Context, request: requests.SearchInventory) -> responses.Entities:
    """Find instances by what is in their guests."""
    by_kind: dict[str, list[requests.Filter]] = {}
    for condition in request.filter:
        by_kind.setdefault(decide.kind_of(condition), []).append(condition)
    found: list[dict[str, Any]] = []
    for machine in _machines(context):
        data: dict[str, Any] = {}
        for key, document in context.registry.items(_ENTRIES, f"{machine}/"):
            kind = key.partition("/")[2]
            rows = [dict(each) for each in document["Entries"] if decide.fits(each, by_kind.get(kind, ()), kind)]
            if rows:
                data[kind] = {"Content": rows, "CaptureTime": document["CaptureTime"], "SchemaVersion": VERSION}
        if data and set(by_kind) <= set(data):
            found.append({"Id": machine, "Data": data})
    page = slice_of(found, request, lambda each: (each["Id"],))
    return {"Entities": list(page.items), **page.fields}


def put_instance_patches(context: Context, request: requests.PutInstancePatches) -> responses.Nothing:
    """Keep how the patches of a guest stand, in place of what was known."""
    machine = _machine(context, request.instance_id)
    try:
        began = parse_instant(request.start_time) if request.start_time else context.now()
    except ValueError as error:
        raise InvalidParameter("StartTime", f"The parameter StartTime is {error}.") from error
    patches = [
        {
            "Title": each.title,
            "KBId": each.kb_id,
            "Classification": each.classification,
            "Severity": each.severity,
            "Status": each.status,
            "InstalledTime": each.installed_time,
        }
        for each in request.patches
    ]
    document = {
        "InstanceId": machine,
        "OperationType": request.operation_type,
        "PatchGroup": request.patch_group,
        "StartTime": format_instant(began),
        "EndTime": format_instant(context.now()),
        "Patches": patches,
    }
    context.registry.put(_PATCHES, machine, document)
    return {}


def list_instance_patches(context: Context, request: requests.ListInstancePatches) -> responses.Patches:
    """List the patches of a guest, as the last look found them."""
    machine = _machine(context, request.instance_id)
    document = context.registry.get(_PATCHES, machine) or {"Patches": []}
    wanted = {each.casefold() for each in request.patch_statuses}
    found = [each for each in document["Patches"] if not wanted or each["Status"].casefold() in wanted]
    page = slice_of(decide.numbered(found), request, lambda row: (row[0],))
    return {"Patches": [dict(patch) for _, patch in page.items], **page.fields}  # type: ignore[misc]  # kept as shaped


def list_instance_patch_states(context: Context, request: requests.ListInstancePatchStates) -> responses.PatchStates:
    """Count the patches of guests by how they stand; a guest that was never looked at is not listed."""
    there = set(_machines(context))
    wanted = there if request.instance_ids is None else there & set(request.instance_ids)
    found = [document for id, document in context.registry.items(_PATCHES) if id in wanted]
    page = slice_of(found, request, lambda each: (each["InstanceId"],))
    return {"InstancePatchStates": [decide.patch_state(each) for each in page.items], **page.fields}


def update_instance_package_state(context: Context, request: requests.UpdateInstancePackageState) -> responses.Nothing:
    """Write down that a package was installed in a guest, or taken away."""
    machine = _machine(context, request.instance_id)
    key = f"{machine}/{request.template_name}"
    if request.configure_action == "uninstall":
        context.registry.remove(_PACKAGES, key)
        return {}
    document = {
        "TemplateName": request.template_name,
        "TemplateId": resource_id("t", request.template_name),
        "TemplateVersion": request.template_version,
        "TemplateVersionName": "",
        "TemplateCategory": "",
        "Publisher": context.caller,
        "Description": "",
        "Parameters": context.redact(json_text(dict(request.parameters or {}))),
        "ConfigurationInfo": context.redact(request.configuration_info),
        "UpdateTime": format_instant(context.now()),
    }
    context.registry.put(_PACKAGES, key, document)
    return {}


def list_instance_package_states(
    context: Context, request: requests.ListInstancePackageStates
) -> responses.PackageStates:
    """List the packages that were installed in a guest."""
    machine = _machine(context, request.instance_id)
    found = [
        document
        for _, document in context.registry.items(_PACKAGES, f"{machine}/")
        if not request.template_names or document["TemplateName"] in request.template_names
    ]
    page = slice_of(found, request, lambda each: (each["TemplateName"],))
    shapes: Any = [dict(each) for each in page.items]
    return {
        "PackageStates": shapes,
        "MaxResults": str(page.fields["MaxResults"]),
        "NextToken": page.fields["NextToken"],
    }


def _machine(context: Context, id: str) -> str:
    """The id of an instance, or of a managed one, that is there. Raises InstanceAbsent."""
    if id.startswith("mi-"):
        return context.fleet.managed(id, context.region).id
    return context.fleet.of_instance(id, context.region)[1].id


def _machines(context: Context) -> Iterator[str]:
    """The ids of all instances, and of all managed ones."""
    yield from (each.id for each in context.fleet.instances(context.region))
    region = context.fleet.inventory.region(context.region)
    yield from (each.id for each in (region.managed if region is not None else ()))
