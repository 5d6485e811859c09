"""Every runbook and product action of the repository has rehearsals, and all of them come as expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from oos.app.templates import TemplateFinder
from oos.rehearsal.read import ENDING, read_cases, rehearsal_beside
from oos.rehearsal.rehearse import rehearse, template_of
from oos.service.registry import MemoryRegistry
from tests.rehearsal.trying import CATALOG, MODULES

ROOT = Path(__file__).parents[2]
FILES = sorted(path for folder in ("runbooks", "modules") for path in (ROOT / folder).rglob(f"*{ENDING}"))
TEMPLATES = sorted(
    path
    for pattern in ("runbooks/*.yml", "modules/*/actions/*.yml")
    for path in ROOT.glob(pattern)
    if not path.name.endswith(ENDING)
)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_every_template_has_rehearsals(template: Path) -> None:
    assert rehearsal_beside(template).is_file()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name.removesuffix(ENDING))
def test_a_template_does_what_its_rehearsals_expect(path: Path) -> None:
    file = read_cases(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT)))
    find = TemplateFinder(CATALOG, MemoryRegistry, (ROOT / "runbooks",)).find
    title, text = template_of(read_cases(path.read_text(encoding="utf-8"), str(path)), find)
    told = [str(each) for one in rehearse(file, title, text, MODULES, find) for each in one.differences]
    assert not told, "\n".join(told)
    assert all(case.expect is not None for case in file.cases)
