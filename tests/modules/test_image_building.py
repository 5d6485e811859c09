"""Building images: stages in guests that are thrown away, the proof, the manifest."""

from __future__ import annotations

import base64
from typing import Any

import pytest

import oos_image
import oos_instance
from oos.adapters.memory.faults import FaultKind
from oos.service.registry import MemoryRegistry
from oos_image.building import install_script
from oos_image.surveys import File, read
from tests.modules.world import TYPE, World

DIGEST = "ab" * 32


@pytest.fixture
def world() -> World:
    return World((oos_instance.MODULE, oos_image.MODULE))


def stage(world: World, token: str = "", **changes: Any) -> dict[str, Any]:
    """Build a stage on the tiny image."""
    given = {"Name": "motd", "Script": "echo done > /etc/done", **changes}
    return world.call(
        "OOS.BuildImageStage",
        token,
        BaseImageId=given.pop("BaseImageId", world.image_id),
        Recipe="web",
        Digest=given.pop("Digest", DIGEST),
        Stage=given,
        InstanceType=TYPE,
    )


def no_workshops(world: World) -> bool:
    return not any(each.instances() for each in world.hosts.values())


def files_of(world: World, image_id: str) -> dict[str, bytes]:
    return next(each.state.files[image_id] for each in world.hosts.values() if image_id in each.state.images)


def test_a_stage_becomes_an_image_that_waits_for_its_proof(world: World) -> None:
    content = base64.b64encode(b"hello").decode()
    made = stage(world, Files=[{"Path": "/etc/motd", "Content": content, "Mode": "600"}])
    assert (made["Status"], made["Cached"]) == ("Waiting", False)
    assert files_of(world, made["ImageId"]) == {"/etc/motd": b"hello", "/etc/done": b"done\n"}
    assert no_workshops(world)
    assert world.call("DescribeImages", ImageId=made["ImageId"])["TotalCount"] == 0


def test_a_stage_that_is_there_is_not_redone(world: World) -> None:
    first = stage(world)
    again = stage(world)
    assert (again["ImageId"], again["Cached"]) == (first["ImageId"], True)
    assert stage(world, Digest="cd" * 32)["ImageId"] != first["ImageId"]


def test_a_stage_begins_with_what_the_one_before_left(world: World) -> None:
    first = stage(world)
    second = stage(world, BaseImageId=first["ImageId"], Digest="cd" * 32, Script="echo more > /etc/more")
    assert set(files_of(world, second["ImageId"])) == {"/etc/done", "/etc/more"}


def test_a_stage_that_fails_says_why_and_leaves_nothing(world: World) -> None:
    refusal = world.refusal(
        "OOS.BuildImageStage",
        BaseImageId=world.image_id,
        Recipe="web",
        Digest=DIGEST,
        Stage={"Name": "bad", "Script": "echo no luck; exit 7"},
        InstanceType=TYPE,
    )
    assert refusal.code == "ImageBuildFailed"
    assert "exit code 7" in refusal.message
    assert "no luck" in refusal.message
    assert no_workshops(world)
    assert world.call("DescribeImages", Status="Waiting")["TotalCount"] == 0


def test_a_script_that_does_not_end_is_given_up(world: World) -> None:
    refusal = world.refusal(
        "OOS.BuildImageStage",
        BaseImageId=world.image_id,
        Recipe="web",
        Digest=DIGEST,
        Stage={"Name": "slow", "Script": "sleep 100000", "Timeout": 60},
        InstanceType=TYPE,
    )
    assert refusal.code == "ImageBuildTimeout"
    assert no_workshops(world)


@pytest.mark.parametrize("method", ["make_instance", "start", "guest_write", "create_image", "remove_instance"])
def test_a_build_whose_process_died_begins_the_stage_afresh(world: World, method: str) -> None:
    world.break_next(method, FaultKind.CRASH)
    with pytest.raises(BaseException, match="died"):
        stage(world, token="t")
    made = stage(world, token="t")
    assert files_of(world, made["ImageId"]) == {"/etc/done": b"done\n"}
    assert no_workshops(world)
    images = [image.id for each in world.hosts.values() for image in each.images() if image.id != world.image_id]
    assert images == [made["ImageId"]]


