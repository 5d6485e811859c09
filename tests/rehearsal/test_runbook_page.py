"""The page of the runbooks says what the runbooks say, and there is one for each subject."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_of_runbooks_is_current() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "runbooks"), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_there_are_runbooks_for_each_subject() -> None:
    page = (ROOT / "oos" / "docs" / "runbooks.md").read_text(encoding="utf-8")
    assert page.count("\n### ") >= 25
    assert page.count("\n## ") == 9
