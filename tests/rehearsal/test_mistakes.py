"""Mistakes that authors make: each is told once, at its place, with what to write instead; nothing follows from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from oos.diagnostics import Severity
from oos.template.check import examine
from tests.rehearsal.trying import CATALOG

MISTAKES = yaml.safe_load(Path(__file__).with_name("mistakes.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", MISTAKES, ids=lambda case: str(case["title"]))
def test_a_mistake_is_told_once_with_what_to_write_instead(case: dict[str, Any]) -> None:
    found = [each for each in examine(case["text"], "t.yml", CATALOG).diagnostics if each.severity is not Severity.HINT]
    told = [(f"{each.span} {each.code}", str(each)) for each in found]
    wanted = [line.split(" ", 2) for line in case["faults"]]
    shown = "\n".join(text for _, text in told)
    assert sorted(place for place, _ in told) == sorted(" ".join(words[:2]) for words in wanted), shown
    for place, code, *word in wanted:
        assert not word or any(word[0] in text for at, text in told if at == f"{place} {code}"), shown
