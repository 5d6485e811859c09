"""`oos template rehearse`: what it prints, writes, and how it ends."""

from __future__ import annotations

from tests.cli.world import SNAPSHOTS, World

CASES = """\
given: {instances: {web-1: {}}}
cases:
  - name: every disk gets a snapshot
    expect: {status: Success, tasks: [disks, snapshot: {items: {Success: 1}}], fleet: {snapshots: [{name: daily}]}}
  - name: with another name
    parameters: {label: weekly}
    expect:
      status: Success
      fleet: {snapshots: [{name: daily}]}
"""


def test_what_came_as_expected_and_what_did_not_is_told_at_its_place(world: World) -> None:
    world.write("snap.yml", SNAPSHOTS)
    world.write("snap.rehearsal.yml", CASES)
    said = world.run("template", "rehearse", "snap.yml")
    assert said.code == 1
    assert said.out == (
        "ok  snap.rehearsal.yml: every disk gets a snapshot\nfailed  snap.rehearsal.yml: with another name\n"
    )
    assert (
        'snap.rehearsal.yml:9:34: error[OOS810]: with another name: fleet.snapshots[0].name: expected "daily"'
        in said.err
    )
    assert "\n    9 |       fleet: {snapshots: [{name: daily}]}\n" in said.err
    assert said.err.endswith("2 rehearsals, 1 not as expected\n")
    assert world.run("template", "rehearse", "snap.rehearsal.yml", "--only", "every").code == 0
    assert not world.state.exists(), "nothing is recorded"


def test_programs_read_one_document(world: World) -> None:
    world.write("snap.yml", SNAPSHOTS)
    world.write("snap.rehearsal.yml", CASES)
    said = world.run("template", "rehearse", ".", "-o", "json", "--observed")
    assert (said.code, said.err) == (1, "")
    first, second = said.document
    assert (first["AsExpected"], first["Differences"], first["Status"]) == (True, [], "Success")
    assert [(each["Code"], each["Line"]) for each in second["Differences"]] == [("OOS810", 9)]
    assert second["Observed"]["fleet"]["snapshots"][0]["name"] == "weekly"
    lines = world.run("template", "rehearse", ".", "-o", "ndjson").out.splitlines()
    assert len(lines) == 2


def test_what_cannot_be_rehearsed_is_refused(world: World) -> None:
    world.write("snap.yml", SNAPSHOTS)
    said = world.run("template", "rehearse", "snap.yml")
    assert said.code == 2
    assert "there is no snap.rehearsal.yml" in said.err
    world.write("snap.rehearsal.yml", "cases: [{name: it, expcet: {}}]")
    said = world.run("template", "rehearse", "snap.yml")
    assert said.code == 2
    assert "snap.rehearsal.yml:1:20: error[OOS802]: a case has no field expcet" in said.err
    assert "did you mean expect?" in said.err
    world.write("alone.rehearsal.yml", "cases: [{name: it}]")
    assert "OOS805" in world.run("template", "rehearse", "alone.rehearsal.yml").err
    world.write("snap.rehearsal.yml", "cases: [{name: it}]")
    world.write("snap.yml", SNAPSHOTS.replace("ACS::ExecuteAPI", "ACS::ExecuteAPIS"))
    said = world.run("template", "rehearse", "snap.yml")
    assert (said.code, "OOS208" in said.err) == (2, True)


def test_observations_are_written_and_then_they_hold(world: World) -> None:
    world.write("snap.yml", SNAPSHOTS)
    said = world.run("template", "rehearse", "snap.yml", "--update")
    assert (said.code, said.err) == (0, "snap.rehearsal.yml: written\n1 rehearsal, all as expected\n")
    text = (world.folder / "snap.rehearsal.yml").read_text()
    assert "- snapshot:\n            status: Success\n            items: {Success: 2}\n" in text
    assert world.run("template", "rehearse", "snap.yml").code == 0
    world.run("template", "rehearse", "snap.yml", "--update")
    assert (world.folder / "snap.rehearsal.yml").read_text() == text


def test_product_actions_are_rehearsed_by_their_names(world: World) -> None:
    said = world.run("template", "rehearse", "ACS::ECS::StartInstance", "--only", "left alone")
    assert said.code == 0
    assert "an instance that runs is left alone" in said.out
