"""Deployment sets: instances spread over hosts, or kept together."""

from __future__ import annotations

from oos.service.actions import actions_beside
from oos.service.operation import Effect, Module, Operation, Risk
from oos_deployment_set import operations, requests, responses

OPERATIONS = (
    Operation(
        "ECS",
        "CreateDeploymentSet",
        requests.CreateDeploymentSet,
        responses.MadeSet,
        operations.create_deployment_set,
        effect=Effect.CHANGES,
        ignores=("Domain", "OnUnableToRedeployFailedInstance", "Type"),
        refuses=("Affinity", "GroupCount"),
    ),
    Operation(
        "ECS",
        "DescribeDeploymentSets",
        requests.DescribeDeploymentSets,
        responses.Sets,
        operations.describe_deployment_sets,
        list_field="DeploymentSets.DeploymentSet",
        ignores=("Domain", "Granularity", "NetworkType", "Type"),
    ),
    Operation(
        "ECS",
        "ModifyDeploymentSetAttribute",
        requests.ModifyDeploymentSetAttribute,
        responses.Nothing,
        operations.modify_deployment_set_attribute,
        effect=Effect.CHANGES,
        refuses=("Affinity",),
    ),
    Operation(
        "ECS",
        "DeleteDeploymentSet",
        requests.DeleteDeploymentSet,
        responses.Nothing,
        operations.delete_deployment_set,
        effect=Effect.DESTROYS,
        risk=Risk.HIGH,
    ),
    Operation(
        "ECS",
        "ModifyInstanceDeployment",
        requests.ModifyInstanceDeployment,
        responses.Nothing,
        operations.modify_instance_deployment,
        effect=Effect.CHANGES,
        refuses=("Affinity", "DedicatedHostClusterId", "DeploymentSetGroupNo", "InstanceType"),
    ),
    Operation(
        "ECS",
        "DescribeDeploymentSetSupportedInstanceTypeFamily",
        requests.DescribeDeploymentSetSupportedInstanceTypeFamily,
        responses.Families,
        operations.describe_deployment_set_supported_instance_type_family,
    ),
)

MODULE = Module("deployment_set", OPERATIONS, actions_beside(__file__))
