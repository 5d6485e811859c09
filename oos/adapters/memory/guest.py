"""What programs do in a simulated guest: a very small shell, or whatever a test puts in its place."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, MutableMapping, Sequence
from typing import Final, NamedTuple, TypeAlias

from oos.service.guest_command import imitate, is_launcher
from oos.service.guest_file import imitate as keep_file
from oos.service.guest_file import is_sender

GuestFiles: TypeAlias = MutableMapping[str, bytes]
"""The files of the guest, by absolute path."""


class GuestOutcome(NamedTuple):
    """How a program ended."""

    exit_code: int
    stdout: bytes = b""
    stderr: bytes = b""
    seconds: float = 0.0
    """How long it ran."""


GuestProgram: TypeAlias = Callable[[Sequence[str], bytes, GuestFiles], GuestOutcome]
"""Arguments, standard input and files of the guest in; outcome out. It may change the files."""

_SHELLS: Final = frozenset({"sh", "bash", "ash"})
DISK_USAGE: Final = "/run/df"
"""A file of a simulated guest: what `df` says there."""
SCRIPTS: Final = "/run/scripts"
"""A file of a simulated guest: what scripts do there that are more than this shell knows. JSON: a list of
`{"has": TEXT, "code": 0, "out": TEXT, "err": TEXT, "seconds": 0}`; the first counts whose text a script has."""

_PLENTY: Final = b"Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/vda 65536 8192 57344 13% /\n"
_REDIRECT: Final = frozenset({">", ">>"})
_SEPARATOR: Final = re.compile(r"&&|\|\||;|\n")


def tiny_shell(argv: Sequence[str], stdin: bytes, files: GuestFiles) -> GuestOutcome:
    """Runs `true false echo printf cat rm test df sleep exit`, lists of them by `sh -c` or `sh FILE`, and RunCommand.

    There are no pipes, variables or substitutions: a test that needs more says in a file what a script does
    (SCRIPTS), or passes its own GuestProgram.
    """
    if not argv:
        return GuestOutcome(127, b"", b"no program\n")
    if is_launcher(argv):
        return GuestOutcome(*imitate(argv, stdin, files, tiny_shell))
    if is_sender(argv):
        return GuestOutcome(*keep_file(argv, stdin, files))
    name, arguments = argv[0].rsplit("/", 1)[-1], list(argv[1:])
    if name in _SHELLS:
        return _shell(arguments, stdin, files)
    match name:
        case "true" | "sync" | "mkdir" | "chmod":
            return GuestOutcome(0)
        case "false":
            return GuestOutcome(1)
        case "echo":
            newline = b"" if arguments[:1] == ["-n"] else b"\n"
            return GuestOutcome(0, " ".join(arguments[newline == b"" :]).encode() + newline)
        case "printf":
            return GuestOutcome(0, (arguments[0] if arguments else "").encode().decode("unicode_escape").encode())
        case "cat":
            return _cat(arguments, stdin, files)
        case "rm":
            for path in arguments:
                files.pop(path, None)
            return GuestOutcome(0)
        case "test" if arguments[:1] in (["-f"], ["-e"]):
            return GuestOutcome(0 if arguments[1:2] and arguments[1] in files else 1)
        case "df":
            # As much room as a test says there is left, else plenty.
            return GuestOutcome(0, files.get(DISK_USAGE, _PLENTY))
        case "sleep":
            return GuestOutcome(0, seconds=float(arguments[0]) if arguments else 0.0)
        case "exit":
            return GuestOutcome(int(arguments[0]) if arguments else 0)
        case _:
            return GuestOutcome(127, b"", f"{name}: not found\n".encode())


def _cat(paths: Sequence[str], stdin: bytes, files: GuestFiles) -> GuestOutcome:
    if not paths:
        return GuestOutcome(0, stdin)
    missing = next((path for path in paths if path not in files), None)
    if missing is not None:
        return GuestOutcome(1, b"", f"cat: can't open '{missing}': No such file or directory\n".encode())
    return GuestOutcome(0, b"".join(files[path] for path in paths))


def _shell(arguments: Sequence[str], stdin: bytes, files: GuestFiles) -> GuestOutcome:
    if arguments[:1] == ["-c"]:
        return _script(arguments[1] if len(arguments) > 1 else "", stdin, files)
    if not arguments:
        return _script(stdin.decode(errors="replace"), b"", files)
    if arguments[0] not in files:
        return GuestOutcome(2, b"", f"sh: can't open '{arguments[0]}'\n".encode())
    return _script(files[arguments[0]].decode(errors="replace"), stdin, files)


def _script(text: str, stdin: bytes, files: GuestFiles) -> GuestOutcome:
    """Run commands one after another, as far as `&&` and `||` let them."""
    for known in json.loads(files.get(SCRIPTS, b"[]")):
        if known["has"] in text:
            out, err = known.get("out", "").encode(), known.get("err", "").encode()
            return GuestOutcome(known.get("code", 0), out, err, known.get("seconds", 0.0))
    total = GuestOutcome(0)
    separator = ";"
    try:
        commands = _commands(text)
    except ValueError as error:
        return GuestOutcome(2, b"", f"sh: syntax error: {error}\n".encode())
    for command, following in commands:
        runs = separator in (";", "\n") or (separator == "&&") == (total.exit_code == 0)
        if runs and command:
            outcome = _command(command, stdin, files)
            total = GuestOutcome(
                outcome.exit_code,
                total.stdout + outcome.stdout,
                total.stderr + outcome.stderr,
                total.seconds + outcome.seconds,
            )
            if command[0] == "exit":
                return total
        separator = following
    return total


def _commands(text: str) -> list[tuple[list[str], str]]:
    """The commands of a script, each with the separator after it."""
    found: list[tuple[list[str], str]] = []
    for line in text.splitlines():
        lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
        lexer.whitespace_split = True
        command: list[str] = []
        for word in lexer:
            if _SEPARATOR.fullmatch(word):
                found.append((command, word))
                command = []
            else:
                command.append(word)
        found.append((command, "\n"))
    return found


def _command(words: list[str], stdin: bytes, files: GuestFiles) -> GuestOutcome:
    place = next((number for number, word in enumerate(words) if word in _REDIRECT), None)
    if place is None:
        return tiny_shell(words, stdin, files)
    # "2>&1" and the like come as separate words; only a plain redirection of the output to a file is known.
    path = words[place + 1] if len(words) > place + 1 else ""
    outcome = tiny_shell(words[:place], stdin, files)
    before = files.get(path, b"") if words[place] == ">>" else b""
    if path != "/dev/null":
        files[path] = before + outcome.stdout
    return outcome._replace(stdout=b"")
