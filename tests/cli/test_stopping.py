"""Signals, deadlines and death: what was printed is never lost, and the rest can be resumed."""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter

import pytest

from tests.cli.world import COMMAND, EXECUTION, SNAPSHOTS, World, eventually, read_until

LONG_NAP = """\
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: nap
    Action: ACS::Sleep
    Properties: {Duration: 1H}
"""


def _snapshots_made(world: World) -> Counter[str]:
    return Counter({key: count for key, count in world.effects().items() if key.startswith("create_snapshot")})


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_signal_lets_what_is_in_flight_end_and_the_rest_is_resumable(
    world: World, number: signal.Signals, code: int
) -> None:
    world.make_instances("web-1", "web-2", "web-3")
    world.slow(snapshot=3)
    process = world.start("run", world.write("snapshots.yml", SNAPSHOTS), "-p", "width:=1")
    said = read_until(process, "loops over 3 items")
    eventually(lambda: world.under_way() == 1, "the first is in flight")
    process.send_signal(number)
    ended = world.end(process, said)
    assert ended.code == code
    assert f"oos execution resume {ended.execution_id}" in ended.err
    assert len(_snapshots_made(world)) == 1, "the one in flight, and no other"
    listed = world.run("execution", "list", "-o", "json").document
    assert listed[0]["Status"] == "Interrupted"
    world.slow(snapshot=0)
    resumed = world.run("execution", "resume", ended.execution_id, "-o", "json")
    assert resumed.code == 0
    assert len(resumed.document["Outputs"]["snapshots"]) == 3
    assert set(_snapshots_made(world).values()) == {1}
    assert len(_snapshots_made(world)) == 3


def test_a_second_signal_ends_at_once(world: World) -> None:
    world.make_instances("web-1")
    world.slow(snapshot=30)
    process = world.start("run", world.write("snapshots.yml", SNAPSHOTS))
    read_until(process, "loops over 1 item")
    eventually(lambda: world.under_way() == 1, "it is in flight")
    process.send_signal(signal.SIGINT)
    read_until(process, "the same again stops at once")
    began = time.monotonic()
    process.send_signal(signal.SIGINT)
    assert process.wait(20) == 130
    assert time.monotonic() - began < 20, "it waited for the snapshot"


def test_an_id_that_was_printed_is_never_lost(world: World) -> None:
    template = world.write("nap.yml", LONG_NAP)
    for _ in range(5):
        process = world.start("run", template)
        assert process.stderr is not None
        found = EXECUTION.search(process.stderr.readline())
        process.kill()
        process.wait()
        assert found is not None
        listed = world.run("execution", "list", "-o", "json").document
        assert listed[0]["ExecutionId"] == found[0]
        assert listed[0]["Status"] in ("Interrupted", "Waiting"), "it was killed before its nap, or in it"


IN_A_CHILD = """\
FormatVersion: OOS-2019-06-01
Parameters: {{diskIds: {{Type: List, Default: {disks}}}}}
Tasks:
  - Name: snapshot
    Action: ACS::ECS::CreateSnapshot
    Properties: {{diskId: '{{{{ ACS::TaskLoopItem }}}}'}}
    Loop: {{Items: '{{{{ diskIds }}}}'}}
"""


def test_what_was_killed_in_a_child_execution_is_interrupted_not_waiting(world: World) -> None:
    instance = world.make_instances("web-1")[0]
    world.slow(snapshot=30)
    process = world.start("run", world.write("child.yml", IN_A_CHILD.format(disks=list(instance.disk_ids))))
    read_until(process, "loops over 1 item")
    eventually(lambda: world.under_way() == 1, "the child has begun its snapshot, which takes half a minute")
    process.kill()
    process.wait()
    assert world.run("execution", "list", "-o", "json").document[0]["Status"] == "Interrupted"
    assert world.run("execution", "show", "-o", "json").document["Status"] == "Interrupted"


def test_a_deadline_lets_go_with_124(world: World) -> None:
    said = world.run("run", world.write("nap.yml", LONG_NAP), "--deadline", "1s")
    assert said.code == 124
    assert f"oos execution resume {said.execution_id}" in said.err


def test_a_detached_run_goes_on_and_is_followed_from_elsewhere(world: World) -> None:
    world.make_instances("web-1", "web-2")
    world.slow(snapshot=1)
    said = world.run("run", world.write("snapshots.yml", SNAPSHOTS), "--detach")
    assert said.code == 0
    assert EXECUTION.fullmatch(said.out.strip())
    id_ = said.out.strip()
    followed = world.run("execution", "logs", "-f", id_)
    assert followed.code == 0, followed
    assert "snapshot[2]" in followed.err
    assert followed.out.startswith("OUTPUT")
    eventually(lambda: "Success" in (world.state / "logs" / f"{id_}.log").read_text(), "the driver's log ends")


def test_a_detached_run_that_cannot_start_says_so_at_once(world: World) -> None:
    said = world.run("run", world.write("nap.yml", LONG_NAP), "--detach", "-p", "x=1")
    assert (said.code, said.out) == (2, "")
    assert "there is no parameter x" in said.err


def test_a_detached_run_outlives_its_terminal(world: World) -> None:
    world.make_instances("web-1")
    world.slow(snapshot=1)
    template = world.write("snapshots.yml", SNAPSHOTS)
    # A session leader that ends takes its process group with it.
    shell = subprocess.run(
        ["setsid", "sh", "-c", f"{' '.join(COMMAND)} run {template} --detach; kill -HUP 0"],
        cwd=world.folder,
        env=world.environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    id_ = shell.stdout.strip()
    assert EXECUTION.fullmatch(id_), shell
    assert world.run("execution", "logs", "-f", id_).code == 0


def test_two_processes_never_drive_one_execution(world: World) -> None:
    process = world.start("run", world.write("nap.yml", LONG_NAP))
    said = read_until(process, "exec-")
    found = EXECUTION.search(said)
    assert found is not None
    second = world.run("execution", "resume", found[0])
    assert second.code == 1
    assert "is driven elsewhere" in second.err
    assert f"oos execution logs -f {found[0]}" in second.err


def test_following_ends_with_9_when_the_driver_dies(world: World) -> None:
    process = world.start("run", world.write("nap.yml", LONG_NAP))
    found = EXECUTION.search(read_until(process, "nap"))
    assert found is not None
    follower = world.start("execution", "logs", "-f", found[0])
    read_until(follower, "sleeps until")
    process.kill()
    ended = world.end(follower)
    assert ended.code == 9
    assert f"oos execution resume {found[0]}" in ended.err
