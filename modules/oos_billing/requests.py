"""Requests about what instances cost: parameters as ECS 2014-05-26 names them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from oos.service.paging import Paged
from oos.service.parameter import Form, Param

InstanceId = Annotated[str, Param("The instance.")]
PeriodUnit = Annotated[str, Param("Unit of the period.", allowed=("Day", "Week", "Month", "Year"))]


@dataclass(frozen=True, slots=True, kw_only=True)
class RenewInstance:
    """Which instance to pay for longer."""

    instance_id: InstanceId
    period: Annotated[int | None, Param("How long.")] = None
    period_unit: PeriodUnit = "Month"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyInstanceChargeType:
    """How instances are to be paid for."""

    instance_ids: Annotated[tuple[str, ...], Param("The instances.", form=Form.JSON, most=20)]
    instance_charge_type: Annotated[
        str, Param("PostPaid: by use, as here all are; PrePaid.", allowed=("PostPaid", "PrePaid"))
    ] = "PrePaid"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModifyInstanceAutoRenewAttribute:
    """Whether instances are paid for longer by themselves."""

    instance_id: Annotated[tuple[str, ...], Param("The instances.", form=Form.COMMAS, most=100)]
    auto_renew: Annotated[bool, Param("Whether they are.")] = False
    renewal_status: Annotated[
        str, Param("Whether they are, in another word.", allowed=("AutoRenewal", "Normal", "NotRenewal"))
    ] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeInstanceAutoRenewAttribute(Paged):
    """Of which instances to tell whether they are paid for longer by themselves."""

    instance_id: Annotated[tuple[str, ...] | None, Param("Only these.", form=Form.COMMAS, most=100)] = None
    renewal_status: Annotated[str, Param("Status.", allowed=("AutoRenewal", "Normal", "NotRenewal"))] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeSpotPriceHistory:
    """Of which instance type to tell what it cost."""

    instance_type: Annotated[str, Param("Instance type.")]
    network_type: Annotated[str, Param("Kind of network.", allowed=("vpc", "classic"))] = "vpc"
    zone_id: Annotated[str, Param("Zone; all when not given.")] = ""
    start_time: Annotated[str, Param("From then on; the last 30 days when not given.")] = ""
    end_time: Annotated[str, Param("Until then; now when not given.")] = ""
    offset: Annotated[int, Param("Of how many to skip the newest.", minimum=0)] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeSavingsPlanPrice:
    """What a promise of use would cost."""

    committed_amount: Annotated[float, Param("What is promised to be spent in an hour, at least.", minimum=0)]
    offering_type: Annotated[
        str, Param("What is paid at once.", allowed=("All Upfront", "Partial Upfront", "No Upfront"))
    ] = "All Upfront"
    plan_type: Annotated[str, Param("Kind of plan.", allowed=("ecs", "universal"))] = "ecs"
    instance_type_family: Annotated[str, Param("Family of instance types, for the kind ecs.")] = ""
    instance_type_family_group: Annotated[str, Param("Group of families.")] = ""
    period: Annotated[int, Param("For how many years.", minimum=1, maximum=5)] = 1
    period_unit: Annotated[str, Param("Unit of the period.", allowed=("Year",))] = "Year"
    resource_id: Annotated[tuple[str, ...], Param("Instances that it would be for.", most=100)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CreateSavingsPlan:
    """A promise of use; nothing is sold here."""

    committed_amount: Annotated[float, Param("What is promised to be spent in an hour, at least.", minimum=0)]
    offering_type: Annotated[str, Param("What is paid at once.")] = ""
    plan_type: Annotated[str, Param("Kind of plan.")] = ""
    instance_type_family: Annotated[str, Param("Family of instance types.")] = ""
    instance_type_family_group: Annotated[str, Param("Group of families.")] = ""
    charge_type: Annotated[str, Param("How it is paid.")] = ""
    period: Annotated[int | None, Param("For how long.")] = None
    period_unit: Annotated[str, Param("Unit of the period.")] = ""
    resource_id: Annotated[tuple[str, ...], Param("Instances that it is for.", most=100)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseReservedInstancesOffering:
    """Instances to reserve; nothing is sold here."""

    instance_type: Annotated[str, Param("Instance type.")]
    instance_amount: Annotated[int, Param("How many.", minimum=1)] = 1
    zone_id: Annotated[str, Param("Zone.")] = ""
    scope: Annotated[str, Param("Where they count.")] = ""
    period: Annotated[int | None, Param("For how long.")] = None
    period_unit: Annotated[str, Param("Unit of the period.")] = ""
    offering_type: Annotated[str, Param("What is paid at once.")] = ""
    platform: Annotated[str, Param("Operating system.")] = ""
    description: Annotated[str, Param("What they are for.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeReservedInstances(Paged):
    """Which reserved instances to list; there are none."""

    reserved_instance_id: Annotated[tuple[str, ...], Param("Only these.", most=100)] = ()
    reserved_instance_name: Annotated[str, Param("Name.")] = ""
    instance_type: Annotated[str, Param("Instance type.")] = ""
    zone_id: Annotated[str, Param("Zone.")] = ""
    status: Annotated[tuple[str, ...], Param("Statuses.")] = ()
