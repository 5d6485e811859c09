"""Maintenance: events announced for instances, consent to them, and what is wanted when hosts come back."""

from __future__ import annotations

from oos.service.operation import Effect, Module, Operation
from oos_maintenance import operations, requests, responses

OPERATIONS = (
    Operation(
        "ECS",
        "DescribeInstancesFullStatus",
        requests.DescribeInstancesFullStatus,
        responses.InstancesFullStatus,
        operations.describe_instances_full_status,
        list_field="InstanceFullStatusSet.InstanceFullStatusType",
    ),
    Operation(
        "ECS",
        "DescribeInstanceHistoryEvents",
        requests.DescribeInstanceHistoryEvents,
        responses.HistoryEvents,
        operations.describe_instance_history_events,
        list_field="InstanceSystemEventSet.InstanceSystemEventType",
        refuses=("ImpactLevel", "ResourceGroupId", "Tag*"),
    ),
    Operation(
        "ECS",
        "CreateSimulatedSystemEvents",
        requests.CreateSimulatedSystemEvents,
        responses.MadeEvents,
        operations.create_simulated_system_events,
        effect=Effect.CHANGES,
        refuses=("TriggerRealOps",),
    ),
    Operation(
        "ECS",
        "CancelSimulatedSystemEvents",
        requests.CancelSimulatedSystemEvents,
        responses.Nothing,
        operations.cancel_simulated_system_events,
        effect=Effect.CHANGES,
    ),
    Operation(
        "ECS",
        "AcceptInquiredSystemEvent",
        requests.AcceptInquiredSystemEvent,
        responses.Nothing,
        operations.accept_inquired_system_event,
        effect=Effect.CHANGES,
        refuses=("Choice",),
    ),
    Operation(
        "ECS",
        "ModifyInstanceMaintenanceAttributes",
        requests.ModifyInstanceMaintenanceAttributes,
        responses.Nothing,
        operations.modify_instance_maintenance_attributes,
        effect=Effect.CHANGES,
    ),
    Operation(
        "ECS",
        "DescribeInstanceMaintenanceAttributes",
        requests.DescribeInstanceMaintenanceAttributes,
        responses.MaintenanceAttributes,
        operations.describe_instance_maintenance_attributes,
        list_field="MaintenanceAttributes.MaintenanceAttribute",
    ),
)

MODULE = Module("maintenance", OPERATIONS)
