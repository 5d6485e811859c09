"""Connection plugin of Ansible: to a guest through its agent, by asking the broker of the run (`broker.py`).

Loaded by Ansible, in Ansible's own processes, from this folder; nothing here imports it.
https://docs.ansible.com/ansible/latest/dev_guide/developing_plugins.html#connection-plugins
"""

from __future__ import annotations

import json
import os
import socket
from base64 import b64decode, b64encode
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = """
name: oos_agent
short_description: Guests of an oos fleet, through their agents
description: The inventory name of a host is the id of its instance. Needs OOS_BROKER, the socket of the run's broker.
author: oos
options: {}
"""


class Connection(ConnectionBase):  # type: ignore[misc]  # Ansible has no types
    """One guest."""

    transport = "oos_agent"
    has_pipelining = True

    def _connect(self) -> Connection:
        return self

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        """Run a command line in the guest."""
        super().exec_command(cmd, in_data=in_data, sudoable=sudoable)
        stdin = b64encode(in_data or b"").decode()
        done = self._ask(do="execute", argv=["/bin/sh", "-c", cmd], stdin=stdin)
        return done["code"], b64decode(done["out"]), b64decode(done["err"])

    def put_file(self, in_path: str, out_path: str) -> None:
        """Write a file of this machine into the guest."""
        super().put_file(in_path, out_path)
        self._ask(do="put", path=out_path, content=b64encode(Path(in_path).read_bytes()).decode())

    def fetch_file(self, in_path: str, out_path: str) -> None:
        """Read a file of the guest."""
        super().fetch_file(in_path, out_path)
        Path(out_path).write_bytes(b64decode(self._ask(do="fetch", path=in_path)["content"]))

    def close(self) -> None:
        """There is nothing to close: each question has a connection of its own."""
        self._connected = False

    def _ask(self, **question: Any) -> dict[str, Any]:
        question["instance"] = self._play_context.remote_addr
        with socket.socket(socket.AF_UNIX) as broker:
            broker.connect(os.environ["OOS_BROKER"])
            broker.sendall(json.dumps(question).encode() + b"\n")
            broker.shutdown(socket.SHUT_WR)
            with broker.makefile("rb") as answers:
                line = answers.readline()
        if not line:
            raise AnsibleConnectionFailure("oos no longer answers")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise AnsibleConnectionFailure(answer["error"])
        return answer
