"""Requests about what is in guests: parameters as OOS 2019-06-01 names them, and two operations of our own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from oos.service.paging import Tokened
from oos.service.parameter import Form, Param
from oos.values.json import Value

OPERATORS = ("Equal", "NotEqual", "BeginWith", "LessThan", "GreaterThan")
PATCH_STATUSES = (
    "Installed",
    "InstalledOther",
    "InstalledPendingReboot",
    "InstalledRejected",
    "Missing",
    "Failed",
)

InstanceId = Annotated[str, Param("The instance.")]
TypeName = Annotated[str, Param("Type of the entries, such as ACS:Application.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """A condition on an attribute of entries."""

    name: Annotated[str, Param("Attribute, or TYPE.Attribute when several types are searched.")]
    operator: Annotated[str, Param("How it is compared.", allowed=OPERATORS)] = "Equal"
    value: Annotated[tuple[str, ...], Param("Values of which one must fit.")] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GetInventorySchema(Tokened):
    """Of which types of entries to tell the attributes."""

    type_name: Annotated[str, Param("Only this type.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListInventoryEntries(Tokened):
    """Which entries of an instance to list."""

    instance_id: InstanceId
    type_name: TypeName
    filter: Annotated[tuple[Filter, ...], Param("Conditions that must all hold.", most=5)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchInventory(Tokened):
    """Which instances to find by their entries."""

    filter: Annotated[tuple[Filter, ...], Param("Conditions that must all hold: TYPE.Attribute.", most=5)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PutInventory:
    """What was found in a guest; it takes the place of what was known of the type."""

    instance_id: InstanceId
    entries: Annotated[Any, Param("Entries by type: a map of lists of maps, or its JSON text.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """A patch, and how it stands in a guest."""

    title: Annotated[str, Param("Title.")]
    status: Annotated[str, Param("How it stands.", allowed=PATCH_STATUSES)]
    kb_id: Annotated[str, Param("Number or name of the patch.", name="KBId")] = ""
    classification: Annotated[str, Param("Kind of patch.")] = ""
    severity: Annotated[str, Param("How bad it is without it.")] = ""
    installed_time: Annotated[str, Param("When it was installed.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PutInstancePatches:
    """What a look for patches, or their installation, brought."""

    instance_id: InstanceId
    operation_type: Annotated[str, Param("What was done.", allowed=("scan", "install"))] = "scan"
    patches: Annotated[tuple[Patch, ...], Param("All patches, with how they stand.", form=Form.JSON)] = ()
    patch_group: Annotated[str, Param("Group of instances that are patched alike.")] = ""
    start_time: Annotated[str, Param("When it began; now when not given.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListInstancePatches(Tokened):
    """Of which instance to list the patches."""

    instance_id: InstanceId
    patch_statuses: Annotated[tuple[str, ...], Param("Only those that stand so.", form=Form.JSON)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListInstancePatchStates(Tokened):
    """Of which instances to count the patches."""

    instance_ids: Annotated[tuple[str, ...] | None, Param("Only these.", form=Form.JSON, most=100)] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UpdateInstancePackageState:
    """Which package an instance has, or has no longer."""

    instance_id: InstanceId
    template_name: Annotated[str, Param("Template of the package.")]
    template_version: Annotated[str, Param("Version of the template.")] = ""
    configure_action: Annotated[str, Param("What was done.", allowed=("install", "uninstall", "update"))]
    configuration_info: Annotated[str, Param("What the package was told.")] = ""
    parameters: Annotated[Mapping[str, Value] | None, Param("Its parameters, as a map.")] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ListInstancePackageStates(Tokened):
    """Of which instance to list the packages."""

    instance_id: InstanceId
    template_names: Annotated[tuple[str, ...], Param("Only these.", form=Form.JSON)] = ()
