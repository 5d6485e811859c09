"""Promised: whatever a file holds, one clear fault that names it, exit code 2, and nothing is started."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from oos.cli.main import main
from tests.cli.world import World

NAP = """\
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: nap
    Action: ACS::Sleep
    Properties: {Duration: 1S}
"""
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
RUBBISH: dict[str, Callable[[Path], object]] = {
    "binary": lambda path: path.write_bytes(bytes(range(256)) * 20),
    "ten-megabytes": lambda path: path.write_bytes(b"a: b\n" * 2_000_000),
    "one-long-line": lambda path: path.write_bytes(b"a" * 10_000_000),
    "utf-16": lambda path: path.write_text(NAP, encoding="utf-16"),
    "folder": lambda path: path.mkdir(),
    "endless": lambda path: path.symlink_to("/dev/zero"),
    "bomb": lambda path: path.write_text(BOMB),
    "deep": lambda path: path.write_text("[" * 100_000),
    "deep-blocks": lambda path: path.write_text("- " * 50_000),
    "null-character": lambda path: path.write_text("a: b\0c\n"),
    "in-itself": lambda path: path.write_text("a: &a\n  b: *a\n"),
    "a-number": lambda path: path.write_text("1" * 50_000),
    "python-object": lambda path: path.write_text("a: !!python/object/apply:os.system ['touch hacked']\n"),
    "half-a-character": lambda path: path.write_text('{"a": "\\ud800"}'),
    "absent": lambda path: None,
    "link-to-itself": lambda path: path.symlink_to(path.name),
}
USES: dict[str, list[str]] = {
    "template": ["run", "rubbish"],
    "validated": ["template", "validate", "rubbish"],
    "planned": ["run", "nap.yml", "--params", "rubbish"],
    "inventory": ["--inventory", "rubbish", "fleet", "list"],
}


@pytest.fixture
def told(world: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Told:
    """Runs the command line in this process, in a world of its own."""
    world.write("nap.yml", NAP)
    monkeypatch.chdir(world.folder)
    for name in list(os.environ):
        if name.startswith(("OOS_", "XDG_", "LIBVIRT")):
            monkeypatch.delenv(name)
    for name, value in world.environment.items():
        monkeypatch.setenv(name, value)

    def tell(*words: str) -> tuple[int, str, str]:
        code = main(words)
        said = capsys.readouterr()
        return code, said.out, said.err

    return tell


Told = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("kind", RUBBISH)
def test_rubbish_is_one_clear_fault_and_starts_nothing(told: Told, kind: str, use: str) -> None:
    RUBBISH[kind](Path("rubbish"))
    code, out, err = told(*USES[use])
    assert (code, out) == (2, ""), err
    assert err.startswith("rubbish") or "/rubbish" in err.split(" ", 1)[0], err
    assert "error[OOS" in err.splitlines()[0]
    assert "Traceback" not in err
    assert len(err) < 3000
    assert max(map(len, err.splitlines())) < 400
    assert not Path("hacked").exists()
    assert told("execution", "list", "-o", "json")[1] == "[]\n"


SETTINGS = [
    (b"\xff\xfe\x00", "cannot read the settings"),
    (b"a: b\n" * 400_000, "larger than"),
    (b"a = " + b"[" * 100_000, "cannot read the settings"),
    (b"nonsense = 1\n", "no setting is called nonsense"),
    (b"runbooks = 5\n", "runbooks must be a list of folders"),
    (b"runbooks = [1]\n", "runbooks must be a list of folders"),
    (b"workers = 'many'\n", "workers must be a number"),
    (b"workers = -1\n", "workers must be a number"),
    (b"state_dir = ['a']\n", "state_dir must be a text"),
    (b'state_dir = "a\\u0000b"\n', "state_dir must be a text"),
    (b"inventory = {}\n", "inventory must be a text"),
    (b"region = true\n", "region must be a text"),
    (b"[guards]\nmax_share = 'much'\n", "max_share is"),
    (b"guards = 1\n", "guards is a table"),
]


@pytest.mark.parametrize(("content", "fault"), SETTINGS, ids=[fault for _, fault in SETTINGS])
def test_rubbish_in_the_settings_is_one_clear_fault(told: Told, content: bytes, fault: str) -> None:
    Path("oos.toml").write_bytes(content)
    for name in ("OOS_STATE_DIR", "OOS_INVENTORY"):
        os.environ.pop(name)
    code, out, err = told("execution", "list")
    assert (code, out) == (2, ""), err
    assert "oos.toml: error[OOS" in err or "oos.toml:" in err
    assert fault in err
    assert "Traceback" not in err


def test_what_a_file_holds_cannot_drive_the_terminal(told: Told) -> None:
    Path("sneaky.yml").write_text(NAP.replace("1S", "\x1b[2J\x1b]0;owned\x07"))
    err = told("run", "sneaky.yml")[2]
    assert "\x1b" not in err
    assert "\x07" not in err
    Path("sneaky.yml").write_text(NAP + 'Outputs: {o: {Type: String, Value: "\\e[2J\\u202e"}}\n')
    code, out, err = told("run", "sneaky.yml")
    assert code == 0
    assert "\x1b" not in out + err
    assert "\\x1b[2J\\u202e" in out
    shown = told("execution", "show")[1]
    assert "\x1b" not in shown
