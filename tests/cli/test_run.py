"""`oos run`: what is printed where, and with which exit code it ends."""

from __future__ import annotations

import json

import pytest

from tests.cli.world import EXECUTION, SNAPSHOTS, World

NAP = """\
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: nap
    Action: ACS::Sleep
    Properties: {Duration: 1S}
"""
SECRET = """\
FormatVersion: OOS-2019-06-01
Parameters:
  password: {Type: String, NoEcho: true}
Tasks:
  - Name: nap
    Action: ACS::Sleep
    Properties: {Duration: 1S}
Outputs:
  shown: {Type: String, Value: 'the password is {{ password }}'}
"""
CANARY = "canary-5f2a90"


def test_the_id_and_progress_go_to_stderr_and_outputs_to_stdout(world: World) -> None:
    world.make_instances("web-1", "web-2")
    said = world.run("run", world.write("snapshots.yml", SNAPSHOTS))
    assert said.code == 0, said
    assert EXECUTION.search(said.err.splitlines()[0])
    assert "snapshot[2]" in said.err
    assert "Success" in said.err.splitlines()[-1]
    assert said.out.startswith("OUTPUT")
    assert len(said.out.splitlines()) == 3, "a heading and a line for each snapshot"


def test_json_is_one_document(world: World) -> None:
    world.make_instances("web-1")
    said = world.run("run", world.write("snapshots.yml", SNAPSHOTS), "-p", "label=nightly", "-o", "json")
    record = said.document
    assert said.code == 0
    assert record["Status"] == "Success"
    assert record["ExecutedBy"] == "ada"
    assert record["Parameters"] == {"label": "nightly", "width": 2, "maxErrors": 0}
    assert len(record["Outputs"]["snapshots"]) == 1
    assert record["Counters"] == {"Total": 2, "Failed": 0, "Success": 2}
    assert [task["TaskName"] for task in record["Tasks"]] == ["disks", "snapshot"]


def test_ndjson_streams_the_events(world: World) -> None:
    said = world.run("run", world.write("nap.yml", NAP), "-o", "ndjson")
    events = [json.loads(line) for line in said.out.splitlines()]
    assert [event["Event"] for event in events] == [
        "ExecutionStarted",
        "TaskStarted",
        "TaskWaiting",
        "TaskSucceeded",
        "ExecutionFinished",
    ]
    assert {event["ExecutionId"] for event in events} == {said.execution_id}


def test_quiet_prints_results_only(world: World) -> None:
    world.make_instances("web-1")
    said = world.run("run", world.write("snapshots.yml", SNAPSHOTS), "-q")
    assert (said.code, said.err) == (0, "")
    assert "s-" in said.out


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["-p", "lable=x"], ["there is no parameter lable", "did you mean label?"]),
        (["-p", "width:=99"], ["the parameter width", "1 to 10"]),
        (["-p", "width=wide"], ["the parameter width", "is not a Number"]),
        (["-p", "label=UPPER", "-p", "width:=0"], ["[a-z]+", "1 to 10"]),
        (["-p", "width:={"], ["the value of width is not JSON"]),
        (["-p", "nonsense"], ["'nonsense' is no name=value"]),
        (["--params", "nowhere.yml"], ["nowhere.yml: error[OOS942]: cannot be read"]),
        (["--yes", "--mode", "Debug"], ["--yes goes with --mode Automatic only"]),
        (["--mode", "Fast"], ["Invalid value for '--mode'"]),
    ],
    ids=str,
)
def test_wrong_arguments_end_with_2_and_start_nothing(world: World, arguments: list[str], told: list[str]) -> None:
    said = world.run("run", world.write("snapshots.yml", SNAPSHOTS), *arguments)
    assert (said.code, said.out) == (2, ""), said
    for text in told:
        assert text in said.err
    assert world.run("execution", "list", "-o", "json").document == []


@pytest.mark.parametrize(
    "arguments",
    [("run", "b\udcff.yml"), ("run", "x.yml", "-p", "word=a\udcff"), ("execution", "show", "\udcff")],
)
def test_arguments_that_are_no_text_are_told_as_they_were_given(world: World, arguments: tuple[str, ...]) -> None:
    said = world.run(*arguments)
    assert said.code == 2, said
    assert "not text in UTF-8" in said.err
    assert "\\xff" in said.err


def test_a_broken_template_shows_every_fault_at_its_place_and_starts_nothing(world: World) -> None:
    broken = NAP.replace("ACS::Sleep", "ACS::Slep").replace("1S", "'{{ time }}'")
    said = world.run("run", world.write("broken.yml", broken))
    assert said.code == 2
    assert "broken.yml:4:13: error[OOS" in said.err
    assert "hint: did you mean ACS::Sleep?" in said.err
    assert "broken.yml:5:29: error[OOS" in said.err
    assert "^^^^^^^^" in said.err
    assert world.run("execution", "list", "-o", "json").document == []


def test_a_failure_before_the_start_is_one_json_document_too(world: World) -> None:
    said = world.run("run", world.write("nap.yml", NAP), "-p", "x=1", "-o", "json")
    assert said.code == 2
    assert said.document["Error"]["Diagnostics"][0]["Code"] == "OOS602"
    assert world.run("run", "nowhere.yml", "-o", "json").document["Error"]["Code"] == "InvalidInput"
    assert world.run("run", "--nonsense", "-o", "json").document["Error"]["Code"] == "InvalidUsage"


