"""The page of the command line says what the command line is."""

from __future__ import annotations

import importlib.util
import re
from importlib.machinery import SourceFileLoader
from pathlib import Path
from typing import Any

import pytest

from oos.app.settings import KNOWN
from oos.cli import exits

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "oos" / "docs" / "cli.md").read_text(encoding="utf-8")


def script() -> Any:
    """The script that writes the table of verbs, as a module."""
    loader = SourceFileLoader("verbs", str(ROOT / "scripts" / "verbs"))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_every_verb_and_option_stands_on_the_page() -> None:
    assert script().page(PAGE) == PAGE, "stale: run scripts/verbs"


@pytest.mark.parametrize("key", KNOWN)
def test_every_setting_stands_on_the_page(key: str) -> None:
    assert f"\n| `{key}` |" in PAGE


@pytest.mark.parametrize("name", [name for name in vars(exits) if name.isupper()])
def test_every_exit_code_stands_on_the_page(name: str) -> None:
    codes = re.findall(r"^\| ([\d, ]+) \|", PAGE, re.MULTILINE)
    assert str(getattr(exits, name)) in [code for row in codes for code in row.split(", ")]


def test_commands_on_the_page_are_there() -> None:
    known = [words for words, _ in script().commands(script().cli)]
    for call in re.findall(r"^\$ (oos .*)", PAGE, re.MULTILINE):
        assert any(f"{call} ".startswith(f"{words} ") for words in known), call
