"""Changing what a simulated instance is: its size, what is noted of its guest, its display."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from oos.adapters.memory.host import SimulatedHost
from oos.fleet.errors import Incapable, WrongState
from oos.fleet.instance import Instance, InstanceSize, Power
from oos.values.png import png

_WIDTH: Final = 16
_HEIGHT: Final = 16


class SimulatedReshaping(SimulatedHost):
    """The half of the port that changes what an instance is."""

    def resize(self, instance_id: str, size: InstanceSize) -> Instance:
        with self._call("resize", instance_id), self._lock:
            instance = self._instance(instance_id)
            if instance.power is not Power.STOPPED:
                raise WrongState(instance_id, instance.power, "stop it before it is resized")
            wanted = replace(
                instance,
                cpu=size.cpu,
                memory_mib=size.memory_mib,
                instance_type=size.instance_type or instance.instance_type,
            )
            if (wanted, size.threads_per_core) != (instance, self.state.threads.get(instance_id, 0)):
                with self._change():
                    self.state.instances[instance_id] = wanted
                    self.state.threads[instance_id] = size.threads_per_core
                    self._count("resize", instance_id)
            return self._instance(instance_id)

    def set_autostart(self, instance_id: str, starts: bool) -> None:
        with self._call("set_autostart", instance_id), self._lock:
            self._instance(instance_id)
            if starts != (instance_id in self.state.autostarted):
                with self._change():
                    others = [each for each in self.state.autostarted if each != instance_id]
                    self.state.autostarted = [*others, *([instance_id] if starts else [])]
                    self._count("set_autostart", instance_id)

    def autostarted(self) -> frozenset[str]:
        with self._call("autostarted", ""), self._lock:
            return frozenset(self.state.autostarted).intersection(self.state.instances)

    def remember(self, instance_id: str, *, host_name: str | None = None, key_pair: str | None = None) -> Instance:
        with self._call("remember", instance_id), self._lock:
            instance = self._instance(instance_id)
            wanted = replace(
                instance,
                host_name=instance.host_name if host_name is None else host_name,
                key_pair=instance.key_pair if key_pair is None else key_pair,
            )
            if wanted != instance:
                with self._change():
                    self.state.instances[instance_id] = wanted
                    self._count("remember", instance_id)
            return self._instance(instance_id)

    # its display

    def screenshot(self, instance_id: str) -> bytes:
        with self._call("screenshot", instance_id):
            instance = self._instance(instance_id)
            if instance.power not in (Power.RUNNING, Power.PAUSED):
                raise WrongState(instance_id, instance.power, "it must run to show anything")
            if instance_id not in self.state.displays:
                raise Incapable(instance_id, "it has no display")
            # Nothing is drawn in a simulated guest.
            return png(_WIDTH, _HEIGHT, bytes(3 * _WIDTH * _HEIGHT))

    def set_display_password(self, instance_id: str, password: str) -> None:
        with self._call("set_display_password", instance_id), self._lock:
            self._instance(instance_id)
            if instance_id not in self.state.displays:
                raise Incapable(instance_id, "it has no display that asks for a password")
            with self._change():
                self.state.displays[instance_id] = password
                self._count("set_display_password", instance_id)
