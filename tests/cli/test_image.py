"""`oos image`: recipes built, compared, tested, published and retired, on a simulated fleet."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from oos.cli.main import main

INVENTORY = """
regions:
  - id: lab
    zones: [{id: lab-a, hosts: [{name: h-1, uri: 'memory://FOLDER/h1.json'}, {name: h-2, uri: 'memory://FOLDER/h2.json'}]}]
"""
RECIPE = """
name: web
description: a web server
base: {image: tiny}
stages:
  - name: files
    files: [{path: /etc/motd, content: "hello"}, {path: /srv/page, source: page.html}]
  - name: configure
    script: |
      echo '{{ braces }}' > /etc/x
tests:
  - {name: motd, script: test -f /etc/motd}
"""


class Desk:
    """A directory with an inventory and a recipe, and `oos` run there."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self._capsys = capsys
        (folder / "inventory.yml").write_text(INVENTORY.replace("FOLDER", str(folder)))
        (folder / "page.html").write_text("<p>page</p>")
        self.recipe = folder / "web.yml"
        self.recipe.write_text(RECIPE)

    def oos(self, *arguments: str, code: int = 0) -> str:
        where = ("--inventory", str(self.folder / "inventory.yml"), "--state-dir", str(self.folder / "state"))
        assert main([*where, *arguments]) == code, self._capsys.readouterr().err
        said = self._capsys.readouterr()
        self.err = said.err
        return said.out

    def json(self, *arguments: str, code: int = 0) -> Any:
        return json.loads(self.oos(*arguments, "-o", "json", code=code))

    def build(self, *options: str) -> dict[str, Any]:
        return dict(self.json("image", "build", str(self.recipe), *options))


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(tmp_path, capsys)


def test_an_image_is_built_stage_by_stage_and_available_when_it_is_proven(desk: Desk) -> None:
    built = desk.build("--to", str(desk.folder / "out"))
    images = {each["ImageId"]: each for each in desk.json("fleet", "list", "images")}
    image = images[built["ImageId"]]
    assert (image["Status"], image["ImageFamily"], image["Description"]) == ("Available", "web", "a web server")
    assert image["ImageName"] == built["ImageName"]
    assert [each["Passed"] for each in built["Tests"]] == [True]
    assert [each["Name"] for each in built["Provenance"]["Stages"]] == ["files", "configure"]
    names = {each.name for each in (desk.folder / "out").iterdir()}
    assert names == {f"{built['ImageId']}.qcow2", f"{built['ImageId']}.manifest.json"}
    content = (desk.folder / "out" / f"{built['ImageId']}.qcow2").read_bytes()
    files = json.loads(content[512:])
    assert set(files) == {"/etc/motd", "/srv/page", "/etc/x"}


def test_a_build_begins_at_the_stage_that_changed(desk: Desk) -> None:
    first = desk.build()
    assert (desk.build()["ImageId"], len(desk.json("execution", "list"))) == (first["ImageId"], 1)
    desk.recipe.write_text(RECIPE.replace("name: motd, script: test", "name: again, script: test"))
    again = desk.build()
    assert (again["ImageId"], again["Tests"][0]["Name"]) == (first["ImageId"], "again")
    desk.recipe.write_text(RECIPE.replace("braces", "more braces"))
    stages = desk.json("image", "build", str(desk.recipe), "--show")
    assert [each["Kept"] for each in stages] == [True, False]
    assert desk.build()["ImageId"] != first["ImageId"]
    (desk.folder / "page.html").write_text("<p>other</p>")
    stages = desk.json("image", "build", str(desk.recipe), "--show")
    assert [each["Kept"] for each in stages] == [False, False]


def test_an_image_that_fails_its_tests_is_not_available(desk: Desk) -> None:
    desk.recipe.write_text(RECIPE.replace("test -f /etc/motd", "test -f /none"))
    desk.oos("image", "build", str(desk.recipe), code=1)
    assert "ImageTestFailed" in desk.err
    statuses = [each["Status"] for each in desk.json("fleet", "list", "images") if each["ImageName"].startswith("web")]
    assert statuses == ["Waiting", "Waiting"]
    desk.recipe.write_text(RECIPE)
    assert desk.build()["ImageId"]


def test_a_build_made_again_says_what_is_different(desk: Desk) -> None:
    first = desk.build()
    again = desk.build("--again")
    assert again["ImageId"] != first["ImageId"]
    assert (again["Before"], again["DifferentFromBefore"]) == (first["ImageId"], [])
    assert desk.oos("image", "diff", first["ImageId"], again["ImageId"], "--detailed-exitcode") == ""


def test_a_lock_keeps_a_build_to_its_base(desk: Desk) -> None:
    desk.build("--lock")
    lock = desk.folder / "web.lock.yml"
    assert "base: m-" in lock.read_text()
    desk.recipe.write_text(RECIPE.replace("{image: tiny}", "{family: none}"))
    assert desk.build()["ImageId"]
    desk.oos("image", "build", str(desk.recipe), "--update", code=2)
    assert "family none has no available image" in desk.err


