"""State configurations: templates applied to targets, once or again and again; `oos serve` carries them out."""

from __future__ import annotations

from oos.service.operation import Effect, Module, Operation, Risk
from oos_state import operations, requests, responses

OPERATIONS = (
    Operation(
        "OOS",
        "CreateStateConfiguration",
        requests.CreateStateConfiguration,
        responses.Created,
        operations.create_state_configuration,
        effect=Effect.CHANGES,
    ),
    Operation(
        "OOS",
        "ListStateConfigurations",
        requests.ListStateConfigurations,
        responses.Listed,
        operations.list_state_configurations,
        list_field="StateConfigurations",
    ),
    Operation(
        "OOS",
        "UpdateStateConfiguration",
        requests.UpdateStateConfiguration,
        responses.Updated,
        operations.update_state_configuration,
        effect=Effect.CHANGES,
    ),
    Operation(
        "OOS",
        "DeleteStateConfigurations",
        requests.DeleteStateConfigurations,
        responses.Nothing,
        operations.delete_state_configurations,
        effect=Effect.DESTROYS,
        risk=Risk.HIGH,
    ),
)

MODULE = Module("state", OPERATIONS)
