"""How a network card in a domain's XML refers to its nwfilter, and what that says about its groups.

    <filterref filter='eni-…'><parameter name='SG' value='0123…'/></filterref>

libvirt hands parameters to a filter whether it asks for them or not; a list is a name that is given again. So a
domain's XML tells which groups its cards are in, and nothing but the reference is changed when one joins.
https://libvirt.org/formatnwfilter.html#usage-of-variables-in-filters
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

CARD_NAME: Final = re.compile(r"eni-[0-9a-f]{20}")
PARAMETER: Final = "SG"
"""A value may hold no dash, so it is the group's id without `sg-`."""


@dataclass(frozen=True, slots=True)
class CardFilter:
    """A card's reference to a filter: its name, and parameters."""

    name: str = ""
    parameters: tuple[tuple[str, str], ...] = ()

    @property
    def is_ours(self) -> bool:
        """Whether it is the filter of a card in groups."""
        return bool(CARD_NAME.fullmatch(self.name))

    @property
    def group_ids(self) -> tuple[str, ...]:
        """The groups of the card."""
        if not self.is_ours:
            return ()
        return tuple(f"sg-{value}" for key, value in self.parameters if key == PARAMETER)


def card_filter_of(interface: Element) -> CardFilter:
    """The reference in an `<interface>` element."""
    element = interface.find("filterref")
    if element is None:
        return CardFilter()
    parameters = [(each.get("name", ""), each.get("value", "")) for each in element.iterfind("parameter")]
    return CardFilter(element.get("filter", ""), tuple(parameters))
