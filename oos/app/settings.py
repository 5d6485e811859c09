"""Settings: flags, then `OOS_*` in the environment, then `oos.toml`, then the user's and the machine's files."""

from __future__ import annotations

import getpass
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from oos.app.guard_settings import GuardSettings, read_guards
from oos.diagnostics import Diagnostic, DiagnosticError, did_you_mean
from oos.values.bounded_file import read_at_most

FILE_NAME = "oos.toml"
LARGEST_FILE = 1 << 20


@dataclass(frozen=True, slots=True)
class Settings:
    """What varies between installations. Paths in a file are relative to that file."""

    state_dir: Path
    """Journal, registry, keys and locks."""
    database: str = ""
    """Of journal and registry: `postgresql://…` without a password, or empty for a file in the state directory."""
    inventory: Path | None = None
    """None: this machine's hypervisor alone."""
    region: str = ""
    """Empty: the inventory's default region."""
    user: str = ""
    """Who starts executions."""
    runbooks: tuple[Path, ...] = ()
    """Folders in which ACS::Template and the command line find templates by name."""
    account: str = "1000000000000000"
    libvirt_uri: str = "qemu:///system"
    """The hypervisor when there is no inventory."""
    lab_dir: Path | None = None
    """Where the lab lives; None: below the state directory."""
    workers: int = 128
    """How many calls may be under way at once."""
    guards: GuardSettings = field(default_factory=GuardSettings)
    """What the site demands before and while executions change its fleet: the table [guards]."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """Where each setting that is not a default came from."""

    @property
    def lab_directory(self) -> Path:
        """Where the lab lives."""
        return self.lab_dir or self.state_dir / "lab"


_PATHS = {"state_dir", "inventory", "lab_dir"}
_PLAIN = {"region", "user", "account", "libvirt_uri"}
KNOWN = sorted({each.name for each in fields(Settings)} - {"sources"})
_TABLES = {"guards"}
"""Settings that only a file can hold."""


def load_settings(
    flags: Mapping[str, Any], environment: Mapping[str, str] | None = None, directory: Path | None = None
) -> Settings:
    """The settings in force; a flag that is None is not given. Raises DiagnosticError naming the file and key."""
    environment = os.environ if environment is None else environment
    directory = directory or _here()
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}

    def take(name: str, value: Any, source: str, base: Path) -> None:
        values[name] = _typed(name, value, source, base)
        sources[name] = source

    for path in reversed(list(_files(environment, directory))):
        for name, value in _read(path).items():
            take(name, value, str(path), path.parent)
    if environment.get("LIBVIRT_DEFAULT_URI"):
        take("libvirt_uri", environment["LIBVIRT_DEFAULT_URI"], "LIBVIRT_DEFAULT_URI", directory)
    for name in KNOWN:
        if name in _TABLES:
            continue
        variable = f"OOS_{name.upper()}"
        if environment.get(variable):
            take(name, environment[variable], variable, directory)
    for name, value in flags.items():
        if value is not None:
            take(name, value, f"--{name.replace('_', '-')}", directory)
    if "state_dir" not in values:
        values["state_dir"] = _state_home(environment) / "oos"
    values.setdefault("user", _user(environment))
    return Settings(**values, sources=sources)


def environment_of(settings: Settings) -> dict[str, str]:
    """The variables by which another process gets these settings; tables it reads from the same files."""
    values = {name: getattr(settings, name) for name in KNOWN if name not in _TABLES}
    values["runbooks"] = ":".join(map(str, settings.runbooks))
    return {f"OOS_{name.upper()}": str(value) for name, value in values.items() if value not in (None, "")}


def _files(environment: Mapping[str, str], directory: Path) -> Iterator[Path]:
    """The files there are, the one that wins first."""
    for place in (directory, *directory.parents):
        if (place / FILE_NAME).is_file():
            yield place / FILE_NAME
            break
    home = _home(environment)
    config = environment.get("XDG_CONFIG_HOME") or (str(home / ".config") if home is not None else "")
    for path in (*([Path(config) / "oos" / FILE_NAME] if config else []), Path("/etc/oos") / FILE_NAME):
        if path.is_file():
            yield path


def _here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        message = "the current directory does not exist any more"
        raise DiagnosticError([Diagnostic("OOS914", message, hint="go to another one")]) from error


def _home(environment: Mapping[str, str]) -> Path | None:
    """The person's home, if there is one."""
    if environment.get("HOME"):
        return Path(environment["HOME"])
    try:
        return Path.home()
    except RuntimeError:
        return None


