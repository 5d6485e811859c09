"""Which execution is meant when none is named."""

from __future__ import annotations

import pytest

from tests.cli.world import SNAPSHOTS, World, read_until

WAITING = """\
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: permission
    Action: ACS::Approve
    Properties: {Approvers: [ada]}
"""


def _waiting(world: World) -> str:
    """The id of an execution that waits for a person, and that nobody drives."""
    process = world.start("run", world.write("waiting.yml", WAITING))
    said = read_until(process, "oos execution reject")
    process.kill()
    return world.end(process, said).execution_id


@pytest.mark.parametrize("named", [[], ["last"]], ids=["unnamed", "last"])
@pytest.mark.parametrize(
    "verb", ["execution show", "execution logs", "audit show", "audit export", "execution export --to md"]
)
def test_verbs_that_read_take_the_newest(world: World, verb: str, named: list[str]) -> None:
    world.make_instances("web-1")
    older = world.run("run", world.write("snapshots.yml", SNAPSHOTS)).execution_id
    newest = world.run("run", "snapshots.yml").execution_id
    said = world.run(*verb.split(), *named)
    assert said.code == 0, said
    assert newest in said.out
    assert older not in said.out


def test_a_file_alone_is_where_the_newest_is_exported_to(world: World) -> None:
    world.make_instances("web-1")
    newest = world.run("run", world.write("snapshots.yml", SNAPSHOTS)).execution_id
    assert world.run("execution", "export", "report.md").code == 0
    assert newest in (world.folder / "report.md").read_text()


def test_verbs_that_change_take_the_only_one_to_which_they_apply(world: World) -> None:
    world.make_instances("web-1")
    waiting = _waiting(world)
    world.run("run", world.write("snapshots.yml", SNAPSHOTS))
    said = world.run("execution", "approve")
    assert (said.code, f"{waiting} was told: Approve" in said.err) == (0, True), said
    resumed = world.run("execution", "resume", "-o", "json")
    assert (resumed.code, resumed.document["ExecutionId"]) == (0, waiting)
    assert world.run("execution", "resume").code == 2


def test_a_detached_resume_finds_it_too(world: World) -> None:
    waiting = _waiting(world)
    world.run("execution", "approve")
    said = world.run("execution", "resume", "--detach")
    assert (said.code, said.out.strip()) == (0, waiting), said
    assert world.run("execution", "logs", "-f").code == 0


def test_verbs_that_change_do_not_guess_among_several(world: World) -> None:
    first, second = _waiting(world), _waiting(world)
    said = world.run("execution", "cancel")
    assert said.code == 2
    assert "there is more than one execution that has not ended" in said.err
    assert first in said.err
    assert second in said.err
    said = world.run("execution", "cancel", "last")
    assert said.code == 0
    assert f"{second} ended: Cancelled" in said.err


def test_nothing_to_apply_to_is_said(world: World) -> None:
    said = world.run("execution", "show")
    assert (said.code, said.err.splitlines()[0]) == (2, "error: there is no execution")
    assert "waits for a person" in world.run("execution", "approve").err
    assert "trigger" in world.run("schedule", "pause").err
