"""Promised: tampering shows, also with what has only begun; and no fault of the anchors loses a run."""

from __future__ import annotations

import sqlite3

import pytest

from tests.cli.world import EXECUTION, World, eventually, read_until

NAP = """\
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: nap
    Action: ACS::Sleep
    Properties: {Duration: 1H}
"""
PARENT = """\
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: child
    Action: ACS::Template
    Properties:
      TemplateContent: |
        FormatVersion: OOS-2019-06-01
        Tasks:
          - Name: look
            Action: ACS::ExecuteAPI
            Properties: {Service: ECS, API: DescribeRegions, Parameters: {}}
"""
SHORT = NAP.replace("1H", "1S")


def _take_away(world: World, execution_id: str) -> None:
    """Delete every row that speaks of an execution, as a thorough forger would."""
    with sqlite3.connect(world.state / "oos.db") as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        for table in tables:
            columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            if "execution_id" in columns:
                database.execute(f"DELETE FROM {table} WHERE execution_id = ?", (execution_id,))
    database.close()


def test_an_execution_that_was_taken_away_shows_however_young_it_was(world: World) -> None:
    process = world.start("run", world.write("nap.yml", NAP))
    assert process.stderr is not None
    found = EXECUTION.search(process.stderr.readline())
    process.kill()
    world.end(process)
    assert found is not None
    assert world.run("audit", "verify").code == 0
    _take_away(world, found[0])
    said = world.run("audit", "verify")
    assert said.code == 12, said
    assert found[0] in said.err


@pytest.mark.parametrize(("place", "content"), [(100, b"\xff" * 64), (0, b"no longer a database")])
def test_a_journal_that_was_damaged_does_not_verify_and_every_verb_says_why(
    world: World, place: int, content: bytes
) -> None:
    nap = world.write("nap.yml", SHORT)
    world.run("run", nap)
    database = sqlite3.connect(world.state / "oos.db")
    database.execute("pragma wal_checkpoint(truncate)")
    database.close()
    with (world.state / "oos.db").open("r+b") as file:
        file.seek(place)
        file.write(content)
    said = world.run("audit", "verify")
    assert said.code == 12, said
    assert "oos.db" in said.err
    document = world.run("audit", "verify", "-o", "json")
    assert (document.code, document.document["Holds"]) == (12, False)
    for verb in (("run", nap), ("execution", "list"), ("execution", "show")):
        other = world.run(*verb)
        assert "fault of oos" not in other.err, other


def test_a_child_that_was_taken_away_shows(world: World) -> None:
    id_ = world.run("run", world.write("parent.yml", PARENT)).execution_id
    child = f"{id_}.t0001"
    record = world.run("audit", "verify", "-o", "json").document
    assert (record["Holds"], record["Executions"], record["Unanchored"]) == (True, 2, [])
    _take_away(world, child)
    said = world.run("audit", "verify")
    assert said.code == 12, said
    assert child in said.err


def test_a_child_is_anchored_while_its_parent_goes_on(world: World) -> None:
    process = world.start("run", world.write("long.yml", f"{PARENT}  - {NAP.split('  - ')[1]}"))
    found = EXECUTION.search(read_until(process, "nap sleeps"))
    assert found is not None
    child = f'"execution":"{found[0]}.t0001"'
    eventually(lambda: child in (world.state / "anchors.ndjson").read_text(), "the child is anchored")


def test_anchors_that_cannot_be_written_lose_no_run(world: World) -> None:
    world.state.mkdir(mode=0o700)
    (world.state / "anchors.ndjson").mkdir()
    said = world.run("run", world.write("nap.yml", SHORT))
    assert said.code == 0, said
    assert said.err.count("anchors.ndjson: they cannot be written (Is a directory)") == 1
    assert "Success" in said.err.splitlines()[-1]
    (world.state / "anchors.ndjson").rmdir()
    unanchored = world.run("audit", "verify")
    assert f"not anchored yet, so that a cut would not show: {said.execution_id}" in unanchored.err
