"""`oos template`: faults at their places, and what a template asks for, does and gives."""

from __future__ import annotations

import subprocess
import sys

from tests.cli.world import SNAPSHOTS, World

FIVE_FAULTS = """\
FormatVersion: OOS-2019-06-01
Parameters:
  size: {Type: Numbr}
Tasks:
  - Name: nap
    Action: ACS::Sleeep
    Properties: {Duration: 1S}
  - Name: again
    Action: ACS::Sleep
    OnError: nowhere
    Properties: {Duration: '{{ tine }}'}
  - Name: call
    Action: ACS::ExecuteAPI
    Properties: {Service: ECS, API: StartInstanse}
"""
FAULTS = {
    "faults.yml:3:16: error[OOS108]: Numbr is no type": "did you mean Number?",
    "faults.yml:6:13: error[OOS208]: no action is named ACS::Sleeep": "did you mean ACS::Sleep?",
    "faults.yml:10:14: error[OOS401]: OnError leads to nowhere": "",
    "faults.yml:11:29: error[OOS201]: there is no parameter tine": "",
    "faults.yml:14:37: error[": "did you mean StartInstance?",
}


def test_five_faults_are_five_each_at_its_place_with_carets_and_a_hint(world: World) -> None:
    said = world.run("template", "validate", world.write("faults.yml", FIVE_FAULTS))
    assert (said.code, said.out) == (2, "")
    assert said.err.count("error[") == 5, said.err
    for first, hint in FAULTS.items():
        assert first in said.err
        assert hint in said.err
    assert "   10 |     OnError: nowhere\n      |              ^^^^^^^\n" in said.err


def test_faults_as_json_are_one_list(world: World) -> None:
    world.write("good.yml", SNAPSHOTS)
    said = world.run("template", "validate", "good.yml", world.write("faults.yml", FIVE_FAULTS), "-o", "json")
    assert said.code == 2
    assert [(each["Source"], each["Line"], each["Column"]) for each in said.document] == [
        ("faults.yml", 3, 16),
        ("faults.yml", 6, 13),
        ("faults.yml", 10, 14),
        ("faults.yml", 11, 29),
        ("faults.yml", 14, 37),
    ]


def test_a_valid_template_is_called_valid(world: World) -> None:
    said = world.run("template", "validate", world.write("good.yml", SNAPSHOTS))
    assert (said.code, said.out, said.err) == (0, "", "good.yml: valid\n")
    assert world.run("template", "validate", "good.yml", "-o", "json").document == []
    assert world.run("template", "validate", "-", input=SNAPSHOTS).err == "-: valid\n"


def test_warnings_are_faults_when_strict(world: World) -> None:
    template = SNAPSHOTS.replace("Service: ECS", "Service: RDS").replace("API: DescribeDisks", "API: DescribeDatabases")
    world.write("elsewhere.yml", template.replace("API: CreateSnapshot", "API: CreateBackup"))
    lenient = world.run("template", "validate", "elsewhere.yml")
    assert lenient.code == 0, lenient
    assert "warning[" in lenient.err
    assert world.run("template", "validate", "elsewhere.yml", "--strict").code == 2
    started = world.run("run", "elsewhere.yml")
    assert started.code == 2
    assert "error[OOS210]" in started.err
    assert world.run("execution", "list", "-o", "json").document == []


def test_a_file_that_cannot_be_read_is_told_of_beside_the_others(world: World) -> None:
    world.write("good.yml", SNAPSHOTS)
    (world.folder / "latin.yml").write_bytes("Tasks: []\nDescription: Überblick".encode("latin-1"))
    (world.folder / "wide.yml").write_bytes("Tasks: []".encode("utf-16"))
    said = world.run("template", "validate", "nowhere.yml", "good.yml", "latin.yml", "wide.yml")
    assert said.code == 2
    assert "good.yml: valid" in said.err
    assert "there is no template nowhere.yml" in said.err
    assert "latin.yml:2:14: error[OOS001]: byte 0xdc is not UTF-8" in said.err
    assert "wide.yml:1:1: error[OOS001]: the text is UTF-16, not UTF-8" in said.err


