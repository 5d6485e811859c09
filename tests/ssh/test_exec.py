"""`oos exec` on machines of the inventory that are commanded over SSH."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from oos.app.adhoc import AdHoc, adhoc_template
from oos.diagnostics import DiagnosticError
from tests.ssh_server import needs_sshd, ssh_server

INVENTORY = """\
regions:
  - id: office
    managed:
      - {{name: nas, address: 127.0.1.21, config: {config}}}
      - {{name: gone, address: 127.0.1.22, port: 1, config: {config}}}
"""


@needs_sshd
def test_a_command_runs_on_every_machine_that_can_be_reached(tmp_path: Path) -> None:
    folder = tmp_path / "ssh"
    folder.mkdir()
    with ssh_server(folder) as server:
        (tmp_path / "fleet.yml").write_text(INVENTORY.format(config=server.config))
        environment = {
            **os.environ,
            "OOS_STATE_DIR": str(tmp_path / "state"),
            "OOS_INVENTORY": str(tmp_path / "fleet.yml"),
        }
        argv = [sys.executable, "-m", "oos.cli", "exec", "-t", "managed", "-o", "json", "--", "echo $SSH_CONNECTION"]
        done = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert done.returncode == 3, done
    targets = {each["InstanceName"]: each for each in json.loads(done.stdout)["Targets"]}
    assert "127.0.1.21" in targets["nas"]["Output"]
    assert targets["gone"]["Status"] == "Failed"
    assert "over SSH" in done.stderr


def test_instances_and_machines_are_not_meant_at_once() -> None:
    with pytest.raises(DiagnosticError):
        adhoc_template(AdHoc(("web-1", "mi-00000000000000000000"), "true"), "lab")
    assert "ManagedInstance" in adhoc_template(AdHoc(("mi-00000000000000000000",), "true"), "lab")
    assert "ManagedInstance" not in adhoc_template(AdHoc(("all",), "true"), "lab")
