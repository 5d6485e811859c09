"""Differences between two looks at the same things. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from oos.plan.model import Change, Difference, Thing
from oos.values.json import Value, transform

Things = Mapping[tuple[str, str], Thing]
"""By kind and id."""

NEW: Final = "(new)"
"""In place of an id that is known once the thing is made."""
_ID: Final = re.compile(r"[a-z]{1,6}-[0-9A-Za-z][0-9A-Za-z-]{3,}")


def differences(before: Things, after: Things) -> tuple[Difference, ...]:
    """What differs: things that would be made, then those that would be otherwise, then those that would go."""
    made = new_ids(before, after)
    found = [
        Difference(Change.CREATE, each.kind, "", anonymous(each.name, made), {}, _anonymous(each.facts, made))
        for key, each in after.items()
        if key not in before
    ]
    for key, now in after.items():
        was = before.get(key)
        if was is not None and was.facts != now.facts:
            names = [name for name in {**was.facts, **now.facts} if was.facts.get(name) != now.facts.get(name)]
            old = {name: was.facts[name] for name in names if name in was.facts}
            new = {name: now.facts[name] for name in names if name in now.facts}
            found.append(Difference(Change.UPDATE, now.kind, now.id, was.name, old, _anonymous(new, made)))
    found += [
        Difference(Change.DELETE, each.kind, each.id, each.name, dict(each.facts), {})
        for key, each in before.items()
        if key not in after
    ]
    return tuple(found)


def new_ids(before: Things, after: Things) -> frozenset[str]:
    """The ids of things that would be made."""
    return frozenset(after[key].id for key in after if key not in before)


def anonymous(text: str, made: frozenset[str]) -> str:
    """A text, without ids that would be others in the real execution."""
    return _ID.sub(lambda found: NEW if found[0] in made else found[0], text) if made else text


def ids_in(value: Value) -> Iterator[str]:
    """Everything in a value that looks like an id."""
    if isinstance(value, str):
        yield from _ID.findall(value)
    elif isinstance(value, Mapping):
        for each in value.values():
            yield from ids_in(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from ids_in(each)


def _anonymous(facts: Mapping[str, Value], made: frozenset[str]) -> dict[str, Value]:
    changed: dict[str, Value] = transform(
        dict(facts), lambda leaf: anonymous(leaf, made) if isinstance(leaf, str) else leaf
    )
    return changed