def test_checking_a_template_loads_no_heavy_library(world: World) -> None:
    template = world.write("good.yml", SNAPSHOTS)
    script = (
        "import sys; from oos.cli.main import main; code = main(sys.argv[1:]);"
        "heavy = [name for name in ('libvirt', 'paramiko', 'sqlalchemy', 'alembic', 'rich', 'cryptography', 'jinja2')"
        " if name in sys.modules]; print(code, heavy)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "template", "validate", template],
        cwd=world.folder,
        env=world.environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "0 []\n", done


def test_a_template_is_shown_with_parameters_tasks_and_outputs(world: World) -> None:
    template = world.write("good.yml", SNAPSHOTS)
    said = world.run("template", "show", template)
    assert said.code == 0
    for text in ("A snapshot of every disk", "What the snapshots are called", "1 to 10", "call ECS.CreateSnapshot"):
        assert text in said.out
    document = world.run("template", "show", template, "-o", "json").document
    assert document["Parameters"]["width"] == {"Type": "Number", "Required": False, "Default": 2}
    assert [task["Name"] for task in document["Tasks"]] == ["disks", "snapshot"]
    assert world.run("template", "show", template, "--text").out == SNAPSHOTS


def test_runbooks_are_listed_by_name(world: World) -> None:
    folder = world.folder / "books"
    folder.mkdir()
    world.write("books/snapshots.yml", SNAPSHOTS)
    world.write("books/broken.yml", "FormatVersion: [")
    listed = world.run("template", "list", "-o", "json", OOS_RUNBOOKS=str(folder)).document
    assert listed[1] == {"TemplateName": "snapshots", "Description": "A snapshot of every disk"}
    assert listed[0]["Description"].startswith("cannot be read")


def test_schemas_are_for_the_language_and_for_one_template(world: World) -> None:
    language = world.run("template", "schema").document
    assert language["required"] == ["FormatVersion", "Tasks"]
    parameters = world.run("template", "schema", world.write("good.yml", SNAPSHOTS)).document
    assert set(parameters["properties"]) == {"label", "width", "maxErrors"}


def test_formatting_is_told_of_and_checked(world: World) -> None:
    untidy = SNAPSHOTS.replace(
        "  - Name: disks\n    Action: ACS::ExecuteAPI\n", "  - Action: ACS::ExecuteAPI\n    Name: disks\n"
    )
    world.write("untidy.yml", untidy)
    assert world.run("template", "fmt", "untidy.yml", "--check").code == 1
    told = world.run("template", "fmt", "untidy.yml", "--check", "-o", "json")
    assert (told.code, told.document) == (1, [{"File": "untidy.yml", "Canonical": False}])
    assert world.run("template", "fmt", "untidy.yml").err == "untidy.yml: formatted\n"
    assert world.run("template", "fmt", "untidy.yml", "--check").code == 0
    assert (world.folder / "untidy.yml").read_text() == SNAPSHOTS
    assert world.run("template", "fmt", "-", input=untidy).out == SNAPSHOTS


def test_rehearsals_among_the_files_are_passed_over(world: World) -> None:
    world.write(
        "nap.yml",
        "FormatVersion: OOS-2019-06-01\nTasks: [{Name: nap, Action: 'ACS::Sleep', Properties: {Duration: 1S}}]\n",
    )
    world.write("nap.rehearsal.yml", "cases: []\n")
    said = world.run("template", "validate", "nap.yml", "nap.rehearsal.yml")
    assert said.code == 0
    assert "nap.rehearsal.yml: a rehearsal" in said.err


def test_a_template_is_registered_with_its_versions_and_each_can_be_run(world: World) -> None:
    world.make_instances("web-1")
    world.write("rotate.yml", SNAPSHOTS)
    assert world.run("template", "list", "--registered", "-o", "json").document == []
    assert world.run("template", "register", "rotate.yml", "--label", "first").out == "rotate v1\n"
    again = world.run("template", "register", "rotate.yml")
    assert (again.code, again.out) == (0, "")
    assert "registered already, as v1" in again.err
    world.write("rotate.yml", SNAPSHOTS.replace("A snapshot of every disk", "One of every disk"))
    assert world.run("template", "register", "rotate.yml", "-o", "json").document["Template"]["TemplateVersion"] == "v2"
    (world.folder / "rotate.yml").unlink()
    listed = world.run("template", "versions", "rotate", "-o", "json").document
    assert [(each["TemplateVersion"], each["VersionName"]) for each in listed] == [("v2", ""), ("v1", "first")]
    registered = world.run("template", "list", "--registered", "-o", "json").document
    assert [each["TemplateName"] for each in registered] == ["rotate"]
    assert "One of every disk" in world.run("template", "show", "rotate").out
    assert "A snapshot of every disk" in world.run("template", "show", "rotate", "--template-version", "first").out
    assert world.run("run", "rotate", "--template-version", "v1").code == 0
    started = world.run("execution", "list", "-o", "json").document[0]
    assert (started["TemplateName"], started["Status"]) == ("rotate", "Success")
    wrong = world.run("run", "rotate", "--template-version", "v9")
    assert (wrong.code, "has no version v9" in wrong.err) == (2, True)


def test_a_template_with_faults_is_not_registered(world: World) -> None:
    said = world.run("template", "register", world.write("faults.yml", FIVE_FAULTS))
    assert said.code == 2
    assert said.err.count("error[") == 5
    assert world.run("execution", "list", "-o", "json").document == []
    said = world.run("template", "register", world.write("good.yml", SNAPSHOTS), "acs-mine")
    assert said.code != 0
    assert world.run("template", "versions", "acs-mine").code != 0
