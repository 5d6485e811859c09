"""`oos exec`: a command on many instances, each one's words as they come in."""

from __future__ import annotations

import pytest

from tests.cli.world import World


def test_each_line_bears_the_name_of_its_target(world: World) -> None:
    world.make_instances("web-1", "web-2", role="web")
    world.make_instances("db-1", host="h2", role="db")
    said = world.run("exec", "-t", "tag:role=web", "--", "echo one; echo two")
    assert said.code == 0, said
    assert sorted(said.out.splitlines()) == ["web-1: one", "web-1: two", "web-2: one", "web-2: two"]


def test_a_single_target_speaks_for_itself(world: World) -> None:
    world.make_instances("web-1", "web-2")
    said = world.run("exec", "-t", "web-1", "-q", "--", "echo", "a  b", "$HOME")
    assert (said.code, said.out, said.err) == (0, "a  b $HOME\n", ""), "words are kept as they are"


@pytest.mark.parametrize(
    ("targets", "met"),
    [
        (["-t", "all"], ["db-1", "web-1", "web-2"]),
        (["-t", "web-1,db-1"], ["db-1", "web-1"]),
        (["-t", "name:web-*"], ["web-1", "web-2"]),
        (["-t", "tag:role"], ["web-1", "web-2"]),
        (["-t", "tag:role=web,web-2"], ["web-2"]),
        (["-t", "web-1", "-t", "db-1"], ["db-1", "web-1"]),
        (["-t", "all,status:Stopped"], []),
    ],
    ids=str,
)
def test_targets_are_named_in_many_ways(world: World, targets: list[str], met: list[str]) -> None:
    world.make_instances("web-1", "web-2", role="web")
    world.make_instances("db-1")
    document = world.run("exec", *targets, "-o", "json", "--", "true").document
    assert sorted(each["InstanceName"] for each in document["Targets"]) == met


def test_what_a_failed_command_said_is_shown_and_the_exit_code_is_3(world: World) -> None:
    world.make_instances("web-1", "web-2")
    said = world.run("exec", "-t", "all", "--", "echo so far; exit 7")
    assert said.code == 3
    assert sorted(said.out.splitlines()) == ["web-1: so far", "web-2: so far"]
    assert said.err.count("exit code 7") == 2
    document = world.run("exec", "-t", "web-1", "-o", "json", "--", "echo so far; exit 7").document
    assert document["Targets"][0]["Output"] == "so far\n"
    assert document["Targets"][0]["ExitCode"] == 7


def test_targets_that_mean_nobody_are_no_success(world: World) -> None:
    world.make_instances("web-1")
    nobody = world.run("exec", "-t", "wbe-1", "--", "true")
    assert nobody.code == 1
    assert "no instance is meant" in nobody.err
    absent = world.run("exec", "-t", "i-00000000000000000000", "--", "true")
    assert absent.code == 1
    assert "i-00000000000000000000" in absent.err
    nonsense = world.run("exec", "-t", "colour:blue", "--", "true")
    assert nonsense.code == 2
    assert "'colour:blue' means no target" in nonsense.err


def test_the_template_that_ran_can_be_kept_and_run_again(world: World) -> None:
    world.make_instances("web-1")
    said = world.run("exec", "-t", "web-1", "--save", "again.yml", "--", "echo '{{ braces }} {{.Names}}'")
    assert said.out == "{{ braces }} {{.Names}}\n"
    again = world.run("run", "again.yml", "-o", "json")
    assert again.document["Outputs"]["commandOutputs"] == ["{{ braces }} {{.Names}}\n"]
    assert world.run("template", "validate", "again.yml").code == 0
    shown = world.run("exec", "-t", "web-1", "--save", "-", "--", "true")
    assert shown.out.startswith("FormatVersion")
    assert len(world.run("execution", "list", "-o", "json").document) == 2, "shown is not run"
