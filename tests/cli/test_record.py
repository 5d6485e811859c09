"""`oos execution list, show, logs` and `oos audit`: the record, and the proof that it is one."""

from __future__ import annotations

import json
import sqlite3

from tests.cli.world import SNAPSHOTS, World

CHILD = """\
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: inner
    Action: ACS::Template
    Properties:
      TemplateContent:
        FormatVersion: OOS-2019-06-01
        Tasks:
          - Name: nap
            Action: ACS::Sleep
            Properties: {Duration: 1S}
          - Name: fail
            Action: ACS::ExecuteAPI
            Properties: {Service: ECS, API: CreateSnapshot, Parameters: {DiskId: d-00000000000000000000}}
"""


def test_executions_are_listed_newest_first_and_chosen_by_status_and_template(world: World) -> None:
    world.make_instances("web-1")
    good = world.run("run", world.write("good.yml", SNAPSHOTS))
    bad = world.run("run", world.write("bad.yml", CHILD))
    listed = world.run("execution", "list", "-o", "json").document
    assert [each["ExecutionId"] for each in listed] == [bad.execution_id, good.execution_id]
    assert [each["Status"] for each in listed] == ["Failed", "Success"]
    failed = world.run("execution", "list", "--status", "failed", "-o", "ndjson").out.splitlines()
    assert [json.loads(line)["ExecutionId"] for line in failed] == [bad.execution_id]
    by_template = world.run("execution", "list", "--template", "goo", "-o", "json").document
    assert [each["ExecutionId"] for each in by_template] == [good.execution_id]
    children = world.run("execution", "list", "--children", "-o", "json").document
    assert f"{bad.execution_id}.t0001" in {each["ExecutionId"] for each in children}
    older = world.run("execution", "list", "--before", bad.execution_id, "-n", "1", "-o", "json").document
    assert [each["ExecutionId"] for each in older] == [good.execution_id]


def test_an_id_is_never_cut(world: World) -> None:
    said = world.run("run", world.write("bad.yml", CHILD))
    for columns in ("40", "80", "200"):
        assert said.execution_id in world.run("execution", "list", "--wide", COLUMNS=columns).out


def test_the_story_shows_what_was_asked_each_target_and_what_came_of_it(world: World) -> None:
    disks = [instance.disk_ids[0] for instance in world.make_instances("web-1", "web-2")]
    said = world.run("run", world.write("good.yml", SNAPSHOTS), "-p", "label=weekly", "-o", "json")
    shown = world.run("execution", "show", said.document["ExecutionId"]).out
    for text in ("Success", "by ada", "label = weekly", "2 of 2 done", *disks, *said.document["Outputs"]["snapshots"]):
        assert text in shown


def test_the_story_indents_children_and_tells_why_something_failed(world: World) -> None:
    said = world.run("run", world.write("bad.yml", CHILD))
    lines = world.run("execution", "show", said.execution_id).out.splitlines()
    places = {line.split()[1]: line.index(line.split()[1]) for line in lines if line.strip()[:1] in "✓✗+x" and line}
    assert places["nap"] > places["inner"]
    assert any("InvalidDiskId.NotFound" in line for line in lines)
    full = world.run("execution", "show", said.execution_id, "--full").out
    assert "ECS.CreateSnapshot" in full
    child = world.run("execution", "show", f"{said.execution_id}.t0001", "-o", "json").document
    assert child["ParentExecutionId"] == said.execution_id


def test_logs_tell_every_event_of_the_family_in_order(world: World) -> None:
    said = world.run("run", world.write("bad.yml", CHILD))
    lines = world.run("execution", "logs", said.execution_id).out.splitlines()
    assert f"{said.execution_id} started by ada: bad.yml" in lines[0]
    assert any(f"{said.execution_id}.t0001 fail failed: InvalidDiskId.NotFound" in line for line in lines)
    assert "ended: Failed" in lines[-1]
    assert lines == sorted(lines, key=lambda line: line[:19])
    events = world.run("execution", "logs", said.execution_id, "-o", "json").document
    assert len(events) == len(lines)


