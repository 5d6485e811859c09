"""Ops items: what has to be looked into, kept with its urgency, what it is about, and the templates that may help."""

from __future__ import annotations

from oos.service.operation import Effect, Module, Operation, Risk
from oos_ops_item import operations, requests, responses

OPERATIONS = (
    Operation(
        "OOS",
        "CreateOpsItem",
        requests.CreateOpsItem,
        responses.Written,
        operations.create_ops_item,
        effect=Effect.CHANGES,
    ),
    Operation("OOS", "GetOpsItem", requests.GetOpsItem, responses.Whole, operations.get_ops_item),
    Operation(
        "OOS",
        "ListOpsItems",
        requests.ListOpsItems,
        responses.Listed,
        operations.list_ops_items,
        list_field="OpsItems",
        refuses=("ResourceTags",),
    ),
    Operation(
        "OOS",
        "UpdateOpsItem",
        requests.UpdateOpsItem,
        responses.Changed,
        operations.update_ops_item,
        effect=Effect.CHANGES,
    ),
    Operation(
        "OOS",
        "DeleteOpsItems",
        requests.DeleteOpsItems,
        responses.Nothing,
        operations.delete_ops_items,
        effect=Effect.DESTROYS,
        risk=Risk.HIGH,
    ),
)

MODULE = Module("ops_item", OPERATIONS)
