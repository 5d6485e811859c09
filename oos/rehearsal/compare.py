"""Comparing: the expectations of a case held against what was observed; each difference at its place in the file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from oos.diagnostics import Diagnostic
from oos.rehearsal import codes
from oos.rehearsal.case import Answer, Case
from oos.rehearsal.match import REST, Difference, differences
from oos.rehearsal.tree import Tree, tree_of
from oos.values.json import Value

_SEQUENCES: Final = {"tasks": "status", "calls": "", "changes": ""}
"""Lists of one-key maps: what a bare value in them stands for."""


def compare(case: Case, observed: dict[str, Any], unheard: list[Answer], source: str) -> list[Diagnostic]:
    """What differs. A case that expects nothing in particular expects success."""
    wanted = case.expect if case.expect is not None else tree_of({"status": "Success"}, case.tree.span)
    assert isinstance(wanted.content, dict)
    found: list[Difference] = []
    for name, tree in wanted.content.items():
        if name in _SEQUENCES:
            found += _of_sequence(tree, observed[name], name, _SEQUENCES[name])
        else:
            found += differences(Tree({name: tree}, tree.span), observed)
    if "refusals" not in wanted.content:
        found += [Difference(case.tree.span, "refusals", f"refused: {each}") for each in observed["refusals"]]
    for answer in unheard:
        message = f"nobody waited for it: {answer.verb} {answer.task}"
        found.append(Difference(answer.span, "people", message, _sequence(observed["tasks"])))
    explained = [_explained(each, observed) for each in found]
    return [
        codes.DIFFERENCE.at(source, each.span, f"{case.name}: {each.path}: {each.message}", each.hint)
        for each in explained
    ]


def _explained(difference: Difference, observed: dict[str, Any]) -> Difference:
    """Of a wrong end, why it came to it."""
    if difference.path != "status" or difference.hint:
        return difference
    why = f"{observed.get('code')}: {observed['message']}" if observed.get("message") else _sequence(observed["tasks"])
    return replace(difference, hint=why)


def _of_sequence(wanted: Tree, observed: list[Any], path: str, bare: str) -> Iterator[Difference]:
    """A sequence of things by name. The first that does not follow is told of, with what came in its place."""
    items = [_entry(each, bare) for each in (wanted.content if isinstance(wanted.content, list) else [wanted])]
    names = [_name(each) for each in items]
    if REST not in names:
        yield from _step_by_step(wanted, items, observed, path)
    elif not _aligned(items, observed):
        message = f"these {path} do not occur in this order"
        yield Difference(wanted.span, path, message, _sequence(observed))


def _step_by_step(wanted: Tree, items: list[Tree], observed: list[Any], path: str) -> Iterator[Difference]:
    for number, each in enumerate(items):
        name = _name(each)
        if number >= len(observed):
            message = f"expected {name}, observed the end"
            yield Difference(each.span, f"{path}[{number}]", message, _sequence(observed))
            return
        came, facts = next(iter(observed[number].items()))
        if came != name:
            message = f"expected {name}, observed {came}"
            yield Difference(each.span, f"{path}[{number}]", message, _sequence(observed))
            return
        assert isinstance(each.content, dict)
        yield from _of_facts(each.content[name], facts, f"{path}.{name}")
    if len(observed) > len(items):
        more = ", ".join(next(iter(each)) for each in observed[len(items) :][:5])
        yield Difference(wanted.span, path, f"expected the end, observed {more}", _sequence(observed))


def _entry(tree: Tree, bare: str) -> Tree:
    """`name` and `name: status` as the map that they stand for."""
    if isinstance(tree.content, str):
        return tree if tree.content == REST else Tree({tree.content: Tree({}, tree.span)}, tree.span)
    if bare and isinstance(tree.content, dict):
        inner = {
            name: each if isinstance(each.content, dict | list) else Tree({bare: each}, each.span, each.key)
            for name, each in tree.content.items()
        }
        return Tree(inner, tree.span)
    return tree


def _name(tree: Tree) -> str:
    if isinstance(tree.content, dict):
        return next(iter(tree.content), "")
    return str(tree.content)


def _of_facts(wanted: Tree, observed: Value, path: str) -> Iterator[Difference]:
    """What is known of a task, an item, a firing or a call."""
    if not isinstance(wanted.content, dict) or not isinstance(observed, dict):
        yield from differences(wanted, observed, path)
        return
    for name, tree in wanted.content.items():
        inner = f"{path}.{name}"
        if name == "tasks" and "tasks" in observed:
            yield from _of_sequence(tree, observed["tasks"], inner, "status")
        elif name in ("items", "firings") and name in observed:
            yield from _of_items(tree, observed[name], inner)
        else:
            yield from differences(Tree({name: tree}, tree.span, tree.key), observed, path)


def _of_items(wanted: Tree, observed: list[Any], path: str) -> Iterator[Difference]:
    """Items of a loop: how many ended how, or one by one."""
    if isinstance(wanted.content, dict):
        counts = dict(Counter(each["status"] for each in observed))
        yield from differences(wanted, counts, path)
        for status in counts.keys() - wanted.content.keys():
            yield Difference(wanted.span, path, f"observed also {counts[status]} {status}", _faults(observed))
        return
    items = wanted.content if isinstance(wanted.content, list) else [wanted]
    if len(items) != len(observed):
        seen = ", ".join(each["status"] for each in observed[:20])
        yield Difference(wanted.span, path, f"expected {len(items)} items, observed {len(observed)}: {seen}")
        return
    for number, (each, found) in enumerate(zip(items, observed, strict=True)):
        tree = each if isinstance(each.content, dict) else Tree({"status": each}, each.span)
        yield from _of_facts(tree, found, f"{path}[{number}]")


def _aligned(items: list[Tree], observed: list[Any]) -> bool:
    reached = {0}
    for item in items:
        if item.content == REST:
            reached = set(range(min(reached), len(observed) + 1)) if reached else set()
            continue
        name = _name(item)
        assert isinstance(item.content, dict)
        reached = {
            place + 1
            for place in reached
            if place < len(observed)
            and name in observed[place]
            and next(_of_facts(item.content[name], observed[place][name], ""), None) is None
        }
    return len(observed) in reached


def _sequence(observed: list[Any]) -> str:
    """What came, in short."""
    parts = []
    for each in observed[:30]:
        name, facts = next(iter(each.items()))
        status = facts.get("status", "") if isinstance(facts, dict) else ""
        message = facts.get("message", "") if isinstance(facts, dict) and status == "Failed" else ""
        parts.append(f"{name} {status}".strip() + (f" ({message})" if message else ""))
    more = f", and {len(observed) - 30} more" if len(observed) > 30 else ""
    return f"observed: {', '.join(parts) or 'nothing'}{more}"


def _faults(observed: list[Any]) -> str:
    return "; ".join(dict.fromkeys(each["message"] for each in observed if each.get("message")))[:300]
