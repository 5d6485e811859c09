"""The command line with its journal on PostgreSQL: the same verbs, the same answers."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.cli.world import SNAPSHOTS, eventually, read_until
from tests.scale.conftest import SharedWorld


def test_a_runbook_is_carried_out_recorded_and_verified(world: SharedWorld) -> None:
    world.make_instances("web-1", "web-2")
    world.write("snap.yml", SNAPSHOTS)
    ran = world.run("run", "snap.yml", "-o", "json")
    assert ran.code == 0, ran
    id_ = ran.execution_id
    assert [each["ExecutionId"] for each in world.run("execution", "list", "-o", "json").document] == [id_]
    assert world.run("execution", "show", id_, "-o", "json").document["Status"] == "Success"
    assert world.run("audit", "verify").code == 0
    assert not (world.state / "oos.db").exists()


def test_secrets_are_in_the_database_only_sealed(world: SharedWorld, tmp_path: Path) -> None:
    import psycopg

    world.make_instances("web-1")
    text = SNAPSHOTS.replace("Parameters:\n", "Parameters:\n  word: {Type: String, NoEcho: true}\n", 1)
    world.write("snap.yml", text)
    assert world.run("run", "snap.yml", "-p", "word=canary-77").code == 0
    with psycopg.connect(world.url) as connection:
        rows = connection.execute("SELECT payload FROM oos.events UNION SELECT bytes FROM oos.contents").fetchall()
    stored = b"".join(row[0] for row in rows)
    assert b"$sealed" in stored
    assert b"canary-77" not in stored


def test_what_a_killed_process_drove_is_resumed_at_once_on_the_same_host(world: SharedWorld) -> None:
    world.make_instances("web-1", "web-2")
    world.write("snap.yml", SNAPSHOTS)
    world.slow(snapshot=600)
    process = world.start("run", "snap.yml", "-p", "width=1")
    id_ = read_until(process, "execution exec-").split()[-1]
    listed = world.run("execution", "list", "-o", "json").document
    assert [(each["ExecutionId"], each["Status"]) for each in listed] == [(id_, "Running")]
    refused = world.run("execution", "resume", id_)
    assert refused.code == 1
    assert "is driven elsewhere" in refused.err
    process.send_signal(signal.SIGKILL)
    process.wait()
    world.slow(snapshot=0)
    assert world.run("execution", "resume", id_).code == 0
    assert set(world.effects().values()) == {1}


def test_a_database_that_is_not_there_is_named_at_once(world: SharedWorld, tmp_path: Path) -> None:
    said = world.run("execution", "list", OOS_DATABASE=f"postgresql:///oos?host={tmp_path}")
    assert said.code == 1
    assert f"journal postgresql://{tmp_path}/oos: it cannot be reached" in said.err


def test_word_from_another_process_reaches_the_driver(world: SharedWorld) -> None:
    world.write("ask.yml", "FormatVersion: OOS-2019-06-01\nTasks:\n  - {Name: ask, Action: 'ACS::Approve'}\n")
    process = world.start("run", "ask.yml", "--no-input")
    id_ = read_until(process, "execution exec-").split()[-1]
    eventually(lambda: '"Waiting"' in world.run("execution", "list", "-o", "json").out, "it waits")
    assert world.run("execution", "approve", id_).code == 0
    assert world.end(process).code == 0


def test_a_worker_carries_out_what_an_operation_starts(world: SharedWorld) -> None:
    world.make_instances("web-1")
    working = world.start("worker")
    read_until(working, "working as")
    started = world.run("api", "OOS", "StartExecution", f"TemplateContent={SNAPSHOTS}")
    assert started.code == 0, started
    id_ = started.document["Execution"]["ExecutionId"]
    eventually(lambda: world.run("execution", "show", id_, "-o", "json").document["Status"] == "Success", "it ends")
    working.terminate()
    assert working.wait(60) == 0


def test_a_worker_needs_a_database_that_others_can_share(world: SharedWorld) -> None:
    said = world.run("worker", OOS_DATABASE="")
    assert said.code == 2
    assert "OOS916" in said.err
