"""Where templates are found: files, folders of runbooks, product actions, and those that were registered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from oos.diagnostics import Diagnostic, DiagnosticError, did_you_mean
from oos.service.catalog import Catalog
from oos.service.registry import Registry
from oos.service.stored_templates import find_version
from oos.template.document import not_utf8
from oos.values.bounded_file import read_at_most

ENDINGS = (".yml", ".yaml", ".json", ".ipynb")
_PLAIN = ENDINGS[:3]
READERS = "oos.template_readers"
"""Entry points: by the ending of a file (without its dot), what makes a template of its text (text and name in)."""
LARGEST_FILE = 32 << 20
"""A notebook with its outputs may be large; what is made of it, like any template, may not (oos.template.limits)."""
REHEARSAL = ".rehearsal"
"""How names end of files that hold rehearsals of the template beside them."""


@dataclass(frozen=True, slots=True)
class Located:
    """A template that was found."""

    title: str
    """How messages call it: its path, or its name."""
    text: str
    version: str = ""
    """Of a registered one."""


class TemplateFinder:
    """Templates by name: product actions, then runbooks in the folders, then registered ones."""

    def __init__(self, catalog: Catalog, registry: Callable[[], Registry], folders: tuple[Path, ...]) -> None:
        self._catalog = catalog
        self._registry = registry
        self._folders = folders

    def find(self, name: str, version: str) -> tuple[str, str] | None:
        """The name (for messages) and text of a template or product action, or None."""
        found = self.locate(name, version)
        return None if found is None else (found.title, found.text)

    def locate(self, name: str, version: str) -> Located | None:
        """A template or product action, or None."""
        action = self._catalog.action(name)
        if action is not None:
            return Located(action.path, action.text)
        for folder in self._folders:
            for ending in ENDINGS:
                path = folder / f"{name}{ending}"
                if not version and "/" not in name and path.is_file():
                    return Located(str(path), read_template(path))
        registered = find_version(self._registry(), name, version)
        return None if registered is None else Located(name, registered.text, registered.name)

    def names(self) -> Iterator[str]:
        """Names of the runbooks in the folders."""
        for folder in self._folders:
            for path in sorted(folder.glob("*")):
                if path.suffix in ENDINGS and not path.stem.endswith(REHEARSAL):
                    yield path.stem

    def open(self, name: str, version: str = "") -> tuple[str, str]:
        """The name and text of what a person named: a path, or the name of a template. Raises DiagnosticError."""
        path = Path(name)
        if not version and path.exists() and not path.is_dir():
            return name, read_template(path)
        found = self.find(name, version)
        if found is not None:
            return found
        if version:
            hint = f"see: oos template versions {name}"
            raise DiagnosticError([Diagnostic("OOS920", f"{name} has no version {version}", name, hint=hint)])
        if path.is_dir():
            raise DiagnosticError([Diagnostic("OOS921", "cannot be read: it is a folder", name)])
        hint = did_you_mean(path.stem, self.names()) or "give the path of a file, or see: oos template list"
        raise DiagnosticError([Diagnostic("OOS920", f"there is no template {name}", name, hint=hint)])


def read_template(path: Path) -> str:
    """The text of a template file; of a file in another form, the template that its reader makes of it.

    Raises DiagnosticError.
    """
    try:
        data = read_at_most(path, LARGEST_FILE)
    except OSError as error:
        raise DiagnosticError([Diagnostic("OOS921", f"cannot be read: {error.strerror}", str(path))]) from error
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise DiagnosticError([not_utf8(str(path), data, error)]) from error
    if path.suffix in _PLAIN:
        return text
    from importlib.metadata import entry_points  # here, because most templates are plain

    for entry in entry_points(group=READERS, name=path.suffix.removeprefix(".")):
        return str(entry.load()(text, str(path)))
    return text
