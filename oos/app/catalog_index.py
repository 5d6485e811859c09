"""The catalog by an index: a file says which module offers what, and only modules that are needed are imported.

Importing all modules is most of what checking a template costs. The index is a cache: when anything of it does not fit
what is installed, all modules are imported and it is written again; when it cannot be read or written, it does without.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import msgspec

from oos.service.catalog import Catalog, installed_places, module_at
from oos.service.operation import ActionSource, Module, Operation
from oos.values.typed import decode_as

_FILES: Final = (".py", ".yml")
_LARGEST: Final = 4 << 20


class ModuleIndex(msgspec.Struct, frozen=True):
    """What one module offers, and the state of its files when that was written down."""

    place: str
    folder: str
    files: tuple[int, int]
    operations: tuple[tuple[str, str], ...]
    """Service and name, folded."""
    actions: dict[str, str]
    """By folded name, the file that holds it; empty when the module must be asked."""
    names: dict[str, str]
    """The names of the actions as they are written."""


class Index(msgspec.Struct, frozen=True):
    """What all installed modules offer."""

    installed: tuple[tuple[str, int], ...]
    """The folders in which distributions are installed, and when they last changed."""
    modules: tuple[ModuleIndex, ...]


class IndexedCatalog(Catalog):
    """A catalog that imports a module when something that it offers is asked for."""

    def __init__(self, index: Index) -> None:
        super().__init__(())
        self._index = index
        self._lock = threading.Lock()
        self._loaded: dict[str, Module] = {}
        self._whole: Catalog | None = None
        self._by_operation = {key: each.place for each in index.modules for key in each.operations}
        self._by_action = {name: each for each in index.modules for name in each.actions}
        self._services = frozenset(service for service, _ in self._by_operation)
        self._sources: dict[str, ActionSource] = {}

    @property
    def modules(self) -> tuple[Module, ...]:
        return tuple(self._module(each.place) for each in self._index.modules)

    def operation(self, service: str, name: str) -> Operation | None:
        key = (service.casefold(), name.casefold())
        known = self._operations.get(key)
        if known is not None:
            return known
        place = self._by_operation.get(key)
        if place is None:
            return None
        for each in self._module(place).operations:
            self._operations[each.key] = each
        return self._operations.get(key)

    def action(self, name: str) -> ActionSource | None:
        folded = name.casefold()
        known = self._sources.get(folded)
        if known is not None:
            return known
        found = self._by_action.get(folded)
        if found is None:
            return None
        if path := found.actions[folded]:
            with contextlib.suppress(OSError):
                text = Path(path).read_text(encoding="utf-8")
                return self._sources.setdefault(folded, ActionSource(found.names[folded], text, path))
        own = {each.name.casefold(): each for each in self._module(found.place).actions}
        return self._sources.setdefault(folded, own[folded])

    def has_service(self, service: str) -> bool:
        return service.casefold() in self._services

    def operations(self) -> Iterator[Operation]:
        yield from self._all().operations()

    def actions(self) -> Iterator[ActionSource]:
        yield from self._all().actions()

    def _module(self, place: str) -> Module:
        with self._lock:
            module = self._loaded.get(place)
        if module is None:
            module = module_at(place)
            with self._lock:
                module = self._loaded.setdefault(place, module)
        return module

    def _all(self) -> Catalog:
        if self._whole is None:
            self._whole = Catalog(self.modules)
        return self._whole


def installed_catalog(environment: Mapping[str, str]) -> Catalog:
    """What the installed modules offer, by the index where there is one that fits."""
    path = _path(environment)
    index = _read(path)
    if index is not None and _fits(index):
        return IndexedCatalog(index)
    places = installed_places()
    modules = tuple(map(module_at, places))
    made = Index(_installed(), tuple(map(_index_of, places, modules)))
    _write(path, made)
    return Catalog(modules)


def _path(environment: Mapping[str, str]) -> Path | None:
    """The file of the index: one for each installation, in the person's cache."""
    base = environment.get("XDG_CACHE_HOME") or (f"{home}/.cache" if (home := environment.get("HOME")) else "")
    if not base.startswith("/"):
        return None
    where = "\0".join([sys.executable, *_searched()]).encode()
    return Path(base) / "oos" / f"catalog-{_digest(where)}.json"


def _digest(data: bytes) -> str:
    import hashlib

    return hashlib.sha256(data).hexdigest()[:16]


def _installed() -> tuple[tuple[str, int], ...]:
    found = []
    for path in _searched():
        with contextlib.suppress(OSError):
            found.append((path, Path(path).stat().st_mtime_ns))
    return tuple(found)


def _searched() -> list[str]:
    """Where distributions are looked for. The folder one stands in counts only when some are installed in it."""
    with contextlib.suppress(OSError):
        here = Path.cwd()
        if not any(path.name.endswith((".dist-info", ".egg-info")) for path in here.iterdir()):
            return [path for path in sys.path if path not in ("", str(here))]
    return [path or "." for path in sys.path]


def _fits(index: Index) -> bool:
    return index.installed == _installed() and all(each.files == _files(each.folder) for each in index.modules)


def _files(folder: str) -> tuple[int, int]:
    """The state of the files in the folder of a module: when the last of them changed, and how large all are."""
    newest = size = 0
    for where in (folder, f"{folder}/actions"):
        with contextlib.suppress(OSError), os.scandir(where) as entries:
            for entry in entries:
                if entry.name.endswith(_FILES):
                    state = entry.stat()
                    newest = max(newest, state.st_mtime_ns)
                    size += state.st_size + 1
    return newest, size


def _index_of(place: str, module: Module) -> ModuleIndex:
    folder = _folder(place.partition(":")[0])
    return ModuleIndex(
        place,
        folder,
        _files(folder),
        tuple(each.key for each in module.operations),
        {each.name.casefold(): _file_of(each, folder) for each in module.actions},
        {each.name.casefold(): each.name for each in module.actions},
    )


def _folder(package: str) -> str:
    """The folder that the code of a package, or of a module in one, is in."""
    spec = find_spec(package)
    assert spec is not None, package
    return str(Path(spec.origin or ".").parent)


def _file_of(action: ActionSource, folder: str) -> str:
    path = Path(action.path)
    with contextlib.suppress(OSError):
        if path.parent == Path(folder) / "actions" and path.read_text(encoding="utf-8") == action.text:
            return str(path)
    return ""


def _read(path: Path | None) -> Index | None:
    if path is None:
        return None
    try:
        with path.open("rb") as file:
            found: Any = decode_as(file.read(_LARGEST), Index)
    except (OSError, msgspec.MsgspecError):
        return None
    return found if isinstance(found, Index) else None


def _write(path: Path | None, index: Index) -> None:
    """Write the index whole or not at all; who cannot write one does without."""
    if path is None or not path.parent.parent.parent.is_dir():
        return
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        part = path.with_suffix(f".{os.getpid()}")
        part.write_bytes(msgspec.json.encode(index))
        part.replace(path)
