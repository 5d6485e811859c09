"""The doctor: from what was seen to what is missing and how to get it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from oos.lab.acceleration import Acceleration
from oos.lab.config import LabConfig
from oos.lab.doctor import (
    Facts,
    Package,
    State,
    available_memory_mib,
    examine,
    is_able,
    is_there,
    needed_packages,
    observe,
    read_packages,
)

CASES = yaml.safe_load((Path(__file__).parent / "doctor.yml").read_text())

ABLE = Facts(
    root=True,
    python=(3, 11),
    python_libvirt=True,
    absent_packages=(),
    apt=True,
    architecture="x86_64",
    libvirt=(9, 0, 0),
    acceleration=Acceleration(True, "a guest came up"),
    kvm_open=True,
    namespaces_fault="",
    network_fault="",
    memory_mib=4096,
    disk_mib=10_000,
    directory="/lab",
    directory_writable=True,
)


def test_a_host_that_can_do_everything_is_fine() -> None:
    findings = examine(ABLE)
    assert {finding.state for finding in findings} == {State.FINE}
    assert is_able(findings)


@pytest.mark.parametrize("case", CASES, ids=[f"{case['subject']}-{case['state']}" for case in CASES])
def test_what_is_missing_is_named_with_its_remedy(case: dict[str, Any]) -> None:
    findings = examine(replace(ABLE, **_typed(case["given"])))
    (finding,) = [finding for finding in findings if finding.state is not State.FINE]
    assert (finding.subject, finding.state) == (case["subject"], case["state"])
    assert case["detail"] in finding.detail
    assert case["remedy"] in finding.remedy
    assert is_able(findings) == (case["state"] == "limited")


def _typed(given: dict[str, Any]) -> dict[str, Any]:
    typed: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    if typed.get("acceleration"):
        typed["acceleration"] = Acceleration(**typed["acceleration"])
    if "absent_packages" in typed:
        typed["absent_packages"] = tuple(Package(name, name, "its purpose") for name in typed["absent_packages"])
    return typed


def test_the_table_of_packages_is_read_without_those_for_installing() -> None:
    table = "# package shows purpose\n\nqemu-utils  qemu-img  disks and images\ngcc - compiling\n"
    assert read_packages(table) == (Package("qemu-utils", "qemu-img", "disks and images"),)


def test_every_package_of_the_table_is_shown_by_something() -> None:
    assert len(needed_packages()) > 10
    assert all(package.shows != "-" for package in needed_packages())


def test_a_package_is_shown_by_a_program_or_a_file(tmp_path: Path) -> None:
    assert is_there(Package("p", "sh", ""))
    assert not is_there(Package("p", "no-such-program", ""))
    assert is_there(Package("p", str(tmp_path), ""))
    assert not is_there(Package("p", str(tmp_path / "absent"), ""))


def test_available_memory_is_read_from_meminfo() -> None:
    assert available_memory_mib("MemTotal:  2048 kB\nMemAvailable:    1048576 kB\n") == 1024
    assert available_memory_mib("") == 0


def test_looking_leaves_nothing_behind(tmp_path: Path) -> None:
    facts = observe(LabConfig(tmp_path / "not" / "there", tmp_path / "cache"))
    assert facts.directory_writable
    assert list(tmp_path.iterdir()) == []
