"""Connections to one libvirt daemon: every call has a deadline, kept from outside the calling thread.

This is the one place that imports libvirt; the rest of the adapter takes constants from here.
https://libvirt.org/internals/rpc.html · https://libvirt.org/html/libvirt-libvirt-host.html#virConnectSetKeepAlive
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, TypeAlias, TypeVar
from urllib.parse import parse_qsl, urlsplit

import libvirt
import libvirt_qemu

from oos.adapters.libvirt.workers import Workers
from oos.fleet.errors import DeadlineExceeded, FleetError, HostUnreachable, HypervisorFailed, PoolFull

__all__ = [
    "Connection",
    "Deadlines",
    "Handle",
    "LibvirtFailed",
    "Stopwatch",
    "agent_command",
    "code_of",
    "libvirt",
]

Handle: TypeAlias = Any
"""An object of libvirt-python (connection, domain, pool, volume …), which has no types."""

T = TypeVar("T")

CALLS_PER_LANE: Final = 4
"""libvirtd serves 5 requests of a client at once (`max_client_requests`) and then stops reading, keepalives too."""
LANES: Final = 5
"""Connections to one daemon, at most: its 20 workers (`max_workers`) cannot do more at once anyway."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long things may take, in seconds."""

    connect: float = 10.0
    quick: float = 30.0
    """What takes milliseconds when all is well."""
    long: float = 3600.0
    """Copies of volumes, and waiting for backups."""
    agent: float = 10.0
    """An answer of the guest agent; freezing included."""
    patience: float = 10.0
    """After so long without an answer, the daemon is asked whether it is still there, and again each time."""
    pulse: float = 5.0
    """How long the daemon may take to say so."""
    keepalive_interval: int = 5
    keepalive_count: int = 3


class LibvirtFailed(HypervisorFailed):
    """libvirt refused or failed; `code` is its error code (VIR_ERR_…)."""

    def __init__(self, target: str, cause: str, code: int) -> None:
        super().__init__(target, cause)
        self.code = code


