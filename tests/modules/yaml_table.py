"""Tables of cases in YAML files beside the tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml


def load_table(name: str) -> Any:
    """The table in a file of this folder."""
    return yaml.safe_load(Path(__file__).with_name(name).read_text(encoding="utf-8"))
