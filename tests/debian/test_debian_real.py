"""A real Debian guest: made from packages, told by cloud-init, patched, hardened, reached by Ansible."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from oos.values.identifiers import resource_id
from tests.debian.conftest import Debian, Desk

pytestmark = pytest.mark.real
REPOSITORY = (Path(__file__).parent / "repository.sh").read_text()
HEALTHY = "grep -q yes /usr/share/oos-demo/health"


def offer(desk: Desk, version: str, healthy: str) -> None:
    """Let the guest's one archive, its own, have a version of the package."""
    desk.ssh(f"sh -s {version} {healthy}", stdin=REPOSITORY)


def test_an_image_from_packages_boots_by_itself_and_says_what_is_on_it(image: dict[str, Any]) -> None:
    assert [each["Passed"] for each in image["Tests"]] == [True, True, True]
    assert {"openssh-server", "cloud-init", "qemu-guest-agent"} <= set(image["Packages"])
    assert any(name.startswith("linux-image") for name in image["Packages"])
    files = {each["Path"]: each for each in image["Files"]}
    assert files["/etc/cloud/cloud.cfg.d/90-oos.cfg"]["Mode"] == "-rw-r--r--"
    assert not any(path.startswith("/etc/ssh/ssh_host_") for path in files)
    assert image["Units"]["apt-daily.timer"] == "masked"
    assert len(image["Provenance"]["TreeSha256"]) == 64


def test_cloud_init_takes_name_key_and_user_data_from_our_seed(debian: Debian) -> None:
    print(f"cloud-init is done {debian.boot_seconds:.0f} s after RunInstances")
    said = debian.desk.ssh(
        "hostname; cat /root/user-data-ran; cloud-init status; cat /etc/ssh/ssh_host_ed25519_key.pub"
    )
    assert said.splitlines()[:3] == ["debian-one", "ran", "status: done"]
    assert said.splitlines()[3].startswith("ssh-ed25519 ")


def test_patches_go_in_and_one_that_breaks_the_guest_comes_out_again(debian: Debian) -> None:
    desk = debian.desk
    offer(desk, "1.0", "yes")
    desk.ssh("apt-get -qq update && apt-get -qq -y install oos-demo")
    offer(desk, "1.1", "yes")
    options = {"targets": debian.targets, "healthCommand": HEALTHY, "restart": "Never", "timeout": 60}
    assert desk.run("patch-in-waves", **options)["Outputs"]["patched"] == [debian.id]
    assert desk.ssh("cat /usr/share/oos-demo/version") == "1.1\n"
    offer(desk, "1.2", "no")
    failed = desk.run("patch-in-waves", code=1, **options)
    assert "taken back to their snapshots" in json.dumps(failed)
    debian.wait()
    assert desk.ssh("cat /usr/share/oos-demo/version; dpkg --audit") == "1.1\n"


def test_the_baseline_is_fixed_and_taken_back(debian: Debian) -> None:
    desk = debian.desk
    action = ["run", "OOS::Guest::Baseline", "-p", f"instanceId={debian.id}"]
    desk.oos(*action, "-p", "mode=Fix")
    assert "passwordauthentication no" in desk.ssh("sshd -T | sort")
    desk.oos(*action, "-p", "mode=Undo")
    assert "passwordauthentication yes" in desk.ssh("sshd -T | sort")


def test_ansible_changes_the_guest_over_ssh_and_through_its_agent(debian: Debian) -> None:
    play = """
- hosts: all
  gather_facts: false
  tasks:
    - name: a note
      ansible.builtin.copy: {dest: /etc/oos-note, content: "hello\\n", mode: '600'}
    - name: a service
      ansible.builtin.systemd_service: {name: ssh, state: started}
"""
    over_ssh = resource_id("mi", "lab/over-ssh")

    def changed(machine: str, **options: Any) -> bool:
        applied = debian.desk.api("oos", "ApplyPlaybook", InstanceIds=[machine], Playbook=play, **options)
        assert [task["Status"] for task in applied["Hosts"][0]["Tasks"]] == ["Ok", "Ok"]
        return bool(applied["Changed"])

    assert changed(over_ssh, CheckMode=True, Diff=True)
    assert changed(over_ssh)
    assert debian.desk.ssh("stat -c %a /etc/oos-note; cat /etc/oos-note") == "600\nhello\n"
    assert not changed(debian.id)
