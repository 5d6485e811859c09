"""The port through which messages leave: web addresses and mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request to a web address."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    seconds: float = 30.0
    """In which the whole answer must have come."""


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """The answer of a web address."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    """A message, and the server that takes it."""

    host: str
    port: int
    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    carbon_copies: tuple[str, ...] = ()
    user: str = ""
    password: str = ""
    encryption: str = ""
    """`tls` from the first byte, `starttls`, or empty."""
    message_id: str = ""
    seconds: float = 30.0


class MessageFailed(Exception):
    """A message could not be delivered; the text names the address and the cause."""

    def __init__(self, message: str, *, again: bool = True) -> None:
        super().__init__(message)
        self.again = again
        """Whether another try may succeed."""


class Messenger(Protocol):
    """The way out: web addresses and mail. Every call ends within the time that the message allows."""

    def request(self, request: HttpRequest) -> HttpResponse:
        """Ask a web address. Whatever it answers is an answer. Raises MessageFailed when there is none."""

    def mail(self, mail: Mail) -> None:
        """Hand a mail to its server, which takes it for every recipient. Raises MessageFailed."""