def test_an_image_is_published_and_a_recipe_begins_with_its_channel(desk: Desk) -> None:
    built = desk.build()
    for _ in range(2):
        assert desk.oos("image", "publish", built["ImageName"], "web/stable")
    images = [each for each in desk.json("fleet", "list", "images") if each["ImageId"] == built["ImageId"]]
    assert {each["Host"] for each in images} == {"h-1", "h-2"}
    stored = desk.json("api", "oos", "GetParameter", "Name=images/web/stable")
    assert stored["Parameter"]["Value"] == built["ImageId"]
    desk.recipe.write_text(RECIPE.replace("{image: tiny}", "{channel: web/stable}").replace("name: web", "name: shop"))
    assert desk.build()["Provenance"]["BaseImageId"] == built["ImageId"]
    desk.oos("image", "publish", built["ImageName"], "stable", code=2)
    desk.oos("image", "publish", "none", "web/stable", code=2)


def test_an_image_is_tested_by_itself(desk: Desk) -> None:
    outputs = desk.json("image", "test", "tiny", "--recipe", str(desk.recipe), code=1)
    assert "motd" in json.dumps(outputs)
    built = desk.build()
    assert desk.oos("image", "test", built["ImageId"], "--recipe", str(desk.recipe))


def test_old_images_are_deprecated_and_then_deleted(desk: Desk) -> None:
    built = []
    for number in range(3):
        desk.recipe.write_text(RECIPE.replace("braces", f"braces {number}"))
        built.append(desk.build()["ImageId"])
    shown = {each["Id"]: each for each in desk.json("image", "gc", "--keep", "2")}
    assert [shown[each]["Action"] for each in built] == ["deprecate", "keep", "keep"]
    desk.oos("image", "gc", "--keep", "2", "--yes")
    shown = {each["Id"]: each for each in desk.json("image", "gc", "--keep", "2")}
    assert shown[built[0]]["Action"] == "delete"
    desk.oos("image", "gc", "--keep", "2", "--yes")
    left = {each["ImageId"] for each in desk.json("fleet", "list", "images")}
    assert left.isdisjoint(built[:1])
    assert left.issuperset(built[1:])


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (("{image: tiny}", "{image: tinny}"), "did you mean tiny"),
        (("{image: tiny}", "{}"), "base names one of image, family, channel and mmdebstrap"),
        (("{image: tiny}", "{channel: web/none}"), "there is no channel web/none"),
        (("name: configure", "name: files"), "two stages are called files"),
        (("page.html", "none.html"), "there is no file none.html"),
        (("/etc/motd, c", "etc/motd, c"), "etc/motd is no absolute path"),
        (("script: |", "skript: |"), "not a recipe"),
        (("stages:", "stages: ["), "not valid YAML"),
    ],
)
def test_a_recipe_that_cannot_be_built_is_told_before_anything_is_started(
    desk: Desk, change: tuple[str, str], fault: str
) -> None:
    desk.recipe.write_text(RECIPE.replace(*change))
    desk.oos("image", "build", str(desk.recipe), code=2)
    assert fault in desk.err
    assert len(desk.json("execution", "list")) == 0


def test_a_build_that_was_killed_goes_on_at_its_stage(desk: Desk) -> None:
    execution = next(filter(None, (_killed(desk, seconds) for seconds in (2, 10, 60))))
    assert [each["InstanceName"] for each in _instances(desk)] == ["build-web-configure"]
    before = {each["ImageId"] for each in _images(desk)}
    desk.oos("execution", "resume", execution)
    assert _instances(desk) == []
    (made,) = (each for each in _images(desk) if each["ImageId"] not in before)
    assert made["Status"] == "Available"


def _killed(desk: Desk, seconds: int) -> str:
    """A build killed in its second stage, which takes that long; empty where the host was too slow for that."""
    desk.recipe.write_text(RECIPE.replace("      echo", f"      sleep {seconds}\n      echo"))
    where = ["--inventory", str(desk.folder / "inventory.yml"), "--state-dir", str(desk.folder / "state")]
    command = [sys.executable, "-m", "oos.cli", *where, "image", "build", str(desk.recipe)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as building:
        _wait_until(lambda: building.poll() is not None or "build-web-configure" in _names(desk))
        building.kill()
    newest = desk.json("execution", "list")[0]
    return "" if newest["Status"] == "Success" else str(newest["ExecutionId"])


def _names(desk: Desk) -> set[str]:
    return {each["InstanceName"] for each in _instances(desk)}


def _instances(desk: Desk) -> list[dict[str, Any]]:
    return list(desk.json("fleet", "list", "instances"))


def _images(desk: Desk) -> list[dict[str, Any]]:
    return [each for each in desk.json("fleet", "list", "images") if each["Host"] == "h-1"]


def _wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end, "it never happens"
        time.sleep(0.1)
