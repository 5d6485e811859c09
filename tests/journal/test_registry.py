"""The contract of the Registry port: in memory and on SQL."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from oos.adapters.sealing import FileSealer
from oos.adapters.sql import SqlJournal, SqlRegistry, open_database
from oos.adapters.sql.registry import NoKey
from oos.journal.port import Batch
from oos.service.registry import MemoryRegistry, Registry
from oos.values.secret import Secret

from .samples import entries_of, execution_id


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def registry(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Registry]:
    """An empty registry."""
    if request.param == "memory":
        yield MemoryRegistry()
        return
    url = tmp_path / "oos.db" if request.param == "sqlite" else request.getfixturevalue("postgres_url")
    made = SqlRegistry(url, lambda: FileSealer(tmp_path / "key"))
    yield made
    made.close()


def test_a_document_comes_back_as_it_was_put(registry: Registry) -> None:
    document = {"Name": "ü", "Tags": {"role": ["web", None, 1.5]}, "On": True}
    registry.put("tags", "d-1", document)
    assert registry.get("tags", "d-1") == document
    assert registry.get("tags", "d-2") is None
    assert registry.get("template", "d-1") is None


def test_putting_again_replaces(registry: Registry) -> None:
    registry.put("tags", "d-1", {"a": 1})
    registry.put("tags", "d-1", {"b": 2})
    assert registry.get("tags", "d-1") == {"b": 2}


def test_adding_does_not_replace(registry: Registry) -> None:
    assert registry.add("tags", "d-1", {"a": 1})
    assert not registry.add("tags", "d-1", {"b": 2})
    assert registry.get("tags", "d-1") == {"a": 1}


def test_a_name_is_held_by_one_at_a_time(registry: Registry) -> None:
    registry.put("count", "it", {"N": 0})

    def add_one(_: int) -> None:
        with registry.alone_with("the count"):
            known = registry.get("count", "it")
            assert known is not None
            registry.put("count", "it", {"N": known["N"] + 1})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(add_one, range(40)))
    assert registry.get("count", "it") == {"N": 40}


def test_a_name_is_let_go_of_when_the_work_fails(registry: Registry) -> None:
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), registry.alone_with("it"):
            raise ZeroDivisionError


HOLDS = """
import sys, time
from oos.adapters.sql import SqlRegistry
with SqlRegistry(sys.argv[1]).alone_with("it"):
    print("holds", flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_process_that_is_killed_lets_go_of_its_names(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    url = tmp_path / "oos.db" if kind == "sqlite" else request.getfixturevalue("postgres_url")
    holder = subprocess.Popen([sys.executable, "-c", HOLDS, str(url)], stdout=subprocess.PIPE, text=True)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "holds\n"
        waits = SqlRegistry(url)
        with ThreadPoolExecutor(1) as pool:
            taken = pool.submit(lambda: waits.alone_with("it").__enter__())
            with pytest.raises(TimeoutError):
                taken.result(timeout=0.3)
            holder.kill()
            taken.result(timeout=30)
        waits.close()
    finally:
        holder.kill()
        holder.communicate()


def test_what_was_removed_is_gone(registry: Registry) -> None:
    registry.put("tags", "d-1", {})
    assert registry.remove("tags", "d-1")
    assert not registry.remove("tags", "d-1")
    assert registry.get("tags", "d-1") is None


def test_documents_are_listed_by_key(registry: Registry) -> None:
    for key in ("b", "ab", "a", "ac", "é", "a%", "A"):
        registry.put("tags", key, {"key": key})
    registry.put("other", "a", {})
    assert [key for key, _ in registry.items("tags")] == ["A", "a", "a%", "ab", "ac", "b", "é"]
    assert list(registry.items("tags", "a")) == [(key, {"key": key}) for key in ("a", "a%", "ab", "ac")]
    assert list(registry.items("tags", "a%")) == [("a%", {"key": "a%"})]
    assert list(registry.items("tags", "x")) == []


def test_a_long_list_is_whole(registry: Registry) -> None:
    keys = [f"t-{number:05}" for number in range(1100)]
    for key in keys[:3]:
        registry.put("u", key, {})
    for key in keys:
        registry.add("t", key, {"n": key})
    assert [key for key, _ in registry.items("t", "t-")] == keys


def test_of_many_who_add_the_same_exactly_one_succeeds(registry: Registry) -> None:
    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(lambda n: registry.add("tags", "d-1", {"n": n}), range(40)))
    assert added.count(True) == 1
    assert registry.get("tags", "d-1") == {"n": added.index(True)}


def test_secrets_in_documents_come_back_as_secrets(registry: Registry) -> None:
    registry.put("secret", "db", {"value": Secret("canary-77")})
    assert registry.get("secret", "db") == {"value": Secret("canary-77")}


def test_secrets_in_documents_are_on_disk_only_sealed(tmp_path: Path) -> None:
    registry = SqlRegistry(tmp_path / "oos.db", lambda: FileSealer(tmp_path / "key"))
    registry.put("secret", "db", {"value": Secret("canary-77")})
    written = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    registry.close()
    assert b"canary-77" not in written
    assert b"$sealed" in written


def test_without_a_key_secrets_are_refused_and_the_rest_is_kept(tmp_path: Path) -> None:
    registry = SqlRegistry(tmp_path / "oos.db")
    registry.put("tags", "d-1", {"a": 1})
    with pytest.raises(NoKey):
        registry.put("tags", "d-1", {"value": Secret("canary-77")})
    assert registry.get("tags", "d-1") == {"a": 1}
    registry.close()


def test_journal_and_registry_share_one_database(database_url: str) -> None:
    database = open_database(database_url)
    journal, registry = SqlJournal(database), SqlRegistry(database)
    with ThreadPoolExecutor(4) as pool:
        written = pool.submit(journal.append, Batch(entries_of(execution_id(1), 3)))
        list(pool.map(lambda n: registry.put("k", str(n), {}), range(50)))
        written.result()
    assert len(list(registry.items("k"))) == 50
    assert len(list(journal.entries(execution_id(1)))) == 3
    journal.close()
    registry.close()


def test_two_processes_write_into_one_registry(database_url: str) -> None:
    program = (
        "import sys; from oos.adapters.sql import SqlRegistry; registry = SqlRegistry(sys.argv[1])\n"
        "for n in range(100): registry.put('k', f'{sys.argv[2]}-{n}', {'n': n})\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", program, database_url, name]) for name in "ab"]
    assert [process.wait(60) for process in running] == [0, 0]
    registry = SqlRegistry(database_url)
    assert len(list(registry.items("k"))) == 200
    registry.close()
