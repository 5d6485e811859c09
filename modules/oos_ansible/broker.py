"""Broker: lets Ansible's process reach guests through this process's fleet, over a socket in a private folder.

Ansible runs in processes of its own, with a connection plugin of ours (`connection/oos_agent.py`). That needs neither
libvirt nor an inventory: it asks here, one JSON line for a question and one for the answer, bytes as Base64. So a
playbook goes through the same port, with the same deadlines, as everything else, and also works on a simulated fleet.
"""

from __future__ import annotations

import secrets
import socketserver
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from oos.fleet.errors import FleetError
from oos.fleet.guest import Guest
from oos.fleet.hypervisor import MOST_STDIN
from oos.service.errors import ApiError

POLL_SECONDS = (0.02, 0.05, 0.1, 0.25)
"""Pauses between two looks at a program in a guest; the last one again and again."""
FROM_FILE = 'exec 3<"$0"; rm -f "$0"; exec "$@" <&3 3<&-'
"""Shell: run the arguments with this file, which is deleted first, as input."""
MOST_BYTES = 64 << 20
"""Of one file that is fetched."""


class Broker:
    """Serves the guests of one run until it is closed."""

    def __init__(
        self,
        folder: Path,
        guests: Mapping[str, Guest],
        is_over: Callable[[], bool],
        pause: Callable[[float], None],
    ) -> None:
        self.path = folder / "broker"
        self._guests = guests
        self._is_over = is_over
        self._pause = pause
        broker = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self) -> None:
                for line in self.rfile:
                    self.wfile.write(msgspec.json.encode(broker._answer(line)) + b"\n")

        class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
            daemon_threads = True
            block_on_close = False

        self._server = Server(str(self.path), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="ansible broker")
        self._thread.start()

    def close(self) -> None:
        """Serve no longer."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            asked = msgspec.json.decode(line)
            guest = self._guests[asked["instance"]]
            match asked["do"]:
                case "execute":
                    return self._execute(guest, asked)
                case "put":
                    guest.guest_write(asked["instance"], asked["path"], b64decode(asked["content"]))
                    return {}
                case "fetch":
                    content = guest.guest_read(asked["instance"], asked["path"], limit=MOST_BYTES)
                    return {"content": b64encode(content).decode()}
                case other:
                    return {"error": f"there is nothing named {other} to do"}
        except (FleetError, ApiError) as error:
            return {"error": str(error)}
        except (msgspec.DecodeError, KeyError, ValueError) as error:
            return {"error": f"not a question: {error!r}"}

    def _execute(self, guest: Guest, asked: Mapping[str, Any]) -> dict[str, Any]:
        instance_id, argv, stdin = asked["instance"], asked["argv"], b64decode(asked.get("stdin", ""))
        if len(stdin) > MOST_STDIN:
            path = f"/root/.oos-ansible-{secrets.token_hex(8)}"  # not in /tmp: it may hold secrets
            guest.guest_write(instance_id, path, stdin)
            argv, stdin = ["/bin/sh", "-c", FROM_FILE, path, *argv], b""
        pid = guest.guest_execute(instance_id, argv, stdin=stdin)
        looks = 0
        while not (process := guest.guest_process(instance_id, pid)).exited:
            if self._is_over():
                return {"error": "the run is over"}
            self._pause(POLL_SECONDS[min(looks, len(POLL_SECONDS) - 1)])
            looks += 1
        return {
            # A program that a signal ended has no exit code; shells give it this one.
            "code": 128 + (process.signal or 0) if process.exit_code is None else process.exit_code,
            "out": b64encode(process.stdout).decode(),
            "err": b64encode(process.stderr).decode(),
        }