def test_arguments_come_from_files_and_the_command_line_wins(world: World) -> None:
    world.make_instances("web-1")
    world.write("first.yml", "label: weekly\nwidth: 3\n")
    world.write("second.json", '{"width": 4}')
    template = world.write("snapshots.yml", SNAPSHOTS)
    files = ("--params", "first.yml", "--params", "second.json")
    said = world.run("run", template, *files, "-p", "label=hourly", "-o", "json")
    assert said.document["Parameters"] == {"label": "hourly", "width": 4, "maxErrors": 0}
    said = world.run("run", template, "--params", "-", "-o", "json", input="label: piped\n")
    assert said.document["Parameters"]["label"] == "piped"


def test_some_failed_targets_end_with_3(world: World) -> None:
    world.make_instances("web-1", "web-2")
    world.make_instances("db-1", host="h2")
    world.change_host("h2", full=True)
    said = world.run("run", world.write("snapshots.yml", SNAPSHOTS), "-p", "maxErrors:=1")
    assert said.code == 3
    assert "1 of 3 loop items failed" in said.err


def test_a_failed_execution_ends_with_1_and_names_target_and_cause(world: World) -> None:
    world.make_instances("web-1")
    world.change_host("h1", full=True)
    said = world.run("run", world.write("snapshots.yml", SNAPSHOTS))
    assert said.code == 1
    assert "no space left on device" in said.err
    assert f"oos execution show {said.execution_id}" in said.err


def test_an_unreachable_host_ends_with_4(world: World) -> None:
    world.make_instances("web-1")
    world.change_host("h1", unreachable=True)
    said = world.run("run", world.write("snapshots.yml", SNAPSHOTS), "-o", "json")
    assert said.code == 4
    assert said.document["Status"] == "Failed"
    assert "h1" in said.document["StatusMessage"]


def test_a_secret_is_shown_nowhere_and_kept_in_no_file(world: World) -> None:
    template = world.write("secret.yml", SECRET)
    world.write("secrets.yml", f"password: {CANARY}\n")
    plain = world.run("run", template, "--params", "secrets.yml", "-v")
    assert plain.code == 0, plain
    assert "***" in plain.out
    document = world.run("run", template, "--params", "-", "-o", "json", input=f"password: {CANARY}\n")
    assert document.document["Parameters"] == {"password": "***"}
    events = world.run("run", template, "--params", "secrets.yml", "-o", "ndjson", "--debug")
    shown = world.run("execution", "show", plain.execution_id, "--full")
    logs = world.run("execution", "logs", plain.execution_id, "-o", "ndjson")
    export = world.run("audit", "export", plain.execution_id)
    for said in (plain, document, events, shown, logs, export):
        assert CANARY not in said.out + said.err
    for path in world.state.rglob("*"):
        if path.is_file():
            assert CANARY.encode() not in path.read_bytes(), path


def test_the_same_client_token_starts_one_execution(world: World) -> None:
    template = world.write("nap.yml", NAP)
    first = world.run("run", template, "--client-token", "monday")
    second = world.run("run", template, "--client-token", "monday")
    assert (first.code, second.code) == (0, 0)
    assert first.execution_id == second.execution_id
    assert len(world.run("execution", "list", "-o", "json").document) == 1


def test_a_runbook_is_found_by_name(world: World) -> None:
    (world.folder / "books").mkdir()
    world.write("books/nap.yml", NAP)
    said = world.run("run", "nap", "-o", "json", OOS_RUNBOOKS=str(world.folder / "books"))
    assert said.document["TemplateName"] == "nap"
    said = world.run("run", "napp", OOS_RUNBOOKS=str(world.folder / "books"))
    assert said.code == 2
    assert "did you mean nap?" in said.err


def test_description_and_tags_are_recorded(world: World) -> None:
    told = ("--description", "the monthly nap", "--tag", "team=night", "--tag", "url=http://x/?a=b")
    record = world.run("run", world.write("nap.yml", NAP), *told, "-o", "json").document
    assert record["Description"] == "the monthly nap"
    assert record["Tags"] == {"team": "night", "url": "http://x/?a=b"}


def test_faults_of_syntax_and_of_names_are_shown_together(world: World) -> None:
    broken = NAP.replace("ACS::Sleep", "ACS::Slep") + "    Timeout: soon\n"
    said = world.run("run", world.write("broken.yml", broken))
    assert said.code == 2
    assert "did you mean ACS::Sleep?" in said.err
    assert "Timeout" in said.err


RESTARTS = """\
FormatVersion: OOS-2019-06-01
Parameters:
  instances: {Type: List}
Tasks:
  - Name: restart
    Action: ACS::ECS::RebootInstance
    Properties: {instanceId: '{{ ACS::TaskLoopItem }}'}
    Loop: {Items: '{{ instances }}', RateControl: {Mode: Concurrency, Concurrency: 1, MaxErrors: 0}}
"""


def test_what_a_guard_refuses_on_the_way_ends_with_5(world: World) -> None:
    made = [each.id for each in world.make_instances("web-1", "web-2")]
    world.write("oos.toml", "[guards]\nmax_share = 1\n")
    said = world.run("run", world.write("restarts.yml", RESTARTS), "-p", f"instances:={json.dumps(made)}")
    assert said.code == 5, said
    assert "one execution may touch 1" in said.err
