"""Ansible content in machines: playbooks and single modules, through guests' agents or over SSH."""

from __future__ import annotations

from oos.service.actions import actions_beside
from oos.service.operation import Effect, Interrupted, Module, Operation
from oos_ansible import operations, requests, responses

OPERATIONS = (
    Operation(
        "OOS",
        "ApplyPlaybook",
        requests.ApplyPlaybook,
        responses.PlaybookApplied,
        operations.apply_playbook,
        effect=Effect.CHANGES,
        interrupted=Interrupted.ASK,
        foretell=operations.foretell_playbook,
    ),
    Operation(
        "OOS",
        "ApplyRole",
        requests.ApplyRole,
        responses.PlaybookApplied,
        operations.apply_role,
        effect=Effect.CHANGES,
        foretell=operations.foretell_role,
    ),
)

MODULE = Module("ansible", OPERATIONS, actions_beside(__file__))
