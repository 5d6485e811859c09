"""The script that runs a command in a guest once, in the shells there are here."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from oos.service import guest_command
from oos.service.guest_command import (
    BOOT_ID,
    OUTPUT_LIMIT,
    GuestCommand,
    GuestResult,
    LauncherExit,
    Reason,
    argv_of,
    imitate,
    is_launcher,
    read_result,
)

SHELLS = [
    pytest.param((found, *words[1:]), id=words[0])
    for words in (("dash",), ("busybox", "sh"), ("bash", "--posix"))
    if (found := shutil.which(words[0]))
]
BOOT = Path(BOOT_ID).read_text().strip() if Path(BOOT_ID).exists() else ""


class Guest:
    """A folder in place of a guest's file system, and a shell in place of its own."""

    def __init__(self, folder: Path, shell: tuple[str, ...]) -> None:
        # The folder of a test is closed to other users, who are to be tried too.
        for parent in (folder, *folder.parents):
            if parent.owner() == folder.owner() and parent != Path("/"):
                parent.chmod(parent.stat().st_mode | 0o711)
        self.base = folder / "invocations"
        self.shell = shell

    def argv(self, command: GuestCommand) -> list[str]:
        argv = list(argv_of(command))
        argv[4] = str(self.base)
        return [*self.shell, *argv[1:]]

    def run(self, command: GuestCommand, script: bytes) -> int:
        ended = subprocess.run(self.argv(command), input=script, capture_output=True, timeout=60, check=False)
        return ended.returncode

    def result(self, id: str = "t-1") -> GuestResult:
        result = read_result((self.base / id / "result").read_bytes())
        assert result is not None
        return result

    def output(self, id: str = "t-1") -> bytes:
        return (self.base / id / "out").read_bytes()


COMMAND = GuestCommand("t-1", 20, boot=BOOT)
NAP = 900 + os.getpid() / 1e7
"""Seconds that no process of another session of tests sleeps."""


@pytest.fixture(params=SHELLS)
def guest(request: pytest.FixtureRequest, tmp_path: Path) -> Guest:
    return Guest(tmp_path, request.param)


def test_a_command_leaves_its_output_and_exit_code(guest: Guest) -> None:
    assert guest.run(COMMAND, b"echo out; echo err >&2; exit 3\n") == 0
    assert (guest.result().exit_code, guest.result().reason, guest.output()) == (3, Reason.EXITED, b"out\nerr\n")
    assert not (guest.base / "t-1" / "script").exists()


def test_a_command_never_runs_twice(guest: Guest, tmp_path: Path) -> None:
    script = f"echo x >>{tmp_path}/count\n".encode()
    assert [guest.run(COMMAND, script) for _ in range(3)] == [0, LauncherExit.BEGUN_BEFORE, LauncherExit.BEGUN_BEFORE]
    assert (tmp_path / "count").read_text() == "x\n"


def test_of_many_that_start_at_once_one_runs(guest: Guest, tmp_path: Path) -> None:
    script = f"echo x >>{tmp_path}/count\n".encode()
    started = [subprocess.Popen(guest.argv(COMMAND), stdin=subprocess.PIPE) for _ in range(6)]
    for each in started:
        each.communicate(script, timeout=30)
    assert sorted(each.returncode for each in started) == [0, *[LauncherExit.BEGUN_BEFORE] * 5]
    assert (tmp_path / "count").read_text() == "x\n"


@pytest.mark.skipif(not BOOT, reason="this kernel does not name its boot")
def test_in_another_boot_nothing_runs(guest: Guest) -> None:
    assert guest.run(replace(COMMAND, boot="another"), b"echo out\n") == LauncherExit.OTHER_BOOT
    assert not (guest.base / "t-1").exists()


def test_where_nothing_can_be_written_nothing_runs(guest: Guest) -> None:
    guest.base.write_text("in the way")
    assert guest.run(COMMAND, b"echo out\n") == LauncherExit.CANNOT_BEGIN


def test_output_past_the_limit_is_counted_to_the_byte(guest: Guest) -> None:
    assert guest.run(COMMAND, b"i=0; while [ $i -lt 3000 ]; do echo 0123456789; i=$((i+1)); done\n") == 0
    assert guest.output() == (b"0123456789\n" * 3000)[:OUTPUT_LIMIT]
    assert guest.result().dropped == 33000 - OUTPUT_LIMIT


