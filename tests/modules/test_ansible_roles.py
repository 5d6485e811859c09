"""Roles of ours: real Ansible and real shells, on a tree that looks like a guest."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import oos_ansible
import oos_guest_baseline
import oos_instance
from oos.service.call import invoke
from oos.values.secret import Secret
from oos_ansible.operations import ROLES
from oos_ansible.requests import OUR_ROLES
from tests.modules.world import World


def test_roles_that_are_offered_are_there() -> None:
    assert sorted(OUR_ROLES) == sorted(each.name for each in ROLES.iterdir())


def test_scripts_hold_nothing_that_ansible_would_fill_in() -> None:
    script = World((oos_guest_baseline.MODULE,)).call("OOS.GenerateGuestCheckScript")["Script"]
    assert re.findall(r"\{[{%#]", script) == []


def test_variables_with_secrets_stand_on_no_command_line() -> None:
    world = World((oos_instance.MODULE, oos_ansible.MODULE))
    secret, seen = Secret("canary-4711"), list[bool]()

    def look(_message: str) -> None:
        lines = list(_command_lines())
        assert any(b"ansible-playbook" in line for line in lines)
        seen.append(any(b"canary-4711" in line for line in lines))

    playbook = "- {hosts: all, gather_facts: false, tasks: [{name: greet, raw: 'echo {{ word }}'}]}"
    given = {"InstanceIds": [world.run()], "Playbook": playbook, "ExtraVariables": {"word": secret}}
    applied = invoke(oos_ansible.OPERATIONS[0], given, world.context("secret", report=look).knowing([secret]))
    assert applied["Hosts"][0]["Tasks"][0]["Message"] == "***"
    assert seen
    assert not any(seen)


def _command_lines() -> Iterator[bytes]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            yield path.read_bytes()
