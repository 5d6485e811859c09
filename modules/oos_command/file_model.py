"""Files that were sent into guests, as documents of the registry."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

import msgspec

from oos.service.registry import Registry
from oos.values.typed import convert_as

_SENDING: Final = "file"
_SENT: Final = "file-result"


class SendState(StrEnum):
    """How a file stands on one instance, in the words of ECS."""

    PENDING = "Pending"
    """About to be handed to the guest; it may have been."""
    SUCCESS = "Success"
    FAILED = "Failed"


@dataclass(frozen=True, slots=True)
class Sending:
    """One request to send a file to some instances."""

    id: str
    region: str
    name: str
    folder: str
    content: str
    """In Base64; masked when it is secret."""
    content_type: str
    """As it was asked for: `PlainText` or `Base64`."""
    mode: str
    owner: str
    group: str
    overwrite: bool
    instance_ids: tuple[str, ...]
    created: datetime
    description: str = ""
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sent:
    """A file on one instance."""

    sending_id: str
    instance_id: str
    state: SendState
    created: datetime
    finished: datetime | None = None
    error_code: str = ""
    error_info: str = ""


def keep_sending(registry: Registry, sending: Sending) -> bool:
    """Keep a request; False when there was one with its id."""
    return registry.add(_SENDING, sending.id, msgspec.to_builtins(sending))


def load_sendings(registry: Registry, region: str) -> Iterator[Sending]:
    """All requests of a region."""
    for _, document in registry.items(_SENDING):
        sending = convert_as(dict(document), Sending)
        if sending.region == region:
            yield sending


def keep_sent(registry: Registry, sent: Sent) -> Sent:
    """Write down how a file stands."""
    registry.put(_SENT, f"{sent.sending_id}/{sent.instance_id}", msgspec.to_builtins(sent))
    return sent


def load_sent(registry: Registry, sending_id: str, instance_id: str) -> Sent | None:
    """How a file stands on an instance, as far as it was written down."""
    document = registry.get(_SENT, f"{sending_id}/{instance_id}")
    return None if document is None else convert_as(dict(document), Sent)