def test_a_command_ends_with_its_children_when_its_time_is_over(guest: Guest) -> None:
    began = time.monotonic()
    assert guest.run(replace(COMMAND, timeout_seconds=1), f"echo out; sleep {NAP} & sleep {NAP}\n".encode()) == 0
    assert time.monotonic() - began < 60
    assert (guest.result().reason, guest.output()) == (Reason.TIMEOUT, b"out\n")
    assert not _running(f"sleep {NAP}")


def test_a_command_ends_when_it_is_stopped(guest: Guest) -> None:
    started = subprocess.Popen(guest.argv(COMMAND), stdin=subprocess.PIPE)
    assert started.stdin is not None
    started.stdin.write(f"sleep {NAP}\n".encode())
    started.stdin.close()
    _wait_for(guest.base / "t-1" / "out")
    (guest.base / "t-1" / "stop").write_bytes(b"")
    assert started.wait(60) == 0
    assert guest.result().reason == Reason.STOPPED
    assert not _running(f"sleep {NAP}")


def test_a_service_left_behind_does_not_hold_the_result(guest: Guest) -> None:
    began = time.monotonic()
    assert guest.run(COMMAND, b"sleep 60 & echo started\n") == 0
    assert time.monotonic() - began < 40
    assert (guest.result().reason, guest.output()) == (Reason.EXITED, b"started\n")


def test_a_script_may_name_its_own_interpreter(guest: Guest) -> None:
    assert guest.run(COMMAND, b"#!/usr/bin/env -S cat -n\n") == 0
    assert b"1\t#!/usr/bin/env" in guest.output()


def test_an_interpreter_can_be_chosen(guest: Guest) -> None:
    assert guest.run(replace(COMMAND, interpreter="cat"), b"anything\n") == 0
    assert guest.output() == b"anything\n"


def test_a_directory_is_entered(guest: Guest, tmp_path: Path) -> None:
    assert guest.run(replace(COMMAND, directory=str(tmp_path)), b"pwd\n") == 0
    assert guest.output().decode().strip() == str(tmp_path)
    assert guest.run(replace(COMMAND, id="t-2", directory="/no/such"), b"pwd\n") == 0
    assert (guest.result("t-2").reason, guest.output("t-2")) == (Reason.DIRECTORY, b"")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may run as somebody else")
def test_a_user_is_taken_on(guest: Guest) -> None:
    assert guest.run(replace(COMMAND, user="nobody"), b"id -un; echo err >/dev/stderr\n") == 0
    assert guest.output() == b"nobody\nerr\n"


@pytest.mark.parametrize("user", ["no-such-user", "$(touch /tmp/x)", "-x", "a b"])
def test_a_user_that_is_not_there_is_told(guest: Guest, user: str) -> None:
    assert guest.run(replace(COMMAND, user=user), b"id -un\n") == 0
    assert (guest.result().reason, guest.output()) == (Reason.ACCOUNT, b"")


@pytest.mark.parametrize("content", [b"", b"0 exited", b"0 exited 1 x", b"x exited 1 0", b"0 unheard-of 1 0"])
def test_half_a_result_is_none(content: bytes) -> None:
    assert read_result(content) is None


def test_a_simulated_guest_keeps_the_same_protocol() -> None:
    files: dict[str, bytes] = {}

    def run(argv: object, stdin: bytes, files: object) -> guest_command.Imitated:
        return guest_command.Imitated(4, b"x" * OUTPUT_LIMIT, b"err", 2.0)

    argv = argv_of(COMMAND)
    assert is_launcher(argv)
    assert not is_launcher(("/bin/sh", "-c", "true"))
    assert imitate(argv, b"anything", files, run).exit_code == 0
    path = guest_command.path_of("t-1", "result")
    assert read_result(files[path]) == GuestResult(4, Reason.EXITED, 2, 3)
    assert imitate(argv, b"anything", files, run).exit_code == LauncherExit.BEGUN_BEFORE
    late = argv_of(replace(COMMAND, id="t-2", timeout_seconds=1))
    assert imitate(late, b"anything", files, run).seconds == 1.0
    result = read_result(files[guest_command.path_of("t-2", "result")])
    assert result is not None
    assert result.reason == Reason.TIMEOUT


def _running(command: str) -> bool:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if command in path.read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()[: len(command)]:
                return True
        except OSError:
            continue
    return False


def _wait_for(path: Path) -> None:
    deadline = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < deadline, path
        time.sleep(0.05)