class Stopwatch:
    """Time left until a deadline."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds

    @property
    def left(self) -> float:
        """Seconds left; never negative."""
        return max(0.0, self._end - time.monotonic())


@dataclass(slots=True)
class _Lane:
    """One connection, and how many calls it carries."""

    handle: Handle
    busy: int = 0

    def is_usable(self) -> bool:
        return self.busy < CALLS_PER_LANE and _is_alive(self.handle)


@dataclass(frozen=True, slots=True)
class _Attempt:
    """Opening one more lane, and how much longer that may take."""

    future: Future[None]
    watch: Stopwatch


class Connection:
    """A host's daemon, connected to when it is asked something, and again after it was lost.

    Several connections ("lanes") carry the calls, because a daemon that is busy with a few calls of one client does
    not read what that client sends next. One more, for nothing but the question whether it is still there ("pulse"),
    tells a slow call from a dead host.
    """

    def __init__(self, host: str, uri: str, deadlines: Deadlines | None = None) -> None:
        self.host = host
        self.uri = uri
        self.deadlines = deadlines or Deadlines()
        self._workers = Workers()
        self._changed = threading.Condition()
        self._lanes: list[_Lane] = []
        self._opening: _Attempt | None = None
        self._pulse: Future[None] | None = None
        self._pulse_handle: Handle = None

    def call(self, target: str, what: str, function: Callable[[Handle], T], *, seconds: float | None = None) -> T:
        """Call `function` with a connection, on another thread; wait for it no longer than `seconds`.

        The function should change at most one thing: abandoned at the deadline, it may still go on when the daemon
        comes back. Raises HostUnreachable, DeadlineExceeded, PoolFull, LibvirtFailed.
        """
        watch = Stopwatch(self.deadlines.quick if seconds is None else seconds)
        lane = self._take_lane(target, what, watch)
        future = self._workers.submit(partial(self._carry, lane, function))
        try:
            return self._wait(future, target, what, watch)
        except libvirt.libvirtError as error:
            raise self._translated(error, lane, target) from error

    def open_another(self) -> Handle:
        """A connection that the caller owns, for events. Raises HostUnreachable."""
        future = self._workers.submit(self._open)
        try:
            return future.result(self.deadlines.connect)
        except FutureTimeout:
            future.add_done_callback(self._close_unwanted)
            raise HostUnreachable(self.host, self._no_answer(self.deadlines.connect)) from None
        except libvirt.libvirtError as error:
            raise HostUnreachable(self.host, str(error)) from error

    def run(self, what: str, handle: Handle, function: Callable[[Handle], T]) -> T:
        """Call `function` with a connection of the caller's, with the same care. Raises HostUnreachable."""
        watch = Stopwatch(self.deadlines.quick)
        try:
            return self._wait(self._workers.submit(partial(function, handle)), self.host, what, watch)
        except (libvirt.libvirtError, DeadlineExceeded) as error:
            self.release(handle)
            raise HostUnreachable(self.host, str(error)) from error

    def release(self, handle: Handle) -> None:
        """Close a connection without waiting for the daemon to take notice."""
        self._workers.submit(partial(_close, handle))

    def close(self) -> None:
        """Let go of all connections. Harmless twice."""
        with self._changed:
            handles = [lane.handle for lane in self._lanes]
            self._lanes.clear()
            if self._pulse_handle is not None:
                handles.append(self._pulse_handle)
                self._pulse_handle = None
        closing = [self._workers.submit(partial(_close, handle)) for handle in handles]
        watch = Stopwatch(1.0)
        for future in closing:
            with contextlib.suppress(FutureTimeout):
                future.result(watch.left)
        self._workers.close()

    # lanes

    def _take_lane(self, target: str, what: str, watch: Stopwatch) -> _Lane:
        while True:
            with self._changed:
                self._lanes = [lane for lane in self._lanes if self._is_kept(lane)]
                lane = next((each for each in self._lanes if each.is_usable()), None)
                if lane is not None:
                    lane.busy += 1
                    return lane
                if len(self._lanes) >= LANES:
                    if not self._changed.wait(watch.left):
                        raise DeadlineExceeded(target, f"{what}, waiting for host {self.host}", watch.seconds)
                    continue
            self._open_lane(watch)

    def _is_kept(self, lane: _Lane) -> bool:
        if _is_alive(lane.handle):
            return True
        self.release(lane.handle)
        return False

    def _open_lane(self, watch: Stopwatch) -> None:
        """Open one more; all who want one wait for the same attempt, so a dead host holds one thread, not many."""
        with self._changed:
            attempt = self._opening
            if attempt is None or attempt.future.done():
                if len(self._lanes) >= LANES:
                    return
                attempt = self._opening = _Attempt(
                    self._workers.submit(self._open_into_lane), Stopwatch(self.deadlines.connect)
                )
        seconds = min(max(attempt.watch.left, self.deadlines.connect / 10), watch.left)
        try:
            attempt.future.result(seconds)
        except FutureTimeout:
            raise HostUnreachable(self.host, self._no_answer(self.deadlines.connect)) from None
        except libvirt.libvirtError as error:
            raise HostUnreachable(self.host, str(error)) from error

    def _open_into_lane(self) -> None:
        handle = self._open()
        with self._changed:
            self._lanes.append(_Lane(handle))
            self._changed.notify_all()

    def _open(self) -> Handle:
        _start_event_loop()
        handle = libvirt.open(without_questions(self.uri))
        try:
            handle.setKeepAlive(self.deadlines.keepalive_interval, self.deadlines.keepalive_count)
        except libvirt.libvirtError as error:
            # libvirt's test driver lives in this process: there is nothing to keep alive.
            if code_of(error) != libvirt.VIR_ERR_NO_SUPPORT:
                raise
        return handle

    def _close_unwanted(self, opening: Future[Handle]) -> None:
        if opening.exception() is None:
            self.release(opening.result())

    def _carry(self, lane: _Lane, function: Callable[[Handle], T]) -> T:
        _last_error.found = None
        try:
            return function(lane.handle)
        except libvirt.libvirtError as error:
            code_of(error)
            raise
        finally:
            with self._changed:
                lane.busy -= 1
                self._changed.notify()

    def _drop_lanes(self) -> None:
        with self._changed:
            dropped, self._lanes = self._lanes, []
        for lane in dropped:
            self.release(lane.handle)

    # waiting

    def _wait(self, future: Future[T], target: str, what: str, watch: Stopwatch) -> T:
        while True:
            try:
                return future.result(min(self.deadlines.patience, watch.left))
            except FutureTimeout:
                # The function's own TimeoutError looks the same, but then the Future is done.
                if future.done():
                    return future.result()
            if not self._is_there():
                self._drop_lanes()
                raise HostUnreachable(self.host, self._no_answer(self.deadlines.pulse))
            if not watch.left and not future.done():
                raise DeadlineExceeded(target, what, watch.seconds)

    def _is_there(self) -> bool:
        """Whether the daemon answers a trivial question; all who wonder wait for the same answer."""
        with self._changed:
            if self._pulse is None or self._pulse.done():
                self._pulse = self._workers.submit(self._feel_pulse)
            pulse = self._pulse
        try:
            pulse.result(self.deadlines.pulse)
        except (FutureTimeout, libvirt.libvirtError):
            return False
        return True

    def _feel_pulse(self) -> None:
        if self._pulse_handle is None or not _is_alive(self._pulse_handle):
            self._pulse_handle = self._open()
        self._pulse_handle.getLibVersion()

    # errors

    def _translated(self, error: libvirt.libvirtError, lane: _Lane, target: str) -> FleetError:
        code, message = code_of(error), str(error.get_error_message() or error)
        if not _is_alive(lane.handle) or code in (libvirt.VIR_ERR_NO_CONNECT, libvirt.VIR_ERR_INVALID_CONN):
            return HostUnreachable(self.host, message)
        if "No space left on device" in message:
            return PoolFull(target, message)
        return LibvirtFailed(target, message, code)

    def _no_answer(self, seconds: float) -> str:
        return f"libvirt at {self.uri} did not answer within {seconds:g} s"


