"""Programs that are run on the host itself, for what libvirt knows nothing of; some are kept there as its hooks.

https://libvirt.org/hooks.html
"""

from __future__ import annotations

import subprocess
from typing import Final

from oos.adapters.libvirt.host import LibvirtHost
from oos.fleet.errors import DeadlineExceeded, HypervisorFailed, NoUplink
from oos.inventory.model import Uplink

SECONDS: Final = 30.0
"""How long the host may take; it takes a tenth of a second."""
_TOLD: Final = 500
"""Letters of what a program said that are worth telling."""
_FOLDER: Final = "/etc/libvirt/hooks/network.d"


def hook_path(name: str) -> str:
    """Where libvirt finds a hook of this name; it runs when a network starts, and so after a start of the host."""
    return f"{_FOLDER}/{name}"


def installed(name: str, script: str, *, is_needed: bool) -> str:
    """The program that keeps a script as a hook of libvirt, or takes the hook away, and carries the script out."""
    path, end = hook_path(name), f"END-OF-{name.upper()}"
    if is_needed:
        keep = f"cat >{path}.new <<'{end}'\n{script}\n{end}\nchmod 755 {path}.new\nmv {path}.new {path}"
        return f"set -eu\nmkdir -p {_FOLDER}\n{keep}\nexec {path}\n"
    # The folder is of use to others, but only while something is in it.
    return f"{script}\nrm -f {path}\nrmdir {_FOLDER} 2>/dev/null || :\n"


class LibvirtHostPrograms(LibvirtHost):
    """A host on which programs can be run, where the inventory says how."""

    @property
    def _uplink(self) -> Uplink:
        if self._host.uplink is None:
            raise NoUplink(self._host.name)
        return self._host.uplink

    def _run(self, program: str, what: str) -> bytes:
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
            raise DeadlineExceeded(self._host.name, what, SECONDS) from error
        except OSError as error:
            raise HypervisorFailed(self._host.name, f"cannot run {words[0]}: {error}") from error
        if done.returncode:
            said = (done.stderr or done.stdout).decode(errors="replace").strip()[-_TOLD:]
            raise HypervisorFailed(self._host.name, f"{what} failed: {said or done.returncode}")
        return done.stdout
