"""The baseline of guests: the real script, carried out by real shells on a tree that looks like a guest."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from datetime import date
from pathlib import Path

import pytest

import oos_guest_baseline
from oos_guest_baseline import decide
from oos_guest_baseline.model import Check, Mode, Severity, checks, script_of
from oos_guest_baseline.requests import Exemption
from tests.modules.world import World

SHELLS = [["dash"], ["bash", "--posix"], ["busybox", "sh"]]
BY_ID = {each.id: each for each in checks()}
SSHD = "# the server\nPasswordAuthentication yes\nX11Forwarding yes\nMatch User backup\n  PermitEmptyPasswords yes\n"

BAD = {
    "/etc/passwd": "root:x:0:0::/root:/bin/sh\ntoor:x:0:0::/:/bin/sh\nada:x:1000:1000::/home/ada:/bin/sh\n",
    "/etc/shadow": "root:$6$x$y:1::::::\ntoor::1::::::\nada:$1$x$y:1::::::\n",
    "/etc/ssh/sshd_config": SSHD + "PermitRootLogin yes\n",
    "/etc/hosts": "127.0.0.1 localhost\n",
    "/proc/sys/net/ipv4/ip_forward": "1\n",
    "/proc/sys/kernel/randomize_va_space": "0\n",
    "/proc/net/tcp": "  0: 00000000:0017 00000000:0000 0A 00000000\n",
}


@pytest.fixture(params=SHELLS, ids=lambda each: each[0])
def shell(request: pytest.FixtureRequest) -> list[str]:
    words: list[str] = request.param
    if shutil.which(words[0]) is None:
        pytest.skip(f"there is no {words[0]} here")
    return words


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A tree with much that is bad."""
    for path, text in BAD.items():
        file = tmp_path / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(0o644)
    (tmp_path / "tmp").mkdir(mode=0o777)
    (tmp_path / "tmp").chmod(0o777)
    (tmp_path / "etc/hosts").chmod(0o666)
    return tmp_path


