"""The index of the catalog: the same answers, fewer imports, and never in anybody's way."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from oos.app.catalog_index import IndexedCatalog, installed_catalog
from oos.service.catalog import Catalog
from tests.modules.executions import whole_catalog

ROOT = Path(__file__).parents[2]
WHOLE = whole_catalog()


@pytest.fixture
def cache(tmp_path: Path) -> dict[str, str]:
    return {"XDG_CACHE_HOME": str(tmp_path)}


def index_of(cache: dict[str, str]) -> Path:
    (path,) = Path(cache["XDG_CACHE_HOME"]).glob("oos/catalog-*.json")
    return path


def test_the_index_gives_the_same_answers_as_the_modules(cache: dict[str, str]) -> None:
    assert type(installed_catalog(cache)) is Catalog
    indexed = installed_catalog(cache)
    assert isinstance(indexed, IndexedCatalog)
    for operation in WHOLE.operations():
        assert indexed.operation(operation.service.lower(), operation.name.upper()) is operation
        assert indexed.has_service(operation.service)
    for action in WHOLE.actions():
        assert indexed.action(action.name.swapcase()) == action
    assert indexed.operation("ECS", "Nothing") is None
    assert indexed.action("ACS::ECS::Nothing") is None
    assert not indexed.has_service("RDS")
    assert list(indexed.operations()) == list(WHOLE.operations())
    assert list(indexed.actions()) == list(WHOLE.actions())
    assert indexed.modules == WHOLE.modules


SCRIPT = """
import sys
from oos.cli.main import main
code = main(sys.argv[1:])
print(code, sorted(name for name in sys.modules if name.startswith("oos_") and "." not in name))
"""


def test_checking_a_template_imports_only_the_modules_that_it_calls(cache: dict[str, str]) -> None:
    template = str(ROOT / "tests" / "template" / "valid" / "tag-service.yml")
    said = []
    for _ in range(2):
        command = [sys.executable, "-c", SCRIPT, "template", "validate", template]
        environment = {**os.environ, **cache}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        said.append(done.stdout)
    assert "oos_billing" in said[0]
    assert said[1] == "0 ['oos_tag']\n"


def _broken(path: Path) -> None:
    path.write_bytes(b"{")


def _of_another_form(path: Path) -> None:
    path.write_text('{"installed": [], "modules": 3}')


def _a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _changed_since(path: Path) -> None:
    path.write_text(path.read_text().replace('"files":[', '"files":[1'))


def _installed_since(path: Path) -> None:
    path.write_text(path.read_text().replace('"installed":[[', '"installed":[["/none",1],['))


@pytest.mark.parametrize("spoil", [_broken, _of_another_form, _a_folder, _changed_since, _installed_since])
def test_an_index_that_does_not_fit_is_made_again(cache: dict[str, str], spoil: Callable[[Path], None]) -> None:
    installed_catalog(cache)
    spoil(index_of(cache))
    assert type(installed_catalog(cache)) is Catalog


@pytest.mark.parametrize(
    "environment", [{}, {"HOME": "/none/such"}, {"XDG_CACHE_HOME": "relative"}, {"HOME": "/dev/null"}]
)
def test_without_a_place_for_it_all_modules_are_asked(environment: dict[str, str]) -> None:
    for _ in range(2):
        assert list(installed_catalog(environment).operations()) == list(WHOLE.operations())
