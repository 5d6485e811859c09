"""Arguments: `name=text` and `name:=json` on the command line, and files of them."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from oos.diagnostics import Diagnostic, DiagnosticError
from oos.template.limits import LARGEST_TEMPLATE as MOST
from oos.values.bounded_file import read_at_most, read_stream
from oos.values.json import Value

_PAIR: Final = re.compile(r"([^=:\s]+)(:?=)(.*)", re.DOTALL)

CODE_PAIR: Final = "OOS940"
CODE_JSON: Final = "OOS941"
CODE_FILE: Final = "OOS942"


def read_pairs(pairs: Iterable[str], option: str) -> dict[str, Value]:
    """The values that these pairs name; of two for one name the later. Raises DiagnosticError with every fault."""
    values: dict[str, Value] = {}
    faults: list[Diagnostic] = []
    for pair in pairs:
        found = _PAIR.fullmatch(pair)
        if found is None:
            hint = "write name=text, or name:=json for numbers, lists and maps"
            shown = pair.split("=", 1)[0]
            faults.append(Diagnostic(CODE_PAIR, f"{shown!r} is no name=value", option, hint=hint))
            continue
        name, sign, text = found.groups()
        if sign == "=":
            values[name] = text
            continue
        try:
            values[name] = _read_json(text)
        except ValueError as error:
            # The text itself is not repeated: it may be a secret.
            hint = f"a text is given as {name}=…, JSON text is quoted for the shell: {name}:='[1, 2]'"
            faults.append(Diagnostic(CODE_JSON, f"the value of {name} is not JSON: {error}", option, hint=hint))
    if faults:
        raise DiagnosticError(faults)
    return values


def read_file(name: str) -> dict[str, Value]:
    """The arguments in a YAML or JSON file, `-` for stdin. Raises DiagnosticError."""
    from oos.template.document import Reader, Unreadable, compose, decode, is_map

    title = "(stdin)" if name == "-" else name
    try:
        text = read_stream(sys.stdin.buffer, title, MOST) if name == "-" else read_at_most(Path(name), MOST)
    except OSError as error:
        raise DiagnosticError([Diagnostic(CODE_FILE, f"cannot be read: {error.strerror}", title)]) from error
    try:
        source = decode(text, title)
        root = compose(source)
    except Unreadable as error:
        raise DiagnosticError([error.diagnostic]) from error
    if root is None:
        return {}
    if not is_map(root):
        raise DiagnosticError([Diagnostic(CODE_FILE, "not a map of parameters", title, hint="write name: value")])
    reader = Reader(source)
    values: dict[str, Value] = reader.value(root)
    if reader.faults:
        raise DiagnosticError(reader.faults)
    return values


def read_arguments(pairs: Iterable[str], files: Iterable[str]) -> dict[str, Value]:
    """All arguments; those of the command line win over those of files, later files over earlier ones."""
    values: dict[str, Value] = {}
    for name in files:
        values.update(read_file(name))
    values.update(read_pairs(pairs, "-p"))
    return values


def read_tags(pairs: Iterable[str]) -> dict[str, str]:
    """Tags, as `key=value`. Raises DiagnosticError."""
    tags: dict[str, str] = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not (key and sign):
            raise DiagnosticError([Diagnostic(CODE_PAIR, f"{pair!r} is no key=value", "--tag")])
        tags[key] = value
    return tags


def _read_json(text: str) -> Any:
    import json

    def refuse(constant: str) -> Any:
        raise ValueError(f"{constant} is not JSON")

    return json.loads(text, parse_constant=refuse)
