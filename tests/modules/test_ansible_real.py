"""Ansible content in real guests, through their agents."""

from __future__ import annotations

from pathlib import Path

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
