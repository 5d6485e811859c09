"""The scripts of product actions, run by the shell of this machine in place of a guest's."""

from __future__ import annotations

import http.server
import os
import shutil
import subprocess
import tarfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from oos.adapters.memory.guest import GuestFiles, GuestOutcome
from oos.service.catalog import installed_modules
from oos.service.guest_command import imitate, is_launcher
from tests.modules.executions import Runner, failed, runner, succeeded
from tests.modules.world import World

DAY = 24 * 3600


class Shell:
    """A guest that is this machine: scripts run in its shell, with the programs of a folder before all others."""

    def __init__(self, home: Path, *, tiny: bool) -> None:
        self.home = home
        self.programs = home / "programs"
        self.programs.mkdir()
        self.path = f"{self.programs}" if tiny else f"{self.programs}:{os.environ['PATH']}"
        if tiny:
            subprocess.run(["busybox", "--install", "-s", str(self.programs)], check=True)

    def __call__(self, argv: Sequence[str], stdin: bytes, files: GuestFiles) -> GuestOutcome:
        if is_launcher(argv):
            return GuestOutcome(*imitate(argv, stdin, files, self._run))
        return GuestOutcome(0)

    def _run(self, argv: Sequence[str], _stdin: bytes, files: GuestFiles) -> GuestOutcome:
        environment = {"PATH": self.path, "HOME": str(self.home), "LC_ALL": "C"}
        shell = shutil.which("sh", path=self.path)
        done = subprocess.run(
            [str(shell), "-s"], input=files[argv[-1]], env=environment, cwd=self.home, capture_output=True, timeout=60
        )
        return GuestOutcome(done.returncode, done.stdout, done.stderr)

    def program(self, name: str, script: str) -> None:
        """Put a program in the guest."""
        path = self.programs / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)


@pytest.fixture(params=["Debian", "busybox"])
def shell(tmp_path: Path, request: pytest.FixtureRequest) -> Shell:
    """A guest like this machine, and one with nothing but busybox, as the lab's."""
    return Shell(tmp_path, tiny=request.param == "busybox")


@pytest.fixture
def oos(shell: Shell) -> Iterator[Runner]:
    with runner(World(installed_modules(), program=shell)) as made:
        yield made


class Site(http.server.SimpleHTTPRequestHandler):
    """A web site of one folder; what is under /private wants a token."""

    def do_GET(self) -> None:
        if self.path.startswith("/private") and self.headers["Authorization"] != "Bearer it's":
            self.send_error(403)
            return
        super().do_GET()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    root = tmp_path / "site"
    root.mkdir()

    def handler(*args: Any) -> Site:
        return Site(*args, directory=str(root))

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield root, f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_file_is_downloaded_whole_and_left_alone_when_it_may_not_be_replaced(
    oos: Runner, site: tuple[Path, str], tmp_path: Path
) -> None:
    root, address = site
    (root / "app.conf").write_text("first")
    folder = tmp_path / "it's a folder; $(false)"
    given: dict[str, Any] = {
        "sourceType": "https",
        "sourcePath": f"{address}/app.conf?v=1",
        "destinationDir": str(folder),
    }
    id = oos.world.run()
    succeeded(oos.action("ACS::ECS::DownloadFile", instanceId=id, fileMode="0600", **given))
    assert (folder / "app.conf").read_text() == "first"
    assert (folder / "app.conf").stat().st_mode & 0o777 == 0o600
    (root / "app.conf").write_text("second")
    said = succeeded(oos.action("ACS::ECS::DownloadFile", instanceId=id, overwrite=False, **given))
    assert "stays as it is" in said["commandOutput"]
    assert (folder / "app.conf").read_text() == "first"
    given["sourcePath"] = f"{address}/none"
    failed(oos.action("ACS::ECS::DownloadFile", instanceId=id, **given))
    assert [path.name for path in folder.iterdir()] == ["app.conf"]


def test_a_token_is_sent_and_never_shown(oos: Runner, site: tuple[Path, str], tmp_path: Path) -> None:
    root, address = site
    (root / "private").write_text("secret")
    id = oos.world.run()
    given = {"sourceType": "https", "sourcePath": f"{address}/private", "destinationDir": str(tmp_path / "to")}
    failed(oos.action("ACS::ECS::DownloadFile", instanceId=id, **given))
    execution = oos.action("ACS::ECS::DownloadFile", instanceId=id, tokenInfo="Bearer it's", **given)
    succeeded(execution)
    assert (tmp_path / "to" / "private").read_text() == "secret"
    assert "it's" not in str(execution.tasks)


def test_a_command_runs_beside_the_file_that_was_downloaded(oos: Runner, tmp_path: Path) -> None:
    (tmp_path / "here.txt").write_text("local")
    given = {"sourceType": "local", "sourcePath": str(tmp_path / "here.txt"), "destinationDir": str(tmp_path / "to")}
    execution = oos.action(
        "ACS::ECS::DownloadFileAndRunCommand", instanceId=oos.world.run(), commandContent="echo ran", **given
    )
    assert succeeded(execution)["runCommandOutput"] == "ran\n"
    assert (tmp_path / "to" / "here.txt").read_text() == "local"