def test_an_image_is_tested_and_what_is_on_it_written_down(world: World) -> None:
    image = stage(world)["ImageId"]
    tests = [{"Name": "done", "Script": "test -f /etc/done"}, {"Name": "says", "Script": "cat /etc/done"}]
    tested = world.call(
        "OOS.TestImage", ImageId=image, InstanceType=TYPE, Test=tests, Provenance={"Recipe": "web", "Digest": DIGEST}
    )
    assert [(each["Name"], each["Passed"]) for each in tested["Tests"]] == [("done", True), ("says", True)]
    manifest = world.call("OOS.DescribeImageManifest", ImageId=image)
    assert manifest["Provenance"]["Digest"] == DIGEST
    assert manifest["Tests"][1]["Output"].startswith("done\n")
    assert no_workshops(world)
    assert world.refusal("OOS.DescribeImageManifest", ImageId="m-none").code == "InvalidImageManifest.NotFound"


def test_an_image_that_fails_a_test_keeps_waiting(world: World) -> None:
    image = stage(world)["ImageId"]
    tests = [{"Name": "fine", "Script": "true"}, {"Name": "broken", "Script": "test -f /none"}]
    refusal = world.refusal("OOS.TestImage", ImageId=image, InstanceType=TYPE, Test=tests)
    assert refusal.code == "ImageTestFailed"
    assert "1 of 2 tests: broken" in refusal.message
    assert no_workshops(world)
    assert world.call("DescribeImages", ImageId=image, Status="Waiting")["TotalCount"] == 1


def test_an_image_that_does_not_boot_fails(world: World) -> None:
    image = stage(world)["ImageId"]
    for each in world.hosts.values():
        each._pace = type(each._pace)(boot=10_000)
    refusal = world.refusal("OOS.TestImage", ImageId=image, InstanceType=TYPE)
    assert refusal.code == "ImageTestFailed"
    assert "did not boot" in refusal.message
    assert no_workshops(world)


def test_an_image_is_spread_over_all_hosts_of_its_region(world: World) -> None:
    image = stage(world)["ImageId"]
    assert world.refusal("OOS.SpreadImage", ImageId=image).code == "IncorrectImageStatus"
    world.call("ModifyImageAttribute", ImageId=image, Status="Available", ImageFamily="web")
    for _ in range(2):
        assert world.call("OOS.SpreadImage", ImageId=image)["Hosts"] == ["h-1", "h-2", "h-3"]
    assert {each.image(image).family for each in world.hosts.values()} == {"web"}
    assert world.run(ImageId=image, ZoneId="lab-b")


def test_packages_are_installed_by_whatever_manager_there_is() -> None:
    script = install_script(["curl=8.1", "a b"])
    assert "--no-install-recommends curl=8.1 'a b'" in script
    assert "dnf -y install curl-8.1 'a b'" in script


def test_a_survey_is_read() -> None:
    sections = {
        "packages": "base\t1.0",
        "users": "root\t0:0 /bin/sh",
        "units": "ssh.service\tenabled",
        "modes": "-rw-r--r-- 0:0 ./etc/a b\nlrwxrwxrwx 0:0 ./bin/sh\n-rw------- 0:0 ./run/x",
        "links": "./bin/sh\tbusybox",
        "sums": f"{'0' * 64}  ./etc/a b",
    }
    output = "".join(f"[{name}]\n{text}\n" for name, text in sections.items()).encode() + b"[end]\n"
    survey = read(output)
    assert (survey.packages, survey.users) == ({"base": "1.0"}, {"root": "0:0 /bin/sh"})
    assert survey.units == {"ssh.service": "enabled"}
    assert survey.files == (
        File("/bin/sh", "lrwxrwxrwx", "0:0", target="busybox"),
        File("/etc/a b", "-rw-r--r--", "0:0", sha256="0" * 64),
    )
    assert read(b"[packages]\nbase\t1.0\n").packages == {}


def test_manifests_are_kept_in_the_registry(world: World) -> None:
    assert isinstance(world.registry, MemoryRegistry)
    world.call("OOS.TestImage", ImageId=world.image_id, InstanceType=TYPE)
    assert [key for key, _ in world.registry.items("image-manifest")] == [world.image_id]


def test_what_is_on_a_base_is_written_down_by_its_first_stage(world: World) -> None:
    given = {"Recipe": "web", "Digest": DIGEST, "Stage": {"Name": "motd", "Script": "true"}, "InstanceType": TYPE}
    world.call("OOS.BuildImageStage", BaseImageId=world.image_id, SurveyBase=True, **given)
    assert world.call("OOS.DescribeImageManifest", ImageId=world.image_id)["Tests"] == []
