"""Verification: whether what was written is what should have been written."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Final

from oos.adapters.libvirt.pools import Pool, Volume
from oos.adapters.libvirt.qcow2 import HEADER_BYTES, BadHeader, verify_header
from oos.fleet.errors import HypervisorFailed
from oos.fleet.storage import Verification

CHECK_SECONDS: Final = 600.0
COMPARE_SECONDS: Final = 3600.0


def verify_volume(pool: Pool, volume: Volume, size_bytes: int, backing: str = "") -> Verification:
    """Verify a qcow2 volume as far as can be from here. Raises HypervisorFailed when it is not sound.

    The header is read through libvirt, from however far away; where the file itself is at hand, `qemu-img check`
    walks its tables too.
    """
    target = f"volume {volume.name} in {pool.target}"
    header = pool.read(volume.name, HEADER_BYTES)
    try:
        verify_header(header, size_bytes, backing)
    except BadHeader as error:
        raise HypervisorFailed(target, str(error)) from error
    if not _is_at_hand(volume.path, header):
        return Verification.HEADER
    fault = check_tables(volume.path)
    if fault is None:
        return Verification.HEADER
    if fault:
        raise HypervisorFailed(target, fault)
    return Verification.CHECKED


def _is_at_hand(path: str, header: bytes) -> bool:
    """Whether the path names the very same file here; libvirt may be on another host, or in another namespace."""
    try:
        with Path(path).open("rb") as file:
            return file.read(len(header)) == header
    except OSError:
        return False


def check_tables(path: str) -> str | None:
    """What `qemu-img check` finds wrong; empty when all is well, None where it cannot look."""
    try:
        done = subprocess.run(
            ["qemu-img", "check", "--output=json", "-f", "qcow2", path],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=CHECK_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    # 0 sound, 2 corrupt, 3 sound but with leaked clusters, 1 and others: the check itself did not work.
    if done.returncode in (0, 3):
        return ""
    if done.returncode != 2:
        return None
    try:
        faults = json.loads(done.stdout).get("corruptions", "some")
    except ValueError:
        faults = "some"
    return f"qemu-img check finds {faults} corrupt clusters"


def same_content(pool: Pool, volume: Volume, other_pool: Pool, other: Volume) -> bool | None:
    """Whether a guest would read the same from both volumes, byte for byte; None where the files are not at hand."""
    for each_pool, each in ((pool, volume), (other_pool, other)):
        if not _is_at_hand(each.path, each_pool.read(each.name, HEADER_BYTES)):
            return None
    try:
        done = subprocess.run(
            ["qemu-img", "compare", "-f", volume.format, "-F", other.format, volume.path, other.path],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=COMPARE_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    # 0 the same, 1 different; anything else: it could not look, a lock for example.
    return {0: True, 1: False}.get(done.returncode)
