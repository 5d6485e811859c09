"""Which adapter a host's URI asks for: `memory:` the simulation, anything else libvirt."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from oos.adapters.memory.host import Pace
    from oos.fleet.hypervisor import Hypervisor
    from oos.inventory.model import Host

MEMORY = "memory"


def open_hypervisor(host: Host) -> Hypervisor:
    """The hypervisor behind a host's URI; it connects when it is first asked something.

    `memory:///PATH/STATE.json?snapshot=2` is a simulated host that keeps its state in a file. What follows the
    question mark is the seconds that things take: boot, shutdown, snapshot, deadline. Raises HypervisorFailed.
    """
    if urlsplit(host.uri).scheme == MEMORY:
        return _open_memory(host)
    from oos.adapters import libvirt

    return libvirt.open_hypervisor(host)


def _open_memory(host: Host) -> Hypervisor:
    from pathlib import Path

    import msgspec

    from oos.adapters.memory.hypervisor import MemoryHypervisor
    from oos.adapters.memory.state import HostState, load_state, sample_image, save_state
    from oos.fleet.errors import HypervisorFailed

    path = Path(urlsplit(host.uri).path)
    try:
        state = load_state(path)
    except (OSError, msgspec.DecodeError) as error:
        raise HypervisorFailed(f"host {host.name}", f"its state in {path} cannot be read: {error}") from error
    if state is None:
        image = sample_image(host.name, host.zone, host.region)
        state = HostState(images={image.id: image})
    return MemoryHypervisor(host, state, pace=_pace(host), keep=lambda changed: save_state(path, changed))


def _pace(host: Host) -> Pace:
    from dataclasses import fields

    from oos.adapters.memory.host import Pace
    from oos.fleet.errors import HypervisorFailed

    known = {each.name for each in fields(Pace)}
    asked = dict(parse_qsl(urlsplit(host.uri).query))
    unknown = asked.keys() - known
    try:
        if unknown:
            raise ValueError(f"known are {', '.join(sorted(known))}, not {', '.join(sorted(unknown))}")
        return Pace(**{name: float(seconds) for name, seconds in asked.items()})
    except ValueError as error:
        raise HypervisorFailed(f"host {host.name}", f"its uri {host.uri} asks for nonsense: {error}") from error
