"""A ProxyCommand that ends by itself, as one does to a guest that restarts: one message, and nothing beside it."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from oos.adapters.ssh.pool import SshPool
from oos.fleet.errors import MachineUnreachable
from oos.inventory.model import SshAccess


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("false", "its ProxyCommand ended (exit code 1)"),
        ("sh -c 'echo nc: no route to host >&2; exit 2'", "its ProxyCommand ended (exit code 2): nc: no route to host"),
        ("sh -c 'echo SSH-2.0-x; exit 3'", "its ProxyCommand ended (exit code 3)"),
        ("sh -c 'kill -9 $$'", "its ProxyCommand ended (signal 9)"),
    ],
)
def test_a_program_that_ends_is_one_message(
    command: str,
    said: str,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    config = tmp_path / "config"
    config.write_text(f"Host m\n  ProxyCommand {command}\n")
    pool = SshPool(connect_seconds=5)
    caplog.set_level(logging.INFO)
    with pytest.raises(MachineUnreachable) as failed, pool.transport(SshAccess("m", "root", config=str(config)), "m"):
        pass
    pool.close()
    assert failed.value.cause == said
    assert not caplog.records
    assert capfd.readouterr() == ("", "")
