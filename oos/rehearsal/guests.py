"""Guests of a rehearsal: what scripts do in them, as far as it was given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from oos.adapters.memory.guest import GuestFiles, GuestOutcome, GuestProgram, tiny_shell
from oos.rehearsal.case import GivenCommand
from oos.service.guest_command import imitate, is_launcher


@dataclass(frozen=True, slots=True)
class GivenGuests:
    """A guest program: does what was given of a script, and for all others what another program does."""

    commands: tuple[GivenCommand, ...] = ()
    otherwise: GuestProgram = tiny_shell

    def __call__(self, argv: Sequence[str], stdin: bytes, files: GuestFiles) -> GuestOutcome:
        """How a program ends that is started in a guest."""
        if is_launcher(argv):
            return GuestOutcome(*imitate(argv, stdin, files, self))
        script = b"\n".join([*(files.get(each, b"") for each in argv[1:]), " ".join(argv).encode(), stdin])
        for command in self.commands:
            if command.text.encode() in script:
                out, err = command.out.encode(), command.err.encode()
                return GuestOutcome(command.exit_code, out, err, command.seconds)
        return self.otherwise(argv, stdin, files)
