"""The setting `database`: where it comes from, and that it never holds, or shows, a password."""

from __future__ import annotations

from pathlib import Path

import pytest

from oos.app.settings import load_settings
from oos.diagnostics import DiagnosticError

URL = "postgresql://oos@db.example/oos?sslmode=verify-full"


def test_the_database_is_a_file_in_the_state_directory_unless_told_otherwise(tmp_path: Path) -> None:
    assert load_settings({}, {}, tmp_path).database == ""


def test_the_database_comes_from_the_file_or_the_environment(tmp_path: Path) -> None:
    (tmp_path / "oos.toml").write_text(f'database = "{URL}"\n')
    assert load_settings({}, {}, tmp_path).database == URL
    other = "postgres:///other?host=/run/postgresql"
    assert load_settings({}, {"OOS_DATABASE": other}, tmp_path).database == other


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://oos:canary-77@db/oos",
        "postgresql://db/oos?user=oos&password=canary-77",
        "mysql://oos:canary-77@db/oos",
        "canary-77",
        "postgresql://[canary-77/oos",
    ],
)
def test_what_cannot_be_used_is_refused_and_not_shown(url: str, tmp_path: Path) -> None:
    (tmp_path / "oos.toml").write_text(f'database = "{url}"\n')
    with pytest.raises(DiagnosticError, match=r"oos\.toml.*OOS913.*database") as refused:
        load_settings({}, {}, tmp_path)
    assert "canary-77" not in str(refused.value)
