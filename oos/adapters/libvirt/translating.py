"""Elastic addresses on the host itself: libvirt knows nothing of them, so programs of the host are run there."""

from __future__ import annotations

import subprocess
from typing import Final

from oos.adapters.libvirt.host import LibvirtHost
from oos.adapters.libvirt.translation_script import LOOK, installed, read_translations, translation_script
from oos.fleet.errors import DeadlineExceeded, HypervisorFailed, NoUplink
from oos.fleet.translation import Translations
from oos.inventory.model import Uplink

SECONDS: Final = 30.0
"""How long the host may take; it takes a tenth of a second."""
_TOLD: Final = 500
"""Letters of what a program said that are worth telling."""


class LibvirtTranslating(LibvirtHost):
    """The half of the port that is about elastic addresses."""

    def translations(self) -> Translations:
        try:
            return read_translations(self._run(LOOK))
        except (ValueError, KeyError, TypeError) as error:
            raise HypervisorFailed(self._host.name, f"its nft answers strangely: {error}") from error

    def translate(self, wanted: Translations) -> Translations:
        # One at a time: each begins with taking away what the one before made.
        with self._alone_with("elastic addresses"):
            try:
                script = translation_script(wanted, self._uplink.device)
            except ValueError as error:
                raise HypervisorFailed(self._host.name, str(error)) from error
            self._run(installed(script, is_needed=bool(wanted)))
            return self.translations()

    @property
    def _uplink(self) -> Uplink:
        if self._host.uplink is None:
            raise NoUplink(self._host.name)
        return self._host.uplink

    def _run(self, program: str) -> bytes:
        """Run a program of the shell on the host. Raises NoUplink, HypervisorFailed, DeadlineExceeded."""
        words = [*self._uplink.run, "sh", "-s"]
        try:
            # Away from our terminal: nobody may be there to answer what ssh(1) would ask.
            done = subprocess.run(
                words,
                input=program.encode(),
                capture_output=True,
                timeout=SECONDS,
                check=False,
                start_new_session=True,
            )
        except subprocess.TimeoutExpired as error:
            raise DeadlineExceeded(self._host.name, "translating addresses", SECONDS) from error
        except OSError as error:
            raise HypervisorFailed(self._host.name, f"cannot run {words[0]}: {error}") from error
        if done.returncode:
            said = (done.stderr or done.stdout).decode(errors="replace").strip()[-_TOLD:]
            raise HypervisorFailed(self._host.name, f"it cannot translate addresses: {said or done.returncode}")
        return done.stdout
