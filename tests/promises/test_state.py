"""Promised: disk full, read-only, out of descriptors, another's folder: a clear error, nothing half-recorded."""

from __future__ import annotations

import os
import shlex
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.world import COMMAND, EXECUTION, Said, World

NAP = """\
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: nap
    Action: ACS::Sleep
    Properties: {Duration: 1S}
"""
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")

needs_root = pytest.mark.skipif(os.getuid() != 0, reason="mounts and other users need root")


@pytest.fixture
def napping(world: World) -> World:
    """A world with something to run."""
    world.write("nap.yml", NAP)
    return world


def _within(world: World, before: tuple[str, ...], *words: str) -> Said:
    """Run the command line as it is when something else goes before it."""
    done = subprocess.run(
        [*before, *COMMAND, *words],
        cwd=world.folder,
        env=world.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def _in_a_mount_namespace(script: str) -> tuple[str, ...]:
    return ("unshare", "--mount", "sh", "-c", f'{script} && exec "$@"', "sh")


def _is_one_clear_line(said: Said, *names: str) -> None:
    assert said.out == ""
    first, *rest = said.err.splitlines()
    assert first.startswith("error: "), said
    assert all(each.startswith("  hint: ") for each in rest), said
    for name in names:
        assert name in first


BROKEN: dict[str, Callable[[Path], object]] = {
    "text": lambda path: path.write_text("hello " * 100),
    "zeros": lambda path: path.write_bytes(bytes(8192)),
    "a-torn-page": lambda path: path.write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 16),
    "a-folder": lambda path: path.mkdir(),
}


@pytest.mark.parametrize("words", [("run", "nap.yml"), ("execution", "list"), ("audit", "verify")], ids=" ".join)
@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_database_is_named(napping: World, kind: str, words: tuple[str, ...]) -> None:
    napping.state.mkdir(mode=0o700)
    BROKEN[kind](napping.state / "oos.db")
    said = napping.run(*words)
    # A journal that was damaged does not verify; where there is none, there is nothing to be said of it.
    damaged = words == ("audit", "verify") and kind != "a-folder"
    assert said.code == (12 if damaged else 1)
    if damaged:
        assert str(napping.state / "oos.db") in said.err.splitlines()[0]
    else:
        _is_one_clear_line(said, str(napping.state / "oos.db"))


def test_a_state_directory_that_is_none_is_named(napping: World) -> None:
    napping.state.write_text("a file")
    said = napping.run("run", "nap.yml")
    assert said.code == 1
    _is_one_clear_line(said, str(napping.state))


@needs_root
def test_a_read_only_state_directory_can_be_read_and_starts_nothing(napping: World) -> None:
    id_ = napping.run("run", "nap.yml").execution_id
    state = shlex.quote(str(napping.state))
    read_only = _in_a_mount_namespace(f"mount --bind {state} {state} && mount -o remount,ro,bind {state}")
    said = _within(napping, read_only, "run", "nap.yml")
    assert said.code == 1
    _is_one_clear_line(said, "Read-only file system")
    for words in (("execution", "show"), ("audit", "verify")):
        assert _within(napping, read_only, *words).code == 0
    served = _within(napping, read_only, "serve")
    assert served.code == 1, served
    assert "Read-only" in served.err
    assert id_ in _within(napping, read_only, "execution", "list").out
    (listed,) = napping.run("execution", "list", "-o", "json").document
    assert listed["ExecutionId"] == id_


@needs_root
@pytest.mark.parametrize("kib", [4, 16, 64, 140, 180, 220])
def test_on_a_full_disk_an_execution_is_whole_resumable_or_not_there(napping: World, kib: int) -> None:
    oos = shlex.join(COMMAND)
    state = shlex.quote(str(napping.state))
    napping.state.mkdir(mode=0o700)
    script = (
        f"mount -t tmpfs -o size={kib}k none {state}; {oos} run nap.yml; echo $? >code;"
        f"mount -o remount,size=9m {state}; {oos} execution list -o json >list;"
        f"{oos} execution resume last -q; echo $? >resumed; {oos} audit verify >&2"
    )
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", script],
        cwd=napping.folder,
        env=napping.environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done
    assert "Traceback" not in done.stderr
    code, resumed = (int((napping.folder / name).read_text()) for name in ("code", "resumed"))
    listed = (napping.folder / "list").read_text()
    if EXECUTION.search(done.stderr.replace(".lock", "")) and code == 9:
        assert '"Interrupted"' in listed
        assert resumed == 0
    else:
        assert code == 1
        assert listed == "[]\n"
        assert "error: " in done.stderr


@needs_root
def test_with_few_descriptors_it_runs(napping: World) -> None:
    few = ("sh", "-c", 'ulimit -n 16 && exec "$@"', "sh")
    said = _within(napping, few, "run", "nap.yml")
    assert said.code == 0, said


@pytest.mark.parametrize("most", [5, 6, 7])
def test_with_too_few_descriptors_it_says_so(napping: World, most: int) -> None:
    few = ("sh", "-c", f'ulimit -n {most} && exec "$@"', "sh")
    said = _within(napping, few, "run", "nap.yml")
    assert said.code in (1, 9), said
    assert "Traceback" not in said.err
    listed = napping.run("execution", "list", "-o", "json").document
    assert [each["Status"] for each in listed] == (["Interrupted"] if said.code == 9 else [])


@needs_root
def test_a_state_directory_of_another_user_is_refused() -> None:
    # Not below pytest's own folder, which others may not enter, and which each session that begins makes sure of.
    with tempfile.TemporaryDirectory(prefix="oos-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        world = World(folder)
        world.write("nap.yml", NAP)
        assert world.run("run", "nap.yml").code == 0
        for each in folder.glob("*.yml"):
            each.chmod(0o644)
        said = _within(world, NOBODY, "run", "nap.yml")
    assert said.code == 1
    _is_one_clear_line(said, str(world.state), "Permission denied")
