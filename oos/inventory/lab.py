"""Where the lab's hypervisor listens: inventories name it, and the lab puts it there."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

SOCKET_PATH_LIMIT: Final = 107
"""Bytes of a Unix socket's path (unix(7)), its closing zero not counted."""
LONGEST_SOCKET_NAME: Final = "/2/libvirt-admin-sock"
"""That of the second host of a lab, whose sockets stand below those of the first."""


def lab_runtime(directory: Path) -> Path:
    """Where the sockets of the lab in this directory are: in it, or below /run where their paths would be too long."""
    inside = directory / "run"
    if len(bytes(inside)) + len(LONGEST_SOCKET_NAME) <= SOCKET_PATH_LIMIT:
        return inside
    return Path("/run") / f"oos-{hashlib.sha256(bytes(directory)).hexdigest()[:16]}"