def _state_home(environment: Mapping[str, str]) -> Path:
    if environment.get("XDG_STATE_HOME"):
        return Path(environment["XDG_STATE_HOME"])
    home = _home(environment)
    if home is None:
        hint = "name one: --state-dir, OOS_STATE_DIR, or state_dir in oos.toml"
        raise DiagnosticError([Diagnostic("OOS914", "there is no home to keep the state directory in", hint=hint)])
    return home / ".local/state"


def _read(path: Path) -> Mapping[str, Any]:
    try:
        document = tomllib.loads(read_at_most(path, LARGEST_FILE).decode("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        cause = error.strerror if isinstance(error, OSError) else error
        raise DiagnosticError([Diagnostic("OOS910", f"cannot read the settings: {cause}", str(path))]) from error
    unknown = [name for name in document if name not in KNOWN]
    if unknown:
        raise DiagnosticError(
            Diagnostic("OOS911", f"no setting is called {name}", str(path), hint=did_you_mean(name, KNOWN))
            for name in unknown
        )
    return document


def _typed(name: str, value: Any, source: str, base: Path) -> Any:
    if name in _PATHS:
        return _path(_text(name, value, source), base)
    if name == "guards":
        return read_guards(value, source, base)
    if name == "runbooks":
        texts = value.split(":") if isinstance(value, str) else value
        if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
            raise DiagnosticError([Diagnostic("OOS912", f"runbooks must be a list of folders, not {value!r}", source)])
        return tuple(_path(text, base) for text in texts)
    if name == "workers":
        try:
            number = int(value)
        except (TypeError, ValueError):
            number = 0
        if number < 1:
            message = f"workers must be a number of at least 1, not {value!r}"
            raise DiagnosticError([Diagnostic("OOS912", message, source)])
        return number
    if name == "database":
        return _database(str(value), source)
    assert name in _PLAIN, name
    return _text(name, value, source)


def _database(url: str, source: str) -> str:
    """The URL of a database; it is never shown, since what is wrong with it may be that it holds a password."""
    hint = "postgresql://USER@HOST/DATABASE"
    problem = ""
    try:
        parts = urlsplit(url)
        if url and parts.scheme not in ("postgresql", "postgres"):
            problem = "database must be the URL of a PostgreSQL database; without one, a file in state_dir is used"
        elif parts.password is not None or "password" in parse_qs(parts.query):
            problem = "database must not hold a password: it would show in files, process lists and messages"
            hint = "put the password into ~/.pgpass, or into what PGPASSFILE or PGSERVICEFILE names"
    except ValueError:
        problem = "database is not a URL"
    if problem:
        raise DiagnosticError([Diagnostic("OOS913", problem, source, hint=hint)])
    return url


def _text(name: str, value: Any, source: str) -> str:
    if isinstance(value, str | int | Path) and not isinstance(value, bool) and "\0" not in str(value):
        return str(value)
    raise DiagnosticError([Diagnostic("OOS912", f"{name} must be a text, not {value!r}", source)])


def _path(value: Any, base: Path) -> Path:
    path = Path(os.path.expanduser(os.path.expandvars(str(value))))  # noqa: PTH111 (leaves a home that is unknown as it is)
    return path if path.is_absolute() else base / path


def _user(environment: Mapping[str, str]) -> str:
    """Who runs this: the person behind sudo where there is one."""
    if environment.get("SUDO_USER"):
        return environment["SUDO_USER"]
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"
