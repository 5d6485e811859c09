"""Stored parameters: values that many templates share, common and secret ones, with their versions."""

from __future__ import annotations

from oos.service.actions import actions_beside
from oos.service.operation import Effect, Module, Operation, Risk
from oos_parameter import describe, operations, requests, responses

OPERATIONS = (
    Operation(
        "OOS",
        "CreateParameter",
        requests.CreateParameter,
        responses.Stored,
        operations.create_parameter,
        effect=Effect.CHANGES,
    ),
    Operation(
        "OOS",
        "GetParameter",
        requests.GetParameter,
        responses.Whole,
        describe.get_parameter,
        ignores=("ResourceGroupId",),
    ),
    Operation("OOS", "GetParameters", requests.GetParameters, responses.Several, describe.get_parameters),
    Operation(
        "OOS",
        "GetParametersByPath",
        requests.GetParametersByPath,
        responses.BelowPath,
        describe.get_parameters_by_path,
        list_field="Parameters",
    ),
    Operation(
        "OOS",
        "ListParameters",
        requests.ListParameters,
        responses.Listed,
        describe.list_parameters,
        list_field="Parameters",
    ),
    Operation(
        "OOS",
        "ListParameterVersions",
        requests.ListParameterVersions,
        responses.Versions,
        describe.list_parameter_versions,
        list_field="ParameterVersions",
    ),
    Operation(
        "OOS",
        "UpdateParameter",
        requests.UpdateParameter,
        responses.Updated,
        operations.update_parameter,
        effect=Effect.CHANGES,
    ),
    Operation(
        "OOS",
        "DeleteParameter",
        requests.DeleteParameter,
        responses.Nothing,
        operations.delete_parameter,
        effect=Effect.DESTROYS,
        risk=Risk.HIGH,
    ),
    Operation(
        "OOS",
        "CreateSecretParameter",
        requests.CreateSecretParameter,
        responses.Stored,
        operations.create_secret_parameter,
        effect=Effect.CHANGES,
        refuses=("DKMSInstanceId", "KeyId"),
    ),
    Operation("OOS", "GetSecretParameter", requests.GetSecretParameter, responses.Whole, describe.get_secret_parameter),
    Operation(
        "OOS", "GetSecretParameters", requests.GetSecretParameters, responses.Several, describe.get_secret_parameters
    ),
    Operation(
        "OOS",
        "GetSecretParametersByPath",
        requests.GetSecretParametersByPath,
        responses.BelowPath,
        describe.get_secret_parameters_by_path,
        list_field="Parameters",
    ),
    Operation(
        "OOS",
        "ListSecretParameters",
        requests.ListSecretParameters,
        responses.SecretsListed,
        describe.list_secret_parameters,
        list_field="Parameters",
    ),
    Operation(
        "OOS",
        "ListSecretParameterVersions",
        requests.ListSecretParameterVersions,
        responses.Versions,
        describe.list_secret_parameter_versions,
        list_field="ParameterVersions",
    ),
    Operation(
        "OOS",
        "UpdateSecretParameter",
        requests.UpdateSecretParameter,
        responses.Updated,
        operations.update_secret_parameter,
        effect=Effect.CHANGES,
    ),
    Operation(
        "OOS",
        "DeleteSecretParameter",
        requests.DeleteParameter,
        responses.Nothing,
        operations.delete_secret_parameter,
        effect=Effect.DESTROYS,
        risk=Risk.HIGH,
    ),
)

MODULE = Module("parameter", OPERATIONS, actions_beside(__file__))
