"""Streams that are closed, full or left by their readers, and homes that are not there: the run itself goes on."""

from __future__ import annotations

import json
import os
import shlex
import subprocess

import pytest

from tests.cli.world import COMMAND, Said, World

NAP = """\
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: nap
    Action: ACS::Sleep
    Properties: {Duration: 1S}
"""


@pytest.fixture
def napping(world: World) -> World:
    """A world with something to run."""
    world.write("nap.yml", NAP)
    return world


def _in_a_shell(world: World, line: str, **environment: str) -> Said:
    """Run a line of bash in which `oos` is the command line; the exit code is that of `oos`."""
    done = subprocess.run(
        ["bash", "-c", f'oos() {{ {shlex.join(COMMAND)} "$@"; }}; {line}; exit ${{PIPESTATUS[0]}}'],
        cwd=world.folder,
        env={**world.environment, "PYTHONUNBUFFERED": "", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def _status(world: World) -> str:
    (listed,) = world.run("execution", "list", "-o", "json").document
    return str(listed["Status"])


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-", "2>/dev/full", ">/dev/full"])
def test_a_run_does_not_need_its_streams(napping: World, closed: str) -> None:
    said = _in_a_shell(napping, f"oos run nap.yml {closed}")
    assert said.code == 0, said
    assert "Traceback" not in said.err
    assert _status(napping) == "Success"


@pytest.mark.parametrize("form", ["-o ndjson", "2>&1"])
def test_a_run_goes_on_when_its_reader_has_left(napping: World, form: str) -> None:
    said = _in_a_shell(napping, f"oos run nap.yml {form} | head -1")
    assert said.code in (0, 141), said
    assert "Traceback" not in said.err
    assert len(said.out.splitlines()) == 1
    assert _status(napping) == "Success"


def test_a_listing_whose_reader_has_left_says_nothing_of_it(napping: World) -> None:
    assert napping.run("run", "nap.yml").code == 0
    said = _in_a_shell(napping, "oos --help | head -1")
    assert (said.code in (0, 141), said.err) == (True, "")
    said = _in_a_shell(napping, "oos audit show | head -1")
    assert (said.code in (0, 141), said.err) == (True, "")


def test_results_that_cannot_be_written_are_a_failure(napping: World) -> None:
    said = _in_a_shell(napping, "oos execution list -o json >/dev/full")
    assert (said.code, said.err) == (1, "error: No space left on device\n")


def test_a_detached_run_tells_its_id_though_stdout_is_full(napping: World) -> None:
    said = _in_a_shell(napping, "oos run nap.yml --detach >/dev/full")
    assert said.code == 1
    assert f"oos execution logs -f {said.execution_id}" in said.err
    assert napping.run("execution", "logs", "-f", said.execution_id).code == 0


@pytest.mark.parametrize("locale", ["C", "POSIX", "en_US.ISO-8859-1"])
def test_any_locale_will_do(napping: World, locale: str) -> None:
    text = NAP + "Outputs: {word: {Type: String, Value: 快照 ›}}\n"
    plain = {"LC_ALL": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}
    said = napping.run("run", napping.write("word.yml", text), **plain)
    assert said.code == 0, said
    assert "\\u5feb" in said.out
    assert napping.run("run", "word.yml", "-o", "json").document["Outputs"] == {"word": "快照 ›"}


def test_without_a_home_the_state_directory_must_be_named(napping: World) -> None:
    bare = {name: value for name, value in napping.environment.items() if not name.startswith(("OOS", "HOME", "XDG"))}
    before = ("setpriv", "--reuid=12345", "--regid=12345", "--clear-groups") if os.getuid() == 0 else ()
    done = subprocess.run(
        [*before, *COMMAND, "execution", "list", "-o", "json"], cwd="/", env=bare, capture_output=True, check=False
    )
    if before:
        assert done.returncode == 2
        assert "no home" in json.loads(done.stdout)["Error"]["Message"]
    said = napping.run("run", "nap.yml", HOME="")
    assert said.code == 0, said


def test_a_folder_that_is_gone_is_told(napping: World) -> None:
    said = _in_a_shell(napping, "mkdir gone; cd gone; rmdir ../gone; oos execution list")
    assert said.code == 2
    assert "the current directory does not exist any more" in said.err