def without_questions(uri: str) -> str:
    """The URI, such that SSH asks nobody for a password: nobody may be there. https://libvirt.org/uri.html"""
    parts = urlsplit(uri)
    if not parts.scheme.endswith("+ssh") or "no_tty" in dict(parse_qsl(parts.query)):
        return uri
    return f"{uri}{'&' if parts.query else '?'}no_tty=1"


def agent_command(domain: Handle, command: str, seconds: int) -> str:
    """Send a command to the guest agent, and wait that long for its answer."""
    return str(libvirt_qemu.qemuAgentCommand(domain, command, seconds, 0))


def code_of(error: libvirt.libvirtError) -> int:
    """libvirt's error code (VIR_ERR_…), asked on the thread where the error was raised.

    libvirt-python fetches the error after the call. Should Python free an object of libvirt's in between, or while the
    error is fetched (its garbage collection runs when it likes), that resets the error, and the exception says nothing,
    or holds an error without code and message; the error handler knows.
    """
    if error.err is None or not error.get_error_code():
        error.err = _last_error.found
    return int(error.get_error_code() or 0)


def _is_alive(handle: Handle) -> bool:
    """Whether a connection can still be used. One that was closed meanwhile does not say no: asking it is an error."""
    try:
        return bool(handle.isAlive())
    except libvirt.libvirtError:
        return False


def _close(handle: Handle) -> None:
    # Errors are of no use here: the connection is given up either way.
    with contextlib.suppress(libvirt.libvirtError):
        handle.close()


class _LastError(threading.local):
    """What libvirt last reported on this thread."""

    found: tuple[Any, ...] | None = None


_last_error = _LastError()


def _remember(_context: object, error: tuple[Any, ...]) -> None:
    """libvirt's error handler. Without one, libvirt prints every error to stderr besides raising it."""
    _last_error.found = error


_event_loop = threading.Lock()
_event_loop_runs = False


def _start_event_loop() -> None:
    """Run libvirt's default event loop on a thread of its own, once in a process, before any connection is opened.

    Keepalive and events need it. https://libvirt.org/html/libvirt-libvirt-event.html
    """
    global _event_loop_runs
    with _event_loop:
        if _event_loop_runs:
            return
        libvirt.registerErrorHandler(_remember, None)
        libvirt.virEventRegisterDefaultImpl()
        threading.Thread(target=_run_event_loop, name="libvirt events", daemon=True).start()
        _event_loop_runs = True


def _run_event_loop() -> None:
    while True:
        libvirt.virEventRunDefaultImpl()
