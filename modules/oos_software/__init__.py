"""What is in guests: inventory entries, patches and packages, as they were found there."""

from __future__ import annotations

from oos.service.actions import actions_beside
from oos.service.operation import Effect, Module, Operation
from oos_software import operations, requests, responses

OPERATIONS = (
    Operation(
        "OOS",
        "GetInventorySchema",
        requests.GetInventorySchema,
        responses.Schemas,
        operations.get_inventory_schema,
        list_field="Schemas",
        refuses=("Aggregator",),
    ),
    Operation(
        "OOS",
        "PutInventory",
        requests.PutInventory,
        responses.Nothing,
        operations.put_inventory,
        effect=Effect.CHANGES,
    ),
    Operation(
        "OOS",
        "ListInventoryEntries",
        requests.ListInventoryEntries,
        responses.Entries,
        operations.list_inventory_entries,
        list_field="Entries",
    ),
    Operation(
        "OOS",
        "SearchInventory",
        requests.SearchInventory,
        responses.Entities,
        operations.search_inventory,
        list_field="Entities",
        refuses=("Aggregator",),
    ),
    Operation(
        "OOS",
        "PutInstancePatches",
        requests.PutInstancePatches,
        responses.Nothing,
        operations.put_instance_patches,
        effect=Effect.CHANGES,
    ),
    Operation(
        "OOS",
        "ListInstancePatches",
        requests.ListInstancePatches,
        responses.Patches,
        operations.list_instance_patches,
        list_field="Patches",
    ),
    Operation(
        "OOS",
        "ListInstancePatchStates",
        requests.ListInstancePatchStates,
        responses.PatchStates,
        operations.list_instance_patch_states,
        list_field="InstancePatchStates",
    ),
    Operation(
        "OOS",
        "UpdateInstancePackageState",
        requests.UpdateInstancePackageState,
        responses.Nothing,
        operations.update_instance_package_state,
        effect=Effect.CHANGES,
    ),
    Operation(
        "OOS",
        "ListInstancePackageStates",
        requests.ListInstancePackageStates,
        responses.PackageStates,
        operations.list_instance_package_states,
        list_field="PackageStates",
    ),
)

MODULE = Module("software", OPERATIONS, actions_beside(__file__))
