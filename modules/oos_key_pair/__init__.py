"""Key pairs: made or imported; their public keys are given to guests and taken from them."""

from __future__ import annotations

from oos.service.actions import actions_beside
from oos.service.operation import Effect, Module, Operation, Risk
from oos_key_pair import attaching, operations, requests, responses

OPERATIONS = (
    Operation(
        "ECS",
        "CreateKeyPair",
        requests.CreateKeyPair,
        responses.CreatedPair,
        operations.create_key_pair,
        effect=Effect.CHANGES,
    ),
    Operation(
        "ECS",
        "ImportKeyPair",
        requests.ImportKeyPair,
        responses.ImportedPair,
        operations.import_key_pair,
        effect=Effect.CHANGES,
    ),
    Operation(
        "ECS",
        "DescribeKeyPairs",
        requests.DescribeKeyPairs,
        responses.Pairs,
        operations.describe_key_pairs,
        list_field="KeyPairs.KeyPair",
    ),
    Operation(
        "ECS",
        "AttachKeyPair",
        requests.AttachKeyPair,
        responses.Attached,
        attaching.attach_key_pair,
        effect=Effect.CHANGES,
    ),
    Operation(
        "ECS",
        "DetachKeyPair",
        requests.DetachKeyPair,
        responses.Attached,
        attaching.detach_key_pair,
        effect=Effect.CHANGES,
        risk=Risk.HIGH,
    ),
    Operation(
        "ECS",
        "DeleteKeyPairs",
        requests.DeleteKeyPairs,
        responses.Nothing,
        operations.delete_key_pairs,
        effect=Effect.DESTROYS,
        risk=Risk.HIGH,
    ),
)

MODULE = Module("key_pair", OPERATIONS, actions_beside(__file__))
