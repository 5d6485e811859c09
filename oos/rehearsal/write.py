"""Writing: what was observed as an expectation, in the text of a file of rehearsals, comments and all kept."""

from __future__ import annotations

import json
import re
import textwrap
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

import yaml

from oos.rehearsal.case import Case
from oos.rehearsal.rehearse import Rehearsal
from oos.rehearsal.tree import Tree
from oos.values.json import Value

_MADE: Final = re.compile(r"\b(?P<kind>[a-z]+)-[0-9a-f]{20}(?P<rest>(?:\.[tr]?[0-9]+)*)\b")
_UNPLAIN: Final = re.compile(r": |^[^A-Za-z0-9]| #")
"""What needs quotes in YAML."""
_WIDTH: Final = 110
_NEW: Final = """\
# Rehearsals of {template}: oos template rehearse {template}
given:
  instances: {{web-1: {{}}, web-2: {{}}}}
cases:
  - name: it succeeds
"""


class _Block(dict[str, Any]):
    """A map that is written over several lines, however short it is."""


class _Dumper(yaml.SafeDumper):
    """Writes as people write: items of lists are indented."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Never without an indent."""
        del indentless
        super().increase_indent(flow, False)


_Dumper.add_representer(
    _Block, lambda dumper, data: dumper.represent_mapping("tag:yaml.org,2002:map", data, flow_style=False)
)


class NotWritable(Exception):
    """The text of the file has a form into which nothing can be put; the message says which."""


def new_file(template: str) -> str:
    """A file of rehearsals for a template that has none: one case, which expects nothing yet."""
    return _NEW.format(template=template)


def updated(text: str, rehearsals: Iterable[Rehearsal], before: Mapping[str, Value]) -> str:
    """The text with what was observed of each case that expects nothing, or something else.

    The first gets its expectation. Beside the others stands a new case, which a person keeps, or not. `before` is the
    fleet of each case, by its name, as it was given. Raises NotWritable.
    """
    lines = text.splitlines()
    added: list[str] = []
    # From the last to the first, so that the places of those before stay right.
    for each in sorted(rehearsals, key=lambda each: each.case.tree.span, reverse=True):
        expectation = _block(expectation_of(each.observed, before.get(each.case.name)))
        if each.case.expect is None:
            last = _last_line(lines, each.case.tree)
            lines[last:last] = textwrap.indent(expectation, _margin(lines, each.case)).splitlines()
        elif not each.is_as_expected:
            added = ["", *_copy(lines, each.case, expectation), *added]
    while lines and not lines[-1].strip():
        lines.pop()
    return "\n".join([*lines, *added]) + "\n"


def expectation_of(observed: Mapping[str, Any], before: Value) -> dict[str, Any]:
    """What was observed, as an expectation: ids that were made become patterns, what stayed as it was is left out."""
    expected: dict[str, Any] = {"status": observed["status"]}
    if observed.get("message"):
        expected.update(code=observed["code"], message=observed["message"])
    if observed["tasks"]:
        expected["tasks"] = [_task(each) for each in observed["tasks"]]
    if observed["outputs"]:
        expected["outputs"] = observed["outputs"]
    changed = _changed(before, observed["fleet"]) if isinstance(before, dict) else {}
    if changed:
        expected["fleet"] = changed
    if observed["changes"]:
        expected["changes"] = [_call(each) for each in observed["changes"]]
    if observed["refusals"]:
        expected["refusals"] = observed["refusals"]
    made: dict[str, Any] = _patterns(expected)
    return made


def _task(task: Mapping[str, Any]) -> dict[str, Any]:
    name, facts = next(iter(task.items()))
    shown = {key: facts[key] for key in ("status", "waiting", "message") if key in facts}
    for key in ("items", "firings"):
        if key in facts:
            shown[key] = dict(Counter(each["status"] for each in facts[key]))
    return _Block({name: shown["status"] if len(shown) == 1 else shown})


