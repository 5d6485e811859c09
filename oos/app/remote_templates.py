"""Templates that stand at a web address: fetched within a time, and no larger than a template may be."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit

from oos.service.errors import InvalidParameter
from oos.service.messenger import HttpRequest, MessageFailed, Messenger
from oos.service.orchestration import TemplateText

SECONDS: Final = 10.0
MOST_BYTES: Final = 256 << 10
"""As much as TemplateContent may have."""


def fetched(url: str, messenger: Messenger) -> TemplateText:
    """The template at an address of the kinds http and https. Raises InvalidParameter."""
    try:
        parts = urlsplit(url)
        is_address = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        is_address = False
    if not is_address:
        raise InvalidParameter("TemplateURL", "The TemplateURL is no address of the kinds http and https.")
    name = parts.path.rsplit("/", 1)[-1] or str(parts.hostname)
    try:
        answer = messenger.request(HttpRequest("GET", url, seconds=SECONDS))
    except MessageFailed as failed:
        raise InvalidParameter("TemplateURL", f"The template could not be fetched: {failed}") from None
    if answer.status != 200:
        raise InvalidParameter("TemplateURL", f"The template could not be fetched: {name}: HTTP {answer.status}.")
    if len(answer.body) > MOST_BYTES:
        message = f"The template {name} has {len(answer.body)} bytes; at most {MOST_BYTES} are allowed."
        raise InvalidParameter("TemplateURL", message)
    try:
        return TemplateText(name, answer.body.decode())
    except UnicodeDecodeError:
        raise InvalidParameter("TemplateURL", f"The template {name} is no text in UTF-8.") from None
