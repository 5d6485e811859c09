"""Tools for tests of the lab itself: asking guests, and looking for what a lab left behind."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from oos.lab import zone
from oos.lab.config import LabConfig
from oos.lab.lab import status
from oos.lab.process import run, run_unchecked, wait_until


def domain(config: LabConfig, guest: str) -> str:
    """libvirt's name of a guest: its own, and part of its id."""
    names = zone.virsh(config, "list", "--all", "--name").split()
    (found,) = [name for name in names if name.rpartition("-")[0] == guest]
    return found


def address(config: LabConfig, guest: str) -> str:
    """Where a guest can be reached."""
    (found,) = [each.address for each in status(config).guests if each.name == guest]
    return found


def agent(config: LabConfig, guest: str, command: str, **arguments: Any) -> Any:
    """What the agent of a guest returns."""
    request = json.dumps({"execute": command, "arguments": arguments} if arguments else {"execute": command})
    return json.loads(zone.virsh(config, "qemu-agent-command", domain(config, guest), request))["return"]


def shell(config: LabConfig, guest: str, command: str) -> str:
    """What a shell command says in a guest, run by its agent."""
    pid = agent(config, guest, "guest-exec", path="/bin/sh", arg=["-c", command], **{"capture-output": True})["pid"]
    state: dict[str, Any] = {}

    def ended() -> bool:
        state.update(agent(config, guest, "guest-exec-status", pid=pid))
        return bool(state["exited"])

    assert wait_until(ended, timeout=120)
    assert state["exitcode"] == 0, state
    return base64.b64decode(state.get("out-data", "")).decode()


def agent_answers(config: LabConfig, guest: str) -> bool:
    """Whether the agent answers now."""
    argv = ["virsh", "-q", "-c", config.uri, "qemu-agent-command", domain(config, guest), '{"execute": "guest-ping"}']
    return run_unchecked(argv).returncode == 0


def is_off(config: LabConfig, guest: str) -> bool:
    """Whether a guest is switched off."""
    return zone.virsh(config, "domstate", domain(config, guest)).strip() == "shut off"


def traces(config: LabConfig) -> list[str]:
    """Everything on this host that shows a lab: processes, mounts, files."""
    name = str(config.directory)
    found = [f"process {pid}" for pid in _pids_naming(name)]
    found += [f"mount {line}" for line in Path("/proc/mounts").read_text().splitlines() if name in line]
    found += [f"file {path}" for path in (config.directory, config.runtime) if path.exists()]
    return found


def host_network() -> tuple[str, str]:
    """The host's links and packet filter, which no lab may change."""
    links = "\n".join(sorted(path.name for path in Path("/sys/class/net").iterdir()))
    return links, run(["nft", "list", "ruleset"])


def command_line(pid: int) -> str:
    """The words by which a process was started; empty if it is gone, or guarded."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return ""


def _pids_naming(text: str) -> list[int]:
    pids = (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return [pid for pid in pids if text in command_line(pid)]
