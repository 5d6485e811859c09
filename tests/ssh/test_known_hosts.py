"""Which keys a known_hosts file knows under a name."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest

from oos.adapters.ssh.known_hosts import KnownHosts, KnownKey, known_keys

TEXT = """\
# a comment
web-1,192.0.2.7 ssh-ed25519 AAAA1 somebody@somewhere
web-1 ssh-rsa AAAA2
[db]:2222 ssh-ed25519 AAAA3

*.example.com,!old.example.com ssh-ed25519 AAAA4
@revoked * ssh-ed25519 AAAA5
@cert-authority *.example.com ssh-ed25519 AAAA6
too short
"""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("web-1", ["AAAA1", "AAAA2"]),
        ("WEB-1", ["AAAA1", "AAAA2"]),
        ("192.0.2.7", ["AAAA1"]),
        ("[db]:2222", ["AAAA3"]),
        ("d", []),
        ("a.example.com", ["AAAA4"]),
        ("old.example.com", []),
        ("nobody", []),
    ],
)
def test_a_name_is_known_by_its_keys(name: str, expected: list[str]) -> None:
    found = list(KnownHosts(TEXT).keys(name))
    assert [each.base64 for each in found if not each.revoked] == expected
    assert KnownKey("ssh-ed25519", "AAAA5", revoked=True) in found


def test_hashed_names_are_found_and_what_is_no_hash_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    path.write_text("web-1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBL0kYbHNmP6UVuZtyIY2FNEpUzcn1lOQlTLs6l5bdEx\n")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", path], check=True, capture_output=True, timeout=60)
    path.write_text(path.read_text() + "|1|x ssh-ed25519 AAAA\n")
    assert "web-1" not in path.read_text()
    assert len(known_keys((path,), "web-1")) == 1
    assert known_keys((path,), "web-2") == ()


def test_a_file_that_changed_is_read_anew_and_one_that_is_not_there_knows_nothing(tmp_path: Path) -> None:
    path = tmp_path / "known_hosts"
    assert known_keys((path,), "web-1") == ()
    path.write_text("web-1 ssh-ed25519 AAAA\n")
    assert len(known_keys((path, tmp_path), "web-1")) == 1
    path.write_text("web-1 ssh-ed25519 AAAA\nweb-1 ssh-rsa BBBB\n")
    assert len(known_keys((path,), "web-1")) == 2


def test_ten_thousand_lines_are_read_once() -> None:
    began = time.process_time()
    known = KnownHosts("".join(f"host-{number} ssh-ed25519 AAAA{number}\n" for number in range(10_000)))
    found = [next(known.keys(f"host-{number}")).base64 for number in range(10_000)]
    assert found[-1] == "AAAA9999"
    assert time.process_time() - began < 5
