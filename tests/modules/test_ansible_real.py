"""Ansible content in real guests, through their agents."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from oos.lab.config import LabConfig
from oos.lab.guests import REGION, opened_app
from oos.lab.lab import up
from oos.service.call import invoke
from oos.service.context import Context
from oos.service.registry import MemoryRegistry

pytestmark = pytest.mark.real


def test_a_script_of_any_length_is_sent_and_run(lab: LabConfig, tmp_path: Path) -> None:
    up(lab, lambda _: None)
    script = tmp_path / "long.sh"
    script.write_text(f"#!/bin/sh\n: {'x' * 300_000}\necho made by $(hostname) >/tmp/made\n")
    playbook = f"""
- hosts: all
  gather_facts: false
  tasks:
    - {{name: send, script: {script}}}
    - {{name: look, raw: cat /tmp/made, changed_when: false}}
"""
    with opened_app(lab) as app:
        ids = [each.id for each in app.fleet.instances(REGION) if each.name in lab.guests]
        operation = app.catalog.operation("OOS", "ApplyPlaybook")
        assert operation is not None
        context = Context(fleet=app.fleet, registry=MemoryRegistry(), region=REGION, token="a playbook")
        applied = invoke(operation, {"InstanceIds": ids, "Playbook": playbook}, context)
    said = sorted(host["Tasks"][1]["Message"] for host in applied["Hosts"])
    assert said == [f"made by {name}" for name in sorted(lab.guests)]


def test_a_guest_is_mended_by_a_role_and_brought_back(lab: LabConfig) -> None:
    up(lab, lambda _: None)
    path = "/proc/sys/kernel/kptr_restrict"
    with opened_app(lab) as app:
        instance = next(each for each in app.fleet.instances(REGION) if each.name in lab.guests)
        guest, _ = app.fleet.of_guest(instance.id, REGION)

        def call(name: str, **given: Any) -> Any:
            operation = app.catalog.operation("OOS", name)
            assert operation is not None
            return invoke(operation, given, app.context(uuid4().hex))

        def apply(mode: str) -> list[tuple[str, bool]]:
            variables = {"oos_mode": mode, "oos_prelude": script["Prelude"], "oos_checks": script["Checks"]}
            applied = call("ApplyRole", InstanceIds=[instance.id], RoleName="oos_guest_baseline", Variables=variables)
            return [(task["Name"], task["Changed"]) for task in applied["Hosts"][0]["Tasks"][1:]]

        script = call("GenerateGuestCheckScript", CheckIds=["kernel-pointers"])
        before = guest.guest_read(instance.id, path)
        guest.guest_write(instance.id, path, b"0\n")
        try:
            assert apply("Fix") == [("kernel-pointers", True)]
            assert guest.guest_read(instance.id, path) == b"1\n"
            assert apply("Undo") == [("kernel-pointers", True)]
            assert guest.guest_read(instance.id, path) == b"0\n"
        finally:
            guest.guest_write(instance.id, path, before)