def test_an_execution_that_is_not_there_is_said_so(world: World) -> None:
    for verb in (["execution", "show"], ["execution", "logs"], ["execution", "resume"], ["audit", "show"]):
        said = world.run(*verb, "exec-00000000000000000000")
        assert said.code == 2, verb
        assert "there is no execution exec-00000000000000000000" in said.err


def test_an_untouched_record_verifies(world: World) -> None:
    assert world.run("audit", "verify").code == 0
    world.run("run", world.write("bad.yml", CHILD))
    said = world.run("audit", "verify")
    assert said.code == 0, said
    assert said.out.startswith("verified: 2 executions")
    assert world.run("audit", "verify", "-o", "json").document["Holds"] is True


def test_a_changed_record_ends_with_12_and_names_the_place(world: World) -> None:
    run = world.run("run", world.write("bad.yml", CHILD))
    with sqlite3.connect(world.state / "oos.db") as database:
        (table,) = (
            name
            for (name,) in database.execute("select name from sqlite_master where type = 'table'")
            if {"payload", "hash"} <= {row[1] for row in database.execute(f"pragma table_info({name})")}
        )
        changed = database.execute(
            f"update {table} set payload = replace(payload, 'ada', 'bob') where execution_id = ? and sequence = 1",
            (run.execution_id,),
        )
        assert changed.rowcount == 1
    database.close()
    said = world.run("audit", "verify")
    assert (said.code, said.out) == (12, "")
    assert f"{run.execution_id} event 1" in said.err
    document = world.run("audit", "verify", "-o", "json")
    assert document.code == 12
    assert document.document["Breaks"][0]["ExecutionId"] == run.execution_id


def test_a_page_of_another_kind_ends_with_12_though_no_event_stands_in_it(world: World) -> None:
    world.run("run", world.write("bad.yml", CHILD))
    with sqlite3.connect(world.state / "oos.db") as database:
        database.execute("pragma wal_checkpoint(truncate)").fetchall()
        ((root,),) = database.execute("select rootpage from sqlite_master where name = 'executions_parent'").fetchall()
    database.close()
    with (world.state / "oos.db").open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\0")
    said = world.run("audit", "verify")
    assert (said.code, said.out) == (12, "")
    assert str(world.state / "oos.db") in said.err


def test_a_schema_that_is_no_text_ends_with_12(world: World) -> None:
    world.run("run", world.write("bad.yml", CHILD))
    with sqlite3.connect(world.state / "oos.db") as database:
        database.execute("pragma wal_checkpoint(truncate)").fetchall()
    database.close()
    raw = (world.state / "oos.db").read_bytes()
    (world.state / "oos.db").write_bytes(raw.replace(b"CREATE TABLE signals", b"CREATE TABL\xc5 signals"))
    said = world.run("audit", "verify")
    assert (said.code, said.out) == (12, "")
    assert "Traceback" not in said.err


def test_the_audit_lists_who_did_what(world: World) -> None:
    world.run("run", world.write("bad.yml", CHILD))
    world.run("run", "bad.yml", OOS_USER="bob")
    assert [each["ExecutedBy"] for each in world.run("audit", "list", "-o", "json").document] == ["bob", "ada"]
    assert len(world.run("audit", "list", "--by", "bob", "-o", "json").document) == 1
    assert world.run("audit", "list", "--since", "2999-01-01", "-o", "json").document == []
    assert world.run("audit", "list", "--since", "yesterday").code == 2


def test_an_export_is_a_document_or_verifiable_lines(world: World) -> None:
    run = world.run("run", world.write("bad.yml", CHILD))
    document = world.run("audit", "export", run.execution_id).document
    assert {each["execution"] for each in document["executions"]} == {run.execution_id, f"{run.execution_id}.t0001"}
    assert world.run("audit", "export", run.execution_id, "--verifiable", "--file", "record.ndjson").code == 0
    lines = [json.loads(line) for line in (world.folder / "record.ndjson").read_text().splitlines()]
    assert lines[0]["execution"] == run.execution_id
    assert all("hash" in line for line in lines if "sequence" in line)
