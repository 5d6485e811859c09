"""Ansible content on machines that are reached over SSH: real Ansible, a real SSH server."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

import oos_ansible
import oos_instance
from oos.adapters.ssh.guest import SshGuest
from oos.adapters.ssh.pool import SshPool
from oos.inventory.model import ManagedInstance, SshAccess
from tests.modules.world import World
from tests.ssh_server import SshServer, needs_sshd

pytestmark = needs_sshd
DB = ManagedInstance("db-1", "lab", SshAccess("127.0.1.1"))
GONE = ManagedInstance("gone", "lab", SshAccess("127.0.1.3", port=1))


@pytest.fixture
def world(server: SshServer) -> Iterator[World]:
    pool = SshPool()
    yield World(
        (oos_instance.MODULE, oos_ansible.MODULE),
        reach=lambda access: SshGuest(pool, replace(access, config=str(server.config))),
        region_facts={"managed": (DB, GONE)},
    )
    pool.close()


def test_a_module_changes_a_managed_instance_and_check_mode_does_not(world: World, tmp_path: Path) -> None:
    note = tmp_path / "note"

    def copy(**options: object) -> bool:
        arguments = {"dest": str(note), "content": "hello\n"}
        applied = world.call(
            "OOS.ApplyPlaybook",
            InstanceIds=[DB.id],
            ModuleName="ansible.builtin.copy",
            ModuleArguments=arguments,
            ExtraVariables={"ansible_python_interpreter": sys.executable},
            **options,
        )
        (host,) = applied["Hosts"]
        assert (host["InstanceId"], host["Status"]) == (DB.id, "Success")
        if options.get("Diff"):
            assert "hello" in host["Tasks"][0]["Diff"]
        return bool(applied["Changed"])

    assert copy(CheckMode=True, Diff=True)
    assert not note.exists()
    assert copy()
    assert note.read_text() == "hello\n"
    assert not copy()
    assert f"ansible.builtin.copy: {DB.id}: Ok" in world.told


def test_a_machine_that_cannot_be_reached_is_told(world: World) -> None:
    refusal = world.refusal("OOS.ApplyPlaybook", InstanceIds=[GONE.id], ModuleName="raw", ModuleArguments={"cmd": "id"})
    assert (refusal.code, GONE.id in refusal.message) == ("PlaybookUnreachable", True)
