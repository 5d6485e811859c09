"""The workshop: a guest that is made from an image to work in, and thrown away afterwards."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from oos.fleet.errors import AgentFailed, AgentUnavailable, InstanceAbsent
from oos.fleet.hypervisor import Hypervisor
from oos.fleet.identity import made_instance_id
from oos.fleet.instance import GuestProcess, Instance, InstanceSpec, Labels, Power, StopMethod
from oos.fleet.storage import Image
from oos.inventory.model import InstanceType
from oos.service.context import Context
from oos.service.errors import ApiError
from oos.values.identifiers import client_token

BOOT_SECONDS: Final = 600.0
STOP_SECONDS: Final = 300.0
TAIL: Final = 2000
"""Characters of a failed script's output that its error repeats."""
SCRIPT: Final = "/tmp/.oos-build"  # noqa: S108 (in a guest of our own, which nobody else is in)
OUTPUT: Final = "/tmp/.oos-output"  # noqa: S108 (likewise)
OUTPUT_BYTES: Final = 64 << 20
BUILD_TAG: Final = "oos:build"
"""What is made on the way to an image: images of stages, and guests that are thrown away."""


@dataclass(frozen=True, slots=True)
class Workshop:
    """A guest that runs, and whose agent answers."""

    context: Context
    home: Hypervisor
    instance: Instance
    boot_seconds: float

    def put(self, path: str, content: bytes, mode: str, owner: str) -> None:
        """Put a file in place, with the directories above it. Raises ApiError."""
        folder = shlex.quote(path.rsplit("/", 1)[0] or "/")
        self.require(self.run(f"mkdir -p {folder}\n", 60), f"making {folder}")
        self.home.guest_write(self.instance.id, path, content)
        quoted = shlex.quote(path)
        change = f"chmod {mode} {quoted}\n" if owner == "root" else f"chmod {mode} {quoted}\nchown {owner} {quoted}\n"
        self.require(self.run(change, 60), f"giving {path} to {owner}")

    def run(self, script: str, seconds: float) -> GuestProcess:
        """Run a shell script to its end. Raises ApiError when it takes too long."""
        # From a file, not from standard input: a command of the script could read that away.
        self.home.guest_write(self.instance.id, SCRIPT, f"set -eu\n{script}".encode())
        pid = self.home.guest_execute(self.instance.id, ["/bin/sh", SCRIPT])
        end, pause = self.context.now() + timedelta(seconds=seconds), 0.05
        while not (process := self.home.guest_process(self.instance.id, pid)).exited:
            if self.context.now() >= end:
                raise ApiError("ImageBuildTimeout", f"{self.instance.name}: the script did not end in {seconds:g} s.")
            self.context.pause(pause, f"a script in {self.instance.name}")
            pause = min(pause * 2, 2.0)
        return process

    def told(self, script: str, seconds: float) -> bytes:
        """What a script prints, however much: an answer of the agent has room for some megabytes only."""
        self.run(f"exec > {OUTPUT}\n{script}", seconds)
        try:
            return self.home.guest_read(self.instance.id, OUTPUT, limit=OUTPUT_BYTES)
        finally:
            self.run(f"rm -f {OUTPUT}\n", 60)

    def require(self, process: GuestProcess, what: str) -> None:
        """Raise ApiError unless a script ended well; the end of what it said is told."""
        if process.exit_code != 0:
            said = (process.stdout + process.stderr).decode(errors="replace")[-TAIL:].strip()
            how = f"exit code {process.exit_code}" if process.signal is None else f"signal {process.signal}"
            raise ApiError("ImageBuildFailed", f"{self.instance.name}: {what}: {how}: {self.context.redact(said)}")

    def shut_down(self) -> None:
        """Let the guest shut itself down, so that its disk is whole. Raises ApiError when it does not."""
        self.require(self.run(f"rm -f {SCRIPT}\nsync\n", 300), "writing everything to its disk")
        try:
            self.home.stop(self.instance.id, StopMethod.AGENT)
        except AgentUnavailable:
            self.home.stop(self.instance.id, StopMethod.ACPI)
        end = self.context.now() + timedelta(seconds=STOP_SECONDS)
        while self.home.instance(self.instance.id).power is not Power.STOPPED:
            if self.context.now() >= end:
                message = f"{self.instance.name} did not shut down in {STOP_SECONDS:g} s; its disk is not whole."
                raise ApiError("ImageBuildTimeout", message)
            self.context.pause(0.2, f"{self.instance.name} to shut down")


@contextmanager
def opened(context: Context, home: Hypervisor, image: Image, type: InstanceType, name: str) -> Iterator[Workshop]:
    """A workshop for as long as it is used. One that a dead process left is thrown away first: work begins afresh."""
    token = _token(context)
    instance_id = made_instance_id(token)
    _throw_away(home, instance_id)
    spec = InstanceSpec(
        token=token,
        image_id=image.id,
        instance_type=type.id,
        cpu=type.cpu,
        memory_mib=type.memory_mib,
        labels=Labels(name=name, description="thrown away after use", tags={BUILD_TAG: name}),
        created=context.now(),
    )
    try:
        context.report(f"boots {name} on {home.host.name}")
        home.make_instance(spec)
        home.start(instance_id)
        yield _running(context, home, instance_id)
    except Exception:
        _throw_away(home, instance_id)
        raise
    _throw_away(home, instance_id)


def _running(context: Context, home: Hypervisor, instance_id: str) -> Workshop:
    begun = context.now()
    while True:
        try:
            home.guest_info(instance_id)
        except (AgentUnavailable, AgentFailed) as silent:
            if context.now() - begun >= timedelta(seconds=BOOT_SECONDS):
                said = home.console(instance_id).decode(errors="replace")[-TAIL:]
                message = f"It did not boot: no agent answered in {BOOT_SECONDS:g} s. The console ends: {said}"
                raise ApiError("ImageTestFailed", message) from silent
            context.pause(0.2, f"{instance_id} to boot")
        else:
            seconds = (context.now() - begun).total_seconds()
            return Workshop(context, home, home.instance(instance_id), seconds)


def discard(context: Context, homes: Iterable[Hypervisor]) -> None:
    """Throw away the workshop of this very request, should there still be one."""
    for home in homes:
        _throw_away(home, made_instance_id(_token(context)))


def _token(context: Context) -> str:
    return client_token("workshop", context.token)


def _throw_away(home: Hypervisor, instance_id: str) -> None:
    try:
        home.stop(instance_id, StopMethod.POWER_OFF)
        home.remove_instance(instance_id)
    except InstanceAbsent:
        return
