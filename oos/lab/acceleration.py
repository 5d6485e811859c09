"""Whether guests really come up with KVM here.

A /dev/kvm that opens proves little: on some hosts guests abort or hang with it, though libvirt advertises it. So a
kernel is booted with it, once for each boot of this host; where it does not come up, TCG emulates.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

from oos.lab.guest import GuestImage
from oos.lab.process import boot_id

BOOT_SECONDS = 10.0
"""With working KVM the probe takes less than 2 s."""
MEMORY = "acceleration.json"
EMULATOR = "qemu-system-x86_64"


@dataclass(frozen=True, slots=True)
class Acceleration:
    """What the probe found."""

    kvm: bool
    reason: str


def acceleration(cache: Path, image: GuestImage) -> Acceleration:
    """The probe's result for this boot of the host: remembered, else found out."""
    known = recall(cache)
    if known is not None:
        return known
    answer = probe(image)
    with tempfile.NamedTemporaryFile("w", dir=cache, delete=False) as new:
        json.dump({"question": _question(), "answer": asdict(answer)}, new)
    Path(new.name).rename(cache / MEMORY)
    return answer


def recall(cache: Path) -> Acceleration | None:
    """What the probe found in this boot of the host, if it was made."""
    try:
        remembered = json.loads((cache / MEMORY).read_text())
        return Acceleration(**remembered["answer"]) if remembered["question"] == _question() else None
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None  # nothing remembered, or not by this version


def _question() -> dict[str, str]:
    return {"boot": boot_id(), "kernel": platform.release()}


def kvm_is_open() -> bool:
    """Whether this process may open /dev/kvm."""
    return os.access("/dev/kvm", os.R_OK | os.W_OK)


def probe(image: GuestImage) -> Acceleration:
    """Boot the image's kernel with KVM and see whether it gets as far as its first program."""
    if not kvm_is_open():
        return Acceleration(False, "there is no /dev/kvm that we may open")
    argv = [
        EMULATOR, "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-machine", "pc,accel=kvm", "-cpu", "max", "-m", str(image.memory_mib),
        "-kernel", str(image.kernel), "-initrd", str(image.initrd), "-append", "console=ttyS0 quiet panic=-1 oos.probe",
        "-serial", "stdio",
    ]  # fmt: skip
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=BOOT_SECONDS,
            check=False,
            cwd="/tmp",  # noqa: S108 (only a place for a core file)
        )
    except FileNotFoundError:
        return Acceleration(False, f"{EMULATOR} is not installed")
    except subprocess.TimeoutExpired:
        return Acceleration(False, f"a guest did not come up with KVM in {BOOT_SECONDS:g} s")
    if b"oos probe: up" in done.stdout:
        return Acceleration(True, "a guest came up with KVM")
    said = done.stderr.decode(errors="replace").strip().splitlines()
    return Acceleration(False, f"a guest does not come up with KVM: {said[0] if said else f'exit {done.returncode}'}")