def test_sources_are_unpacked_into_a_folder_of_their_own(oos: Runner, site: tuple[Path, str], tmp_path: Path) -> None:
    root, address = site
    (tmp_path / "site.yml").write_text("- hosts: all")
    with tarfile.open(root / "v1.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "site.yml", "playbooks-1/site.yml")
    folder = tmp_path / "work"
    folder.mkdir()
    (folder / "old").touch()
    id = oos.world.run()
    given = {"sourceType": "github", "sourcePath": f"{address}/v1.tar.gz", "folder": str(folder)}
    assert succeeded(oos.action("OOS::Command::FetchSource", instanceId=id, **given))["commandOutput"] == "site.yml\n"
    assert [path.name for path in folder.iterdir()] == ["site.yml"]
    for wrong in ("/", "/.", "relative"):
        assert "no folder" in failed(
            oos.action("OOS::Command::FetchSource", instanceId=id, **{**given, "folder": wrong})
        )


def test_a_playbook_is_applied_with_its_variables(
    oos: Runner, shell: Shell, site: tuple[Path, str], tmp_path: Path
) -> None:
    root, address = site
    (root / "site.yml").write_text("- hosts: all")
    shell.program("ansible-playbook", 'pwd; for word in "$@"; do echo "[$word]"; done')
    execution = oos.action(
        "ACS::ECS::ApplyAnsiblePlayBook",
        instanceId=oos.world.run(),
        sourceType="https",
        sourcePath=f"{address}/site.yml",
        playbookFile="site.yml",
        workingDir=str(tmp_path / "plays"),
        hosts="/none",
        extraVariables="motto=it's fine",
    )
    assert succeeded(execution)["commandOutput"].split("\n") == [
        str(tmp_path / "plays"),
        *("[-i]", "[localhost,]", "[-c]", "[local]", "[--check]", "[-v]", "[-e]", "[motto=it's fine]", "[site.yml]"),
        "",
    ]


def test_only_old_files_that_fit_are_deleted(oos: Runner, tmp_path: Path) -> None:
    folder = tmp_path / "logs"
    (folder / "deep").mkdir(parents=True)
    for name, days in (("old.gz", 40), ("new.gz", 1), ("old.log", 40), ("deep/old.gz", 31)):
        path = folder / name
        path.touch()
        os.utime(path, (time.time() - days * DAY - 60, time.time() - days * DAY - 60))
    id = oos.world.run()
    said = succeeded(oos.action("ACS::ECS::CleanUpDisk", instanceId=id, cleanUpInfos=f"{folder} 30 *.gz; /none/such 1"))
    assert f"{folder}: 2 files deleted" in said["commandOutput"]
    assert "/none/such: not there" in said["commandOutput"]
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == ["new.gz", "old.log"]
    for wrong in ("/", "relative 3", f"{folder} many"):
        failed(oos.action("ACS::ECS::CleanUpDisk", instanceId=id, cleanUpInfos=wrong))
    succeeded(oos.action("ACS::ECS::CleanUpDisk", instanceId=id, cleanUpInfos=str(folder)))
    assert [path for path in folder.rglob("*") if path.is_file()] == []


APT = """
case "$*" in
  "-qq update") ;;
  "-s --with-new-pkgs upgrade")
    [ -e upgraded ] || echo "Inst bash [5.2-1] (5.2-3 Debian:12.15/oldstable [amd64])"
    [ -e upgraded ] || echo "Inst linux-image-amd64 (6.1.9-1 Debian-Security:12 [amd64]) []"
    echo "Inst broken [1] (2 Debian:12 [amd64])"
    echo "Conf bash (5.2-3 Debian:12.15/oldstable [amd64])" ;;
  *upgrade) touch upgraded; echo noise ;;
  *) echo "unknown: $*" >&2; exit 100 ;;
esac
"""


def test_patches_are_found_and_installed_and_what_stays_missing_is_told(oos: Runner, shell: Shell) -> None:
    shell.program("apt-get", APT)
    id = oos.world.run()
    said = succeeded(oos.action("ACS::ECS::ApplyPatchBaseline", instanceId=id, action="scan"))["commandOutput"]
    assert said.splitlines() == ["bash\t5.2-3\tMissing", "linux-image-amd64\t6.1.9-1\tMissing", "broken\t2\tMissing"]
    state = oos.world.call("OOS.ListInstancePatchStates")["InstancePatchStates"][0]
    assert (state["OperationType"], state["MissingCount"], state["InstalledCount"]) == ("scan", "3", "0")
    succeeded(oos.action("ACS::ECS::ApplyPatchBaseline", instanceId=id))
    state = oos.world.call("OOS.ListInstancePatchStates")["InstancePatchStates"][0]
    counts = [state[f"{each}Count"] for each in ("Missing", "Installed", "InstalledPendingReboot", "Failed")]
    assert counts[0] == "0"
    assert int(counts[1]) + int(counts[2]) == 2
    assert counts[3] == "1"


def test_a_restart_after_patches_keeps_what_was_installed(oos: Runner, shell: Shell) -> None:
    shell.program("apt-get", APT)
    shell.program("needs-restarting", "exit 1")
    id = oos.world.run()
    succeeded(oos.action("ACS::ECS::ApplyPatchBaseline", instanceId=id, rebootIfNeed=True))
    patches = oos.world.call("OOS.ListInstancePatches", InstanceId=id)["Patches"]
    assert [(each["KBId"], each["Status"]) for each in patches] == [
        ("bash", "Installed"),
        ("linux-image-amd64", "Installed"),
        ("broken", "Failed"),
        ("broken", "Missing"),
    ]


def test_alpine_is_asked_in_its_own_words(oos: Runner, shell: Shell) -> None:
    shell.path = str(shell.programs)
    for name in ("sh", "awk", "sed", "grep", "mktemp", "rm", "cat"):
        target = shell.programs / name
        if not target.exists():
            target.symlink_to(str(shutil.which(name)))
    listed = "py3-requests-2.31.0-r1 x86_64 {py3} (Apache-2.0) [upgradable from: py3-requests-2.30.0-r0]"
    shell.program("apk", f'[ "$2" = -u ] && echo "{listed}"; true')
    said = succeeded(oos.action("ACS::ECS::ApplyPatchBaseline", instanceId=oos.world.run(), action="scan"))
    assert said["commandOutput"] == "py3-requests\t2.31.0-r1\tMissing\n"


def test_the_inventory_of_a_guest_can_be_searched(oos: Runner, shell: Shell) -> None:
    packages = "".join(f"ACS:Application\\tlib{number}\\t1.{number}\\tamd64\\n" for number in range(700))
    shell.program("dpkg-query", f"printf '{packages}'")
    id = oos.world.run()
    given = {"regionId": "lab", "instanceId": id, "windowsOptions": ""}
    succeeded(oos.action("ACS::ECS::PutInventory", linuxOptions='{"ACS:Application": "Enabled"}', **given))
    entries = oos.world.call("OOS.ListInventoryEntries", InstanceId=id, TypeName="ACS:Application", MaxResults=100)
    assert entries["Entries"][0] == {"Name": "lib0", "Version": "1.0", "Architecture": "amd64"}
    condition = {"Name": "ACS:Application.Name", "Value": ["lib699"]}
    assert [each["Id"] for each in oos.world.call("OOS.SearchInventory", Filter=[condition])["Entities"]] == [id]
    assert oos.world.call("OOS.ListInventoryEntries", InstanceId=id, TypeName="ACS:Network")["Entries"] == []
    succeeded(oos.action("ACS::ECS::PutInventory", linuxOptions="", **given))
    cards = oos.world.call("OOS.ListInventoryEntries", InstanceId=id, TypeName="ACS:Network")["Entries"]
    assert "lo" in {each["Name"] for each in cards}


def test_an_rpm_that_is_none_is_not_asked(oos: Runner, shell: Shell) -> None:
    shell.path = str(shell.programs)
    for name in ("sh", "awk", "sed", "head", "cat", "hostname", "uname", "rm"):
        if not (shell.programs / name).exists():
            (shell.programs / name).symlink_to(str(shutil.which(name)))
    shell.program("rpm", "echo invalid option >&2; exit 1")
    id = oos.world.run()
    given = {"regionId": "lab", "instanceId": id, "windowsOptions": "", "linuxOptions": ""}
    assert "invalid" not in succeeded(oos.action("ACS::ECS::PutInventory", **given))["commandOutput"]


PACKAGE = """
FormatVersion: OOS-2019-06-01-Package
Packages:
  - OSType: linux
    InstallScript: echo {{ motto }} > app
    UninstallScript: rm app
"""


def test_a_package_of_the_registry_is_installed_and_taken_away(oos: Runner, shell: Shell) -> None:
    oos.world.call("OOS.CreateTemplate", TemplateName="app", Content=PACKAGE)
    id = oos.world.run()
    given: dict[str, Any] = {"instanceId": id, "packageName": "app", "parameters": {"motto": "hello"}}
    succeeded(oos.action("ACS::ECS::ConfigureOOSPackageWithTemporaryURL", **given))
    assert (shell.home / "app").read_text() == "hello\n"
    states = oos.world.call("OOS.ListInstancePackageStates", InstanceId=id)["PackageStates"]
    assert [(each["TemplateName"], each["TemplateVersion"]) for each in states] == [("app", "v1")]
    succeeded(oos.action("ACS::ECS::ConfigureOOSPackageWithTemporaryURLFullActions", **{**given, "action": "update"}))
    succeeded(oos.action("ACS::ECS::ConfigureOOSPackage", instanceId=id, packageName="app", action="uninstall"))
    assert not (shell.home / "app").exists()
    assert oos.world.call("OOS.ListInstancePackageStates", InstanceId=id)["PackageStates"] == []