def run(shell: list[str], root: Path, mode: Mode, *ids: str) -> dict[str, tuple[str, str]]:
    chosen = [BY_ID[id] for id in ids] if ids else list(checks())
    done = subprocess.run(
        [*shell, "-s"],
        input=script_of(chosen, mode),
        env={**os.environ, "OOS_BASELINE_ROOT": str(root)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stderr == ""
    found = dict(decide._verdicts(done.stdout))
    assert set(found) == {each.id for each in chosen}
    return found


def tree(root: Path) -> dict[str, tuple[str, int]]:
    return {
        str(each.relative_to(root)): (each.read_text() if each.is_file() else "", stat.S_IMODE(each.stat().st_mode))
        for each in root.rglob("*")
        if "lib/oos" not in str(each)
    }


def test_what_is_bad_is_found_with_its_evidence(shell: list[str], root: Path) -> None:
    before = tree(root)
    found = run(shell, root, Mode.CHECK)
    for id, evidence in {
        "ssh-root-password": "",
        "ssh-password": "PasswordAuthentication is yes",
        "ssh-x11": "X11Forwarding is yes",
        "account-uid-0": "toor: has user id 0",
        "account-empty-password": "toor: has an empty password",
        "account-same-uid": "0: is the user id of several accounts",
        "account-weak-hash": "ada: has a password hashed with DES or MD5",
        "file-shadow": "/etc/shadow has mode 644; at most 640",
        "file-etc-writable": "/etc/hosts: can be written by everybody",
        "file-tmp-sticky": "/tmp has no sticky bit",
        "kernel-forwarding": "net.ipv4.ip_forward is 1",
        "kernel-random-addresses": "kernel.randomize_va_space is 0",
        "service-cleartext": "23: listens: ftp, telnet, rlogin or rsh",
    }.items():
        if evidence:
            assert found[id] == ("Failed", evidence)
    assert found["file-passwd"][0] == "Passed"
    assert found["kernel-pointers"] == ("Skipped", "this kernel has no kernel.kptr_restrict")
    # What stands in, and behind, a Match block is not for everybody.
    assert found["ssh-empty-password"][0] == found["ssh-root-password"][0] == "Passed"
    assert tree(root) == before


FIXABLE = [
    "ssh-password",
    "ssh-x11",
    "account-empty-password",
    "file-shadow",
    "file-tmp-sticky",
    "kernel-forwarding",
    "kernel-random-addresses",
]


def test_a_fix_mends_and_undo_brings_back_what_was_there(shell: list[str], root: Path) -> None:
    before = tree(root)
    fixed = run(shell, root, Mode.FIX, *FIXABLE)
    assert {status for status, _ in fixed.values()} == {"Fixed"}
    assert fixed["ssh-password"][1] == "it was: PasswordAuthentication is yes"
    assert {status for status, _ in run(shell, root, Mode.CHECK, *FIXABLE).values()} == {"Passed"}
    assert (root / "etc/sysctl.d/90-oos-kernel-forwarding.conf").read_text() == "net.ipv4.ip_forward = 0\n"
    assert (root / "var/lib/oos/baseline").stat().st_mode & 0o77 == 0
    again = run(shell, root, Mode.FIX, *FIXABLE)
    assert {status for status, _ in again.values()} == {"Passed"}
    undone = run(shell, root, Mode.UNDO, *reversed(FIXABLE))
    assert {status for status, _ in undone.values()} == {"Undone"}
    shutil.rmtree(root / "var")
    (root / "etc/sysctl.d").rmdir()
    assert tree(root) == before


def test_a_server_that_includes_a_folder_gets_a_file_there(shell: list[str], root: Path) -> None:
    config = root / "etc/ssh/sshd_config"
    config.write_text("Include /etc/ssh/sshd_config.d/*.conf\nX11Forwarding yes\n")
    (root / "etc/ssh/sshd_config.d").mkdir()
    assert run(shell, root, Mode.FIX, "ssh-x11")["ssh-x11"][0] == "Fixed"
    assert (root / "etc/ssh/sshd_config.d/00-oos-ssh-x11.conf").read_text() == "X11Forwarding no\n"
    assert config.read_text().count("X11Forwarding") == 1
    assert run(shell, root, Mode.UNDO, "ssh-x11")["ssh-x11"] == ("Undone", "X11Forwarding is yes")
    assert list((root / "etc/ssh/sshd_config.d").iterdir()) == []


def test_what_only_a_person_can_mend_stays_failed(shell: list[str], root: Path) -> None:
    status, evidence = run(shell, root, Mode.FIX, "account-uid-0")["account-uid-0"]
    assert (status, evidence) == ("Failed", "toor: has user id 0; the fix said: a person has to mend it")


def test_undoing_what_was_never_changed_does_nothing(shell: list[str], root: Path) -> None:
    before = tree(root)
    assert set(run(shell, root, Mode.UNDO).values()) == {("Skipped", "nothing was changed")}
    assert tree(root) == before


def test_every_check_says_what_it_is_for() -> None:
    assert len(BY_ID) == len(checks()) >= 20
    for each in checks():
        assert each.rank in Severity
        assert each.title
        assert each.rationale.endswith(".")


# what the output is worth


def line(id: str, status: str) -> str:
    return f"oos-baseline\t{id}\t{status}\tseen\n"


def test_a_score_weighs_by_severity_and_leaves_out_what_does_not_count() -> None:
    asked: list[Check] = [BY_ID[id] for id in ("account-uid-0", "file-shadow", "ssh-x11", "kernel-pointers")]
    output = "noise\n" + line("account-uid-0", "Passed") + line("file-shadow", "Failed") + line("ssh-x11", "Skipped")
    report = decide.report_of(asked, output, (), date(2026, 1, 1), 70)
    assert [each["Status"] for each in report["Results"]] == ["Passed", "Failed", "Skipped", "Unknown"]
    assert (report["Score"], report["GoodEnough"]) == (100 * 10 // 16, False)
    exempt = Exemption(id="file-shadow", reason="legacy", expires="2026-01-01")
    assert decide.report_of(asked, output, [exempt], date(2026, 1, 1), 0)["Failed"] == ["kernel-pointers"]
    late = decide.report_of(asked, output, [exempt], date(2026, 1, 2), 0)
    assert late["Results"][1]["Evidence"] == "seen; its exemption ended on 2026-01-01"


def test_operations_refuse_what_they_do_not_know() -> None:
    world = World((oos_guest_baseline.MODULE,))
    assert "no check nonsense" in world.refusal("OOS.GenerateGuestCheckScript", CheckIds=["nonsense"]).message
    bad = [{"Id": "ssh-x11", "Reason": "r", "Expires": "2026-02-31"}]
    assert "2026-02-31 is no day" in world.refusal("OOS.ValidateGuestCheckOutput", Output="", Exemptions=bad).message
    listed = world.call("OOS.ListGuestChecks", MinimumSeverity="Critical")["Checks"]
    assert {each["Severity"] for each in listed} == {"Critical"}
    script = world.call("OOS.GenerateGuestCheckScript", MinimumSeverity="Critical")
    assert sorted(script["CheckIds"]) == [each["CheckId"] for each in listed]


def test_what_is_exempted_is_left_out_of_a_script() -> None:
    world = World((oos_guest_baseline.MODULE,))
    asked = ["ssh-x11", "kernel-pointers"]
    exempt = [{"Id": "ssh-x11", "Reason": "r", "Expires": "2999-01-01"}]
    script = world.call("OOS.GenerateGuestCheckScript", CheckIds=asked, Exemptions=exempt)
    assert script["CheckIds"] == [each["CheckId"] for each in script["Checks"]] == ["kernel-pointers"]


def test_an_evidence_that_is_empty_may_have_lost_its_tab() -> None:
    asked = [BY_ID["kernel-pointers"]]
    report = decide.report_of(asked, "oos-baseline\tkernel-pointers\tPassed\n", (), date(2026, 1, 1), 0)
    assert report["Score"] == 100
