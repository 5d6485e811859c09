"""A small catalog for tests: a few operations and product actions, like those of real modules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypedDict

from oos.service.catalog import Catalog
from oos.service.context import Context
from oos.service.operation import ActionSource, Module, Operation
from oos.service.parameter import Param


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeInstances:
    instance_ids: tuple[str, ...] = ()
    instance_name: str = ""
    status: Annotated[str, Param("Status.", allowed=("Running", "Stopped"))] = ""
    page_size: int = 10
    dry_run: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StartInstance:
    instance_id: Annotated[str, Param("The instance.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemDisk:
    size: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RunInstances:
    image_id: str
    amount: int = 1
    instance_name: str = ""
    password: str = ""
    system_disk: SystemDisk = SystemDisk()


class InstanceShape(TypedDict):
    InstanceId: str
    Status: str
    Cpu: int


class InstanceShapes(TypedDict):
    Instance: list[InstanceShape]


class Instances(TypedDict):
    TotalCount: int
    Instances: InstanceShapes


class Nothing(TypedDict):
    """Says only that it is done."""


def _handle(context: Context, request: Any) -> Mapping[str, Any]:
    """Never called: these tests only check."""
    raise AssertionError


START_INSTANCE: Final = ActionSource(
    "ACS::ECS::StartInstance",
    """
FormatVersion: OOS-2019-06-01
Parameters:
  instanceId: {Type: String, AllowedPattern: 'i-[a-z0-9]+'}
  timeout: {Type: Number, Default: 60}
  force: {Type: Boolean, Default: false}
Tasks:
  - Name: start
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: StartInstance, Parameters: {InstanceId: '{{ instanceId }}'}}
Outputs:
  state: {Type: String, Value: Running}
""",
    "ACS.ECS.StartInstance.yml",
)

CATALOG: Final = Catalog(
    [
        Module(
            "sample",
            (
                Operation("ECS", "DescribeInstances", DescribeInstances, Instances, _handle),
                Operation("ECS", "StartInstance", StartInstance, Nothing, _handle),
                Operation("ECS", "RunInstances", RunInstances, Nothing, _handle, ignores=("InternetChargeType",)),
            ),
            (START_INSTANCE,),
        )
    ]
)
