"""Every template in the repository: runbooks, product actions, and those that stand in tests as text."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]


def templates() -> Iterator[tuple[str, str]]:
    """The place and text of each."""
    for folder in ("runbooks", "modules", "tests", "inventory", "oos/docs"):
        for path in sorted((ROOT / folder).rglob("*.y*ml")):
            yield str(path.relative_to(ROOT)), path.read_bytes().decode()
    for path in sorted((ROOT / "tests").rglob("*.py")):
        for number, text in enumerate(_texts(path)):
            yield f"{path.relative_to(ROOT)}:{number}", text


def _texts(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "FormatVersion:" in node.value:
            yield node.value
