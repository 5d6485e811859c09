"""Where this machine's apt finds a suite of its distribution: its own sources, made to speak of that suite. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

_KINDS: Final = ("", "-updates", "-security", "/updates")
"""What follows the name of a release in the suites that belong to it; backports are another matter."""
_ONE_LINE: Final = re.compile(r"deb\s+(?:\[(?P<options>[^\]]*)\]\s*)?(?P<uri>\S+)\s+(?P<suite>\S+)\s+(?P<parts>\S.*)")


@dataclass(frozen=True, slots=True)
class Source:
    """An archive: where it is, which suites and components of it count, and what else is to be kept about it."""

    uris: str
    suites: tuple[str, ...]
    components: tuple[str, ...]
    more: tuple[tuple[str, str], ...] = ()
    """Fields such as Signed-By."""


def read_sources(files: Mapping[str, str]) -> list[Source]:
    """The archives in files: text by name, `….sources` (deb822) and `….list` (one line each). See sources.list(5)."""
    found: list[Source] = []
    for name, text in sorted(files.items()):
        found += _stanzas(text) if name.endswith(".sources") else _lines(text)
    return found


def _stanzas(text: str) -> Iterator[Source]:
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    for block in re.split(r"\n\s*\n", "\n".join(lines)):
        fields: dict[str, str] = {}
        name = ""
        for line in block.splitlines():
            if line[:1].isspace():
                fields[name] = f"{fields.get(name, '')}\n{line}"
            elif ":" in line:
                name, _, value = line.partition(":")
                fields[name] = value.strip()
        known = {each.casefold(): value for each, value in fields.items()}
        if "deb" in known.get("types", "").split() and known.get("enabled", "yes").casefold() != "no":
            more = tuple((key, fields[key]) for key in fields if key.casefold() in ("signed-by", "trusted"))
            suites, components = known.get("suites", "").split(), known.get("components", "").split()
            yield Source(known.get("uris", ""), tuple(suites), tuple(components), more)


def _lines(text: str) -> Iterator[Source]:
    spelt = {"signed-by": "Signed-By", "trusted": "Trusted"}
    for line in text.splitlines():
        found = _ONE_LINE.fullmatch(line.partition("#")[0].strip())
        if found:
            options = dict(each.partition("=")[::2] for each in (found["options"] or "").split())
            more = tuple((spelt[key], value) for key, value in options.items() if key in spelt)
            yield Source(found["uri"], (found["suite"],), tuple(found["parts"].split()), more)


def sources_for(suite: str, own: str, sources: Iterable[Source]) -> list[Source]:
    """The sources of a release, made of those that this machine, of the release `own`, has for its own.

    Only what has the component main: archives of other people use the names of the distribution's suites, too.
    """
    found: list[Source] = []
    for each in sources:
        kinds = [kind for name in each.suites for kind in _KINDS if name in (f"{suite}{kind}", f"{own}{kind}")]
        if kinds and "main" in each.components:
            found.append(replace(each, suites=tuple(dict.fromkeys(f"{suite}{kind}" for kind in kinds))))
    return list(dict.fromkeys(found))


def write_sources(sources: Iterable[Source]) -> str:
    """The sources in a file of their own (deb822)."""
    return "\n".join(
        f"Types: deb\nURIs: {each.uris}\nSuites: {' '.join(each.suites)}\nComponents: {' '.join(each.components)}\n"
        + "".join(f"{name}: {value}\n" for name, value in each.more)
        for each in sources
    )
