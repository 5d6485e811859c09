"""What instances cost, and how they are paid for."""

from __future__ import annotations

from oos.service.actions import actions_beside
from oos.service.operation import Effect, Module, Operation
from oos_billing import operations, requests, responses

OPERATIONS = (
    Operation(
        "ECS",
        "RenewInstance",
        requests.RenewInstance,
        responses.Order,
        operations.renew_instance,
        effect=Effect.CHANGES,
        ignores=("ExpectedRenewDay",),
    ),
    Operation(
        "ECS",
        "ModifyInstanceChargeType",
        requests.ModifyInstanceChargeType,
        responses.ChargeTypeChanged,
        operations.modify_instance_charge_type,
        effect=Effect.CHANGES,
        ignores=("AutoPay", "IncludeDataDisks", "IsDetailFee", "Period", "PeriodUnit"),
    ),
    Operation(
        "ECS",
        "ModifyInstanceAutoRenewAttribute",
        requests.ModifyInstanceAutoRenewAttribute,
        responses.Nothing,
        operations.modify_instance_auto_renew_attribute,
        effect=Effect.CHANGES,
        ignores=("Duration", "PeriodUnit"),
    ),
    Operation(
        "ECS",
        "DescribeInstanceAutoRenewAttribute",
        requests.DescribeInstanceAutoRenewAttribute,
        responses.RenewAttributes,
        operations.describe_instance_auto_renew_attribute,
        list_field="InstanceRenewAttributes.InstanceRenewAttribute",
    ),
    Operation(
        "ECS",
        "DescribeSpotPriceHistory",
        requests.DescribeSpotPriceHistory,
        responses.SpotPrices,
        operations.describe_spot_price_history,
        ignores=("IoOptimized", "OSType", "SpotDuration"),
    ),
    Operation(
        "ECS",
        "DescribeSavingsPlanPrice",
        requests.DescribeSavingsPlanPrice,
        responses.PlanPrice,
        operations.describe_savings_plan_price,
    ),
    Operation(
        "ECS",
        "CreateSavingsPlan",
        requests.CreateSavingsPlan,
        responses.MadePlan,
        operations.create_savings_plan,
        effect=Effect.CHANGES,
    ),
    Operation(
        "ECS",
        "PurchaseReservedInstancesOffering",
        requests.PurchaseReservedInstancesOffering,
        responses.Reserved,
        operations.purchase_reserved_instances_offering,
        effect=Effect.CHANGES,
        ignores=(
            "AutoRenew",
            "AutoRenewPeriod",
            "ReservedInstanceName",
            "ResourceGroupId",
            "StartTime",
            "Tag*",
        ),
    ),
    Operation(
        "ECS",
        "DescribeReservedInstances",
        requests.DescribeReservedInstances,
        responses.ReservedInstances,
        operations.describe_reserved_instances,
        list_field="ReservedInstances.ReservedInstance",
        ignores=("AllocationType", "InstanceTypeFamily", "LockReason", "OfferingType", "Scope", "Tag*"),
    ),
)

MODULE = Module("billing", OPERATIONS, actions_beside(__file__))
