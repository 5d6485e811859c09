"""Simulated elastic addresses."""

from __future__ import annotations

from oos.adapters.memory.host import SimulatedHost
from oos.fleet.errors import NoUplink
from oos.fleet.translation import Translations


class SimulatedTranslating(SimulatedHost):
    """The half of the port that is about elastic addresses."""

    def translations(self) -> Translations:
        with self._call("translations", ""), self._lock:
            self._require_uplink()
            return self.state.translations

    def translate(self, wanted: Translations) -> Translations:
        with self._call("translate", ""), self._lock:
            self._require_uplink()
            if self.state.translations != wanted:
                with self._change():
                    self.state.translations = wanted
                    self._count("translate", self._host.name)
            return self.state.translations

    def _require_uplink(self) -> None:
        if self._host.uplink is None:
            raise NoUplink(self._host.name)
