"""Tools for tests of the lab itself: asking guests, and looking for what a lab left behind."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from oos.lab import zone
from oos.lab.config import LabConfig
from oos.lab.process import run, run_unchecked, wait_until


def agent(config: LabConfig, guest: str, command: str, **arguments: Any) -> Any:
    """What the agent of a guest returns."""
    request = json.dumps({"execute": command, "arguments": arguments} if arguments else {"execute": command})
    return json.loads(zone.virsh(config, "qemu-agent-command", guest, request))["return"]


def shell(config: LabConfig, guest: str, command: str) -> str:
    """What a shell command says in a guest, run by its agent."""
    pid = agent(config, guest, "guest-exec", path="/bin/sh", arg=["-c", command], **{"capture-output": True})["pid"]
    state: dict[str, Any] = {}

    def ended() -> bool:
        state.update(agent(config, guest, "guest-exec-status", pid=pid))
        return bool(state["exited"])

    assert wait_until(ended, timeout=20)
    assert state["exitcode"] == 0, state
    return base64.b64decode(state.get("out-data", "")).decode()


def agent_answers(config: LabConfig, guest: str) -> bool:
    """Whether the agent answers now."""
    argv = ["virsh", "-q", "-c", config.uri, "qemu-agent-command", guest, '{"execute": "guest-ping"}']
    return run_unchecked(argv).returncode == 0


def is_off(config: LabConfig, guest: str) -> bool:
    """Whether a guest is switched off."""
    return zone.virsh(config, "domstate", guest).strip() == "shut off"


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


def _pids_naming(text: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                line = (entry / "cmdline").read_bytes()
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue
            if text.encode() in line:
                found.append(int(entry.name))
    return found
