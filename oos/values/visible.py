"""Text from elsewhere, made safe to show: what could move a terminal's cursor or colours is spelt out."""

from __future__ import annotations

import re
from typing import Final

UNSEEN: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Control characters but tab and line feed, and those that turn the direction of writing."""


def visible(text: str) -> str:
    r"""The text with control characters spelt out: an escape becomes `\x1b`."""
    if text.isprintable():
        return text
    return UNSEEN.sub(lambda found: found[0].encode("unicode_escape").decode(), text)
