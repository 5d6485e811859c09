"""`oos image build` on a real guest: what a stage wrote is in the guests that are made from the image."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from oos.cli.main import main
from oos.fleet.hypervisor import Hypervisor
from oos.lab.config import LabConfig
from oos.lab.guests import opened_app

pytestmark = pytest.mark.real

RECIPE = """
name: page
description: the lab's guest with a page of its own
base: {family: lab}
stages:
  - name: page
    files: [{path: /srv/www/oos-page.txt, content: "built", mode: '640'}]
    script: |
      echo 'page:x:990:990::/srv/www:/bin/false' >> /etc/passwd
      mkdir -p /etc/oos-build
      uname -r > /etc/oos-build/kernel
tests:
  - name: the page is there
    script: test "$(cat /srv/www/oos-page.txt)" = built
  - name: the script ran in a guest that had booted
    script: test "$(cat /etc/oos-build/kernel)" = "$(uname -r)"
  - name: it is the guest's own
    script: test "$(stat -c %a /srv/www/oos-page.txt)" = 640
"""


@pytest.fixture
def hypervisor(lab: LabConfig) -> Iterator[Hypervisor]:
    """The lab's host; images of the recipe end with the test."""
    with opened_app(lab) as app:
        (host,) = app.fleet.hosts()
        found = app.fleet.hypervisor(host)
        yield found
        for image in found.images():
            if image.name.startswith("page-"):
                found.delete_image(image.id)


def test_what_a_stage_did_is_in_the_image_twice_the_same(
    lab: LabConfig, hypervisor: Hypervisor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "page.yml"
    recipe.write_text(RECIPE)
    where = ("--inventory", str(lab.directory / "inventory.yml"), "--state-dir", str(tmp_path / "state"), "-o", "json")

    def build(*options: str) -> dict[str, object]:
        code = main([*where, "image", "build", str(recipe), *options])
        said = capsys.readouterr()
        assert code == 0, said.err
        return dict(json.loads(said.out))

    before = {each.id for each in hypervisor.instances()}
    built = build()
    assert [each["Passed"] for each in built["Tests"]] == [True, True, True]  # type: ignore[attr-defined]  # JSON
    changed = {(each["Name"], each["Change"]) for each in built["Changes"]}  # type: ignore[attr-defined]  # JSON
    assert {("/srv/www/oos-page.txt", "added"), ("/etc/oos-build/kernel", "added"), ("page", "added")} <= changed
    assert len(changed) < 12, changed
    image = hypervisor.image(str(built["ImageId"]))
    assert (image.status, image.family) == ("Available", "page")
    assert build()["ImageId"] == built["ImageId"]
    again = build("--again")
    assert again["ImageId"] != built["ImageId"]
    listed = {each["Name"] for each in again["DifferentFromBefore"]}  # type: ignore[attr-defined]  # JSON
    assert "/srv/www/oos-page.txt" not in listed
    assert len(listed) < 8, listed
    assert {each.id for each in hypervisor.instances()} == before