def _call(call: Mapping[str, Any]) -> dict[str, Any] | str:
    name, parameters = next(iter(call.items()))
    if not isinstance(parameters, Mapping):
        return str(name)
    said = {key: each for key, each in parameters.items() if each not in (None, "", [], {}) and key != "RegionId"}
    return _Block({name: said}) if said else str(name)


def _changed(before: Value, after: Value) -> Any:
    """What of the fleet is not as it was."""
    found: dict[str, Any] = {}
    for name, each in after.items():
        known = before.get(name)
        if isinstance(each, dict) and isinstance(known, dict):
            inner = _changed(known, each)
            if inner:
                found[name] = inner
        elif each != known:
            found[name] = _filled(each)
    found.update({name: None for name in before if name not in after})
    return found


def _filled(value: Value) -> Value:
    """Without what is empty."""
    if isinstance(value, dict):
        return {key: _filled(each) for key, each in value.items() if each not in ("", {}, [])}
    return [_filled(each) for each in value] if isinstance(value, list) else value


def _patterns(value: Value) -> Value:
    if isinstance(value, dict):
        return type(value)({key: _patterns(each) for key, each in value.items()})
    if isinstance(value, list):
        return [_patterns(each) for each in value]
    if isinstance(value, str) and (_MADE.search(value) or re.fullmatch("/.*/", value, re.DOTALL)):
        parts, place = [], 0
        for found in _MADE.finditer(value):
            parts += [
                re.escape(value[place : found.start()]),
                f"{found['kind']}-[0-9a-f]{{20}}",
                re.escape(found["rest"]),
            ]
            place = found.end()
        return f"/{''.join(parts)}{re.escape(value[place:])}/"
    return value


def _block(expectation: Mapping[str, Any]) -> str:
    text: str = yaml.dump(
        {"expect": dict(expectation)},
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=None,
        width=_WIDTH,
    )
    return text


def _margin(lines: list[str], case: Case) -> str:
    span = case.tree.span
    if lines[span.line - 1][span.column - 1 : span.column] == "{":
        raise NotWritable(f"the case {case.name!r} stands in braces; write it over several lines")
    return " " * (span.column - 1)


def _last_line(lines: list[str], tree: Tree) -> int:
    """The number of the last line of a value. YAML lets what is not in brackets end where the next thing begins."""
    span = tree.span
    in_brackets = lines[span.line - 1][span.column - 1 : span.column] in ("{", "[")
    content = tree.content
    if not in_brackets and isinstance(content, dict):
        return max([span.line, *(max(each.key.line, _last_line(lines, each)) for each in content.values())])
    if not in_brackets and isinstance(content, list):
        return max([span.line, *(_last_line(lines, each) for each in content)])
    return max(span.line, span.end_line if span.end_column > 1 else span.end_line - 1)


def _copy(lines: list[str], case: Case, expectation: str) -> list[str]:
    """The case once more, under another name, with what was observed."""
    margin = _margin(lines, case)
    assert case.expect is not None
    own = list(range(case.tree.span.line, _last_line(lines, case.tree) + 1))
    end = _last_line(lines, case.expect)
    kept = [lines[number - 1] for number in own if not case.expect.key.line <= number <= end]
    content = case.tree.content
    assert isinstance(content, dict)
    place = content["name"].span
    number = place.line - case.tree.span.line
    if place.line == place.end_line and kept:
        line = kept[number]
        kept[number] = f"{line[: place.column - 1]}{_another_name(lines, case.name)}{line[place.end_column - 1 :]}"
    return [*kept, *textwrap.indent(expectation, margin).splitlines()]


def _another_name(lines: list[str], name: str) -> str:
    """A name for what was observed of a case that no other has."""
    found, number = f"{name}, as observed", 2
    while any(found in line for line in lines):
        found, number = f"{name}, as observed ({number})", number + 1
    return json.dumps(found, ensure_ascii=False) if _UNPLAIN.search(found) else found
