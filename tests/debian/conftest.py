"""A Debian guest for these tests: built by the recipe that comes with oos, in the session's lab."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from oos.lab.config import LabConfig
from tests.lab_fixture import CACHE

PATIENCE = 900.0
HERE = Path(__file__).parent
RECIPE = HERE.parents[1] / "images" / "debian.yml"
RUNBOOKS = HERE.parents[1] / "runbooks"
WANTED = "OOS_TEST_DEBIAN"
UNREACHABLE = ("Could not connect", "Temporary failure resolving", "Could not resolve", "Unable to connect")
PROGRAM = "import sys; from oos.cli.main import main; sys.exit(main())"
USER_DATA = "#!/bin/sh\necho ran > /root/user-data-ran\n"

INVENTORY = """
regions:
  - id: lab
    managed: [{{name: over-ssh, address: {address}, user: root, config: {folder}/ssh_config}}]
    zones:
      - id: lab-a
        hosts:
          - name: lab-1
            uri: {uri}
            pools: {{images: images, disks: disks, snapshots: snapshots}}
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Building and booting Debian takes minutes where guests are emulated: only who asks for it waits for it."""
    if os.environ.get(WANTED) != "1":
        for item in items:
            if HERE in item.path.parents:
                item.add_marker(pytest.mark.skip(reason="make test-debian runs it: a Debian guest takes minutes"))


@dataclass
class Desk:
    """`oos` on the session's lab, with a state and an inventory of its own."""

    lab: LabConfig
    folder: Path
    address: str = "127.0.0.1"
    """Of the guest, once it is known."""

    def oos(self, *arguments: str, code: int = 0) -> Any:
        """Run a command line; its document."""
        inventory = self.folder / "inventory.yml"
        inventory.write_text(INVENTORY.format(address=self.address, folder=self.folder, uri=self.lab.uri))
        where = ["--inventory", str(inventory), "--state-dir", str(self.folder / "state"), "-o", "json"]
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, *where, *arguments], capture_output=True, timeout=PATIENCE, check=False
        )
        said = done.stderr.decode(errors="replace")
        if any(each in said for each in UNREACHABLE):
            pytest.skip(f"the archive of Debian does not answer: {said[-300:]}")
        assert done.returncode == code, said + done.stdout.decode(errors="replace")
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def api(self, service: str, operation: str, **parameters: Any) -> Any:
        """Call one operation."""
        words = [f"{name}={each if isinstance(each, str) else json.dumps(each)}" for name, each in parameters.items()]
        return self.oos("api", service, operation, *words)

    def run(self, runbook: str, *, code: int = 0, **parameters: Any) -> Any:
        """Run a runbook."""
        given = [word for name, value in parameters.items() for word in ("-p", f"{name}:={json.dumps(value)}")]
        return self.oos("run", str(RUNBOOKS / f"{runbook}.yml"), *given, code=code)

    def ssh(self, command: str, *, stdin: str = "") -> str:
        """What a command in the guest says, over SSH, with the key that cloud-init was given."""
        argv = ["ssh", "-F", str(self.folder / "ssh_config"), self.address, command]
        done = subprocess.run(argv, input=stdin.encode(), capture_output=True, timeout=PATIENCE, check=False)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()


@dataclass
class Debian:
    """A Debian guest that has come up."""

    desk: Desk
    id: str
    boot_seconds: float

    @property
    def targets(self) -> dict[str, Any]:
        """It, as runbooks take it."""
        return {"Type": "ResourceIds", "ResourceIds": [self.id]}

    def wait(self) -> None:
        """Until it answers again."""
        end = time.monotonic() + PATIENCE
        while not _has_come_up(self.desk):
            assert time.monotonic() < end, "it did not come up again"
            time.sleep(1)


@pytest.fixture(scope="session")
def desk(lab: LabConfig, tmp_path_factory: pytest.TempPathFactory) -> Desk:
    folder = tmp_path_factory.mktemp("debian")
    (folder / "state").mkdir()
    # What was made from packages stays for the next session.
    kept = CACHE / "debian"
    kept.mkdir(parents=True, exist_ok=True)
    (folder / "state" / "cache").symlink_to(kept)
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / "key"], check=True, timeout=60)
    config = (lab.directory / "ssh" / "config").read_text()
    replaced = {"IdentityFile": folder / "key", "UserKnownHostsFile": folder / "known_hosts"}
    replaced |= {"StrictHostKeyChecking": Path("accept-new"), "HostKeyAlias": Path("the-debian-guest")}
    lines = []
    for line in config.splitlines():
        word = line.split()[0] if line.split() else ""
        lines.append(f"  {word} {replaced[word]}" if word in replaced else line)
    (folder / "ssh_config").write_text("\n".join(lines) + "\n")
    return Desk(lab, folder)


@pytest.fixture(scope="session")
def image(desk: Desk) -> dict[str, Any]:
    """The manifest of the image, freshly built and proven in a guest of its own."""
    return dict(desk.oos("image", "build", str(RECIPE)))


@pytest.fixture(scope="session")
def debian(desk: Desk, image: dict[str, Any]) -> Iterator[Debian]:
    """A guest from it, told by the seed what it is to be."""
    desk.api("ecs", "ImportKeyPair", KeyPairName="debian", PublicKeyBody=(desk.folder / "key.pub").read_text())
    begun = time.monotonic()
    made = desk.api(
        "ecs",
        "RunInstances",
        ImageId=image["ImageId"],
        InstanceType="ecs.g1.small",
        InstanceName="debian",
        HostName="debian-one",
        KeyPairName="debian",
        UserData=b64encode(USER_DATA.encode()).decode(),
    )
    (id,) = made["InstanceIdSets"]["InstanceIdSet"]
    try:
        while not (desk.address in _addresses(desk, id) and _has_come_up(desk)):
            assert time.monotonic() - begun < PATIENCE, "it did not come up"
            desk.address = next(iter(_addresses(desk, id)), desk.address)
            time.sleep(1)
        yield Debian(desk, id, time.monotonic() - begun)
    finally:
        desk.api("ecs", "DeleteInstance", InstanceId=id, Force=True)


def _addresses(desk: Desk, id: str) -> list[str]:
    (found,) = desk.api("ecs", "DescribeInstances", InstanceIds=[id])["Instances"]["Instance"]
    return [
        each for card in found["NetworkInterfaces"]["NetworkInterface"] for each in [card["PrimaryIpAddress"]] if each
    ]


def _has_come_up(desk: Desk) -> bool:
    argv = ["ssh", "-F", str(desk.folder / "ssh_config"), desk.address, "cloud-init status --wait"]
    return subprocess.run(argv, capture_output=True, timeout=PATIENCE, check=False).returncode == 0
