"""Elastic addresses on the host itself: libvirt knows nothing of them, so programs of the host are run there."""

from __future__ import annotations

from oos.adapters.libvirt.host_programs import LibvirtHostPrograms, installed
from oos.adapters.libvirt.translation_script import HOOK, LOOK, read_translations, translation_script
from oos.fleet.errors import HypervisorFailed
from oos.fleet.translation import Translations


class LibvirtTranslating(LibvirtHostPrograms):
    """The half of the port that is about elastic addresses."""

    def translations(self) -> Translations:
        try:
            return read_translations(self._run(LOOK, "looking at its rules"))
        except (ValueError, KeyError, TypeError) as error:
            raise HypervisorFailed(self._host.name, f"its nft answers strangely: {error}") from error

    def translate(self, wanted: Translations) -> Translations:
        # One at a time: each begins with taking away what the one before made.
        with self._alone_with("elastic addresses"):
            try:
                script = translation_script(wanted, self._uplink.device)
            except ValueError as error:
                raise HypervisorFailed(self._host.name, str(error)) from error
            self._run(installed(HOOK, script, is_needed=bool(wanted)), "translating addresses")
            return self.translations()
