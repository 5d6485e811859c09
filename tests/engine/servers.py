"""Real servers on loopback: a web hook that remembers what it was sent, and an SMTP server."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Received:
    """One request."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Hook:
    """A web address: answers from a list, the last one for ever."""

    answers: list[tuple[int, Any]] = field(default_factory=lambda: [(200, {"ok": True})])
    received: list[Received] = field(default_factory=list)
    address: str = ""
    hold: threading.Event = field(default_factory=threading.Event)
    """While clear, nothing is answered."""


@contextmanager
def web_hook() -> Iterator[Hook]:
    """A running web server."""
    hook = Hook()
    hook.hold.set()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            hook.received.append(Received(self.command, self.path, dict(self.headers), self.rfile.read(length)))
            status, body = hook.answers.pop(0) if len(hook.answers) > 1 else hook.answers[0]
            content = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            hook.hold.wait(20)
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = answer  # noqa: N815 (http.server calls them so)

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    hook.address = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield hook
    finally:
        hook.hold.set()
        server.shutdown()
        server.server_close()
        thread.join()


class Mailbox:
    """What an SMTP server took, and what it refuses."""

    def __init__(self) -> None:
        self.mails: list[Any] = []
        self.busy = 0
        """How many mails it turns away as busy before it takes one."""
        self.port = 0

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:  # noqa: N802 (aiosmtpd calls it so)
        if address.startswith("nobody"):
            return "550 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 (aiosmtpd calls it so)
        if self.busy:
            self.busy -= 1
            return "451 try again later"
        self.mails.append(envelope)
        return "250 taken"


@contextmanager
def smtp_server() -> Iterator[Mailbox]:
    """A running SMTP server."""
    from aiosmtpd.controller import Controller

    mailbox = Mailbox()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        mailbox.port = free.getsockname()[1]
    controller = Controller(mailbox, hostname="127.0.0.1", port=mailbox.port)
    controller.start()
    try:
        yield mailbox
    finally:
        controller.stop()
