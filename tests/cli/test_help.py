"""Help, completion and settings: the ways into the command line."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from oos.cli.lazy import LazyGroup
from oos.cli.main import cli
from tests.cli.world import SNAPSHOTS, World


def _verbs(group: click.Command, words: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(group, LazyGroup):
        return [words]
    context = click.Context(group)
    found = [words]
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found += _verbs(command, (*words, name))
    return found


VERBS = _verbs(cli)


@pytest.mark.parametrize("verb", VERBS, ids=" ".join)
def test_every_verb_explains_itself(verb: tuple[str, ...]) -> None:
    result = CliRunner().invoke(cli, [*verb, "--help"])
    assert result.exit_code == 0
    assert "Global options" in result.output
    assert max(map(len, result.output.splitlines())) <= 80, "it fits a terminal"


def test_help_imports_nothing_but_click() -> None:
    script = (
        "import sys; from oos.cli.main import main; main(['--help']);"
        "ours = sorted(name for name in sys.modules if name.startswith('oos'));"
        "heavy = [name for name in ('rich', 'yaml', 'msgspec', 'logging', 'asyncio') if name in sys.modules];"
        "print(ours, heavy, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    ours = "['oos', 'oos.cli', 'oos.cli.exits', 'oos.cli.lazy', 'oos.cli.main', 'oos.cli.session']"
    assert done.stderr == f"{ours} []\n"


def test_the_installed_program_is_this_command_line() -> None:
    program = Path(sys.executable).with_name("oos")
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    assert said.stdout.startswith("oos ")


def test_a_wrong_verb_gets_the_nearest(world: World) -> None:
    said = world.run("exectuion", "list")
    assert said.code == 2
    assert "did you mean execution?" in said.err
    assert "did you mean list?" in world.run("execution", "lst").err


def test_global_options_stand_before_or_after_the_verb(world: World) -> None:
    assert world.run("-o", "json", "execution", "list").document == []
    assert world.run("execution", "list", "-o", "json").document == []
    assert world.run("-o", "table", "execution", "list", "-o", "json").document == []


def test_settings_come_from_flags_before_the_environment_before_the_file(world: World) -> None:
    world.make_instances("web-1")
    world.write("oos.toml", 'region = "from-file"\n')
    assert "there is no region from-file" in world.run("fleet", "list").err
    assert "there is no region from-env" in world.run("fleet", "list", OOS_REGION="from-env").err
    assert "there is no region from-flag" in world.run("fleet", "list", "--region", "from-flag").err
    world.write("oos.toml", 'regoin = "x"\n')
    said = world.run("fleet", "list")
    assert said.code == 2
    assert "did you mean region?" in said.err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_shell_gets_its_completion_script(world: World, shell: str) -> None:
    said = world.run("completion", shell)
    assert said.code == 0
    assert "_OOS_COMPLETE" in said.out


def _completed(world: World, line: str) -> set[str]:
    words = line.split(" ")
    said = world.run(_OOS_COMPLETE="bash_complete", COMP_WORDS=line, COMP_CWORD=str(len(words) - 1))
    return {each.partition(",")[2] for each in said.out.splitlines()}


def test_verbs_templates_executions_and_operations_are_completed(world: World) -> None:
    template = world.write("snapshots.yml", SNAPSHOTS)
    execution_id = world.run("run", template, "-q", "-o", "json").document["ExecutionId"]
    assert {"exec", "execution"} <= _completed(world, "oos exe")
    assert template in _completed(world, "oos run snap")
    assert {"label=", "width="} <= _completed(world, f"oos run {template} -p ")
    assert _completed(world, "oos execution show exec-") == {execution_id}
    assert "CreateSnapshot" in _completed(world, "oos api ecs Create")
    assert "DiskId=" in _completed(world, "oos api ecs CreateSnapshot D")


def test_a_failure_of_our_own_is_one_line_unless_debugging(world: World) -> None:
    world.state.mkdir()
    (world.state / "oos.db").write_bytes(b"this is no database, whatever its name says" * 100)
    said = world.run("execution", "list")
    assert said.code == 1
    assert len(said.err.splitlines()) <= 2
    assert "oos.db" in said.err
    assert "Traceback" in world.run("execution", "list", "--debug").err


def test_a_reader_that_has_had_enough_is_no_failure(world: World) -> None:
    done = subprocess.run(
        ["sh", "-c", f"{sys.executable} -m oos.cli template schema | head -n 1"],
        cwd=world.folder,
        env=world.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("{\n", "")


@pytest.mark.parametrize("words", [[], ["fleet"]], ids=["oos", "oos fleet"])
def test_without_a_verb_the_verbs_are_shown_on_stderr(world: World, words: list[str]) -> None:
    said = world.run(*words)
    assert (said.code, said.out) == (2, "")
    assert said.err.startswith("Usage: oos")
    assert "Verbs:" in said.err
    assert "error" not in said.err
