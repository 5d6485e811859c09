"""A service that counts: what was done by which token, how often it was asked for, how many at once.

`python -m tests.scale.counting ADDRESS PORT SECONDS FILE` serves, and keeps the counts in a file; the operations below
ask it. It knows a token again, as every operation of ours does: what was done is not done twice. While there is a file
`hold` beside the counts, nothing is done.
"""

from __future__ import annotations

import json
import os
import socket
import socketserver
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

from oos.service.context import Context
from oos.service.errors import Unavailable
from oos.service.operation import Effect, Interrupted, Module, Operation

VARIABLE = "OOS_TEST_COUNTING"
"""`ADDRESS:PORT` of the service."""
TRIES = 40


class Counts:
    """What the service has seen."""

    def __init__(self, path: Path) -> None:
        self.guard = threading.Lock()
        self.done: dict[str, str] = {}
        self.under_way: dict[str, threading.Event] = {}
        self.asked: Counter[str] = Counter()
        self.workers: Counter[str] = Counter()
        self.in_flight = self.most_in_flight = 0
        self._path = path
        self._hold = path.with_name("hold")
        threading.Thread(target=self._keep, daemon=True).start()

    def make(self, token: str, name: str, worker: str, seconds: float) -> str:
        with self.guard:
            self.asked[token] += 1
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
            before = self.under_way.get(token)
            mine = self.under_way.setdefault(token, threading.Event())
        if before is not None:
            before.wait(30)
        elif token not in self.done:
            time.sleep(seconds)
            while self._is_held():
                time.sleep(0.01)
            with self.guard:
                assert token not in self.done
                self.done[token] = name
                self.workers[worker] += 1
        mine.set()
        with self.guard:
            self.in_flight -= 1
        return self.done[token]

    def _is_held(self) -> bool:
        """Whether nothing more is made for now: so much is made as the file says."""
        try:
            return len(self.done) >= int(self._hold.read_text() or 0)
        except FileNotFoundError:
            return False

    def _keep(self) -> None:
        while True:
            time.sleep(0.05)
            with self.guard:
                counts = {
                    "done": self.done,
                    "asked": self.asked,
                    "workers": self.workers,
                    "in_flight": self.in_flight,
                    "most_in_flight": self.most_in_flight,
                }
                text = json.dumps(counts)
            new = self._path.with_suffix(".new")
            new.write_text(text)
            new.rename(self._path)


def serve(address: str, port: int, seconds: float, path: Path) -> None:
    """Answer until killed."""
    counts = Counts(path)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            token, name, worker = self.rfile.readline().decode().split()
            answer = counts.make(token, name, worker, seconds)
            self.wfile.write(f"{answer}\n".encode())

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True
        request_queue_size = 256

    Server((address, port), Handler).serve_forever()


@dataclass(frozen=True)
class MakeRequest:
    name: str = ""


class MakeResponse(TypedDict):
    Value: Any


def make(context: Context, request: MakeRequest) -> Mapping[str, Any]:
    """Have the service make a thing, once for each token."""
    address, _, port = os.environ[VARIABLE].partition(":")
    try:
        with socket.create_connection((address, int(port)), timeout=5) as connection:
            connection.sendall(f"{context.token} {request.name} {os.getpid()}\n".encode())
            answer = connection.makefile().readline().strip()
    except OSError as error:
        raise Unavailable(f"the counting service does not answer ({error})") from error
    if not answer:
        raise Unavailable("the counting service broke off")
    return {"Value": answer}


def make_patiently(context: Context, request: MakeRequest) -> Mapping[str, Any]:
    """The same, by a worker that tries for a while: one that is cut off does not fail its calls at once."""
    for _ in range(TRIES):
        try:
            return make(context, request)
        except Unavailable:
            context.pause(1.0, "the counting service")
    raise Unavailable("the counting service has not answered for long")


def noop(context: Context, request: MakeRequest) -> Mapping[str, Any]:
    """Nothing."""
    return {"Value": request.name}


def nap(context: Context, request: MakeRequest) -> Mapping[str, Any]:
    """Nothing, in 10 ms."""
    time.sleep(0.01)
    return {"Value": request.name}


MODULE = Module(
    "counting",
    (
        Operation("COUNT", "Make", MakeRequest, MakeResponse, make_patiently, Effect.CHANGES),
        Operation("COUNT", "MakeOnce", MakeRequest, MakeResponse, make, Effect.CHANGES, interrupted=Interrupted.ASK),
        Operation("COUNT", "Noop", MakeRequest, MakeResponse, noop),
        Operation("COUNT", "Nap", MakeRequest, MakeResponse, nap),
    ),
)

LOOP = """
FormatVersion: OOS-2019-06-01
Parameters:
  items: {Type: List}
  width: {Type: Number}
Tasks:
  - Name: make
    Action: ACS::ExecuteAPI
    Properties: {Service: COUNT, API: Make, Parameters: {Name: '{{ ACS::TaskLoopItem }}'}}
    Outputs: {value: {Type: String, ValueSelector: Value}}
    Loop:
      Items: '{{ items }}'
      RateControl: {Mode: Concurrency, Concurrency: '{{ width }}', MaxErrors: 0}
      Outputs: {values: {AggregateType: 'Fn::ListJoin', AggregateField: value}}
Outputs:
  values: {Type: List, Value: '{{ make.values }}'}
"""

if __name__ == "__main__":
    serve(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), Path(sys.argv[4]))
