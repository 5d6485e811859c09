"""What sentences of the language mean when they run: a table of templates, carried out on the simulated fleet."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.rehearsal.trying import told

TABLE = yaml.safe_load(Path(__file__).with_name("language.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("row", TABLE, ids=lambda row: str(row["name"]))
def test_a_sentence_of_the_language_holds(row: dict[str, Any]) -> None:
    case = {
        "name": row["name"],
        "given": row.get("given", {}),
        "expect": {"status": "Success", **row.get("expect", {})},
    }
    differences = told(row["template"], json.dumps({"cases": [case]}))
    assert not differences, "\n".join(differences)
