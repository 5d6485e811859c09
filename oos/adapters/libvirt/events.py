"""Events of a host, from libvirt's event loop to a listener. https://libvirt.org/html/libvirt-libvirt-domain.html"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Final

from oos.adapters.libvirt.connection import Connection, Handle, libvirt
from oos.fleet.errors import HostUnreachable
from oos.fleet.instance import InstanceEvent
from oos.values.identifiers import instance_id

RECONNECT_SECONDS: Final = 2.0

_KINDS: Final = {
    libvirt.VIR_DOMAIN_EVENT_DEFINED: "Defined",
    libvirt.VIR_DOMAIN_EVENT_UNDEFINED: "Undefined",
    libvirt.VIR_DOMAIN_EVENT_STARTED: "Started",
    libvirt.VIR_DOMAIN_EVENT_SUSPENDED: "Suspended",
    libvirt.VIR_DOMAIN_EVENT_RESUMED: "Resumed",
    libvirt.VIR_DOMAIN_EVENT_STOPPED: "Stopped",
    libvirt.VIR_DOMAIN_EVENT_SHUTDOWN: "Shutdown",
    libvirt.VIR_DOMAIN_EVENT_PMSUSPENDED: "Suspended",
    libvirt.VIR_DOMAIN_EVENT_CRASHED: "Crashed",
}

_STOPPED: Final = {
    libvirt.VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN: "shutdown",
    libvirt.VIR_DOMAIN_EVENT_STOPPED_DESTROYED: "destroyed",
    libvirt.VIR_DOMAIN_EVENT_STOPPED_CRASHED: "crashed",
    libvirt.VIR_DOMAIN_EVENT_STOPPED_SAVED: "saved",
    libvirt.VIR_DOMAIN_EVENT_STOPPED_FAILED: "failed",
}


_HANDOVER: Final = {
    (libvirt.VIR_DOMAIN_EVENT_STARTED, libvirt.VIR_DOMAIN_EVENT_STARTED_MIGRATED),
    (libvirt.VIR_DOMAIN_EVENT_SUSPENDED, libvirt.VIR_DOMAIN_EVENT_SUSPENDED_MIGRATED),
    (libvirt.VIR_DOMAIN_EVENT_STOPPED, libvirt.VIR_DOMAIN_EVENT_STOPPED_MIGRATED),
}
"""Steps of a move to another host, in which the guest neither starts nor stops."""
_MOVED: Final = (libvirt.VIR_DOMAIN_EVENT_RESUMED, libvirt.VIR_DOMAIN_EVENT_RESUMED_MIGRATED)


class Watch:
    """One listener, on a connection and a thread of its own; reconnects until it is closed.

    libvirt's event loop must never wait, so events pass through a queue.
    """

    def __init__(self, connection: Connection, listener: Callable[[InstanceEvent], None]) -> None:
        """Raises HostUnreachable when there is nothing to watch now; later losses are mended in silence."""
        self._connection = connection
        self._listener = listener
        self._events: queue.SimpleQueue[InstanceEvent | None] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._lost = threading.Event()
        self._handle = self._subscribe()
        threading.Thread(target=self._deliver, name=f"events of {connection.host}", daemon=True).start()
        threading.Thread(target=self._stay_connected, name=f"watch of {connection.host}", daemon=True).start()

    def close(self) -> None:
        """Stop calling back. Harmless twice."""
        if not self._closed.is_set():
            self._closed.set()
            self._lost.set()
            self._events.put(None)

    def _subscribe(self) -> Handle:
        handle = self._connection.open_another()

        def register(conn: Handle) -> None:
            conn.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_LIFECYCLE, self._on_lifecycle, None)
            conn.domainEventRegisterAny(None, libvirt.VIR_DOMAIN_EVENT_ID_REBOOT, self._on_reboot, None)
            conn.registerCloseCallback(self._on_close, None)

        self._connection.run("subscribing to events", handle, register)
        return handle

    def _on_lifecycle(self, _conn: Handle, domain: Handle, event: int, detail: int, _opaque: object) -> None:
        if (event, detail) in _HANDOVER:
            return
        kind = "Moved" if (event, detail) == _MOVED else _KINDS.get(event, "Changed")
        why = _STOPPED.get(detail, "") if event == libvirt.VIR_DOMAIN_EVENT_STOPPED else ""
        self._put(domain, kind, why)

    def _on_reboot(self, _conn: Handle, domain: Handle, _opaque: object) -> None:
        self._put(domain, "Rebooted", "")

    def _put(self, domain: Handle, kind: str, detail: str) -> None:
        if not self._closed.is_set():
            self._events.put(InstanceEvent(instance_id(domain.UUIDString()), domain.name(), kind, detail))

    def _on_close(self, _conn: Handle, _reason: int, _opaque: object) -> None:
        self._lost.set()

    def _deliver(self) -> None:
        while (event := self._events.get()) is not None and not self._closed.is_set():
            self._listener(event)

    def _stay_connected(self) -> None:
        while True:
            self._lost.wait()
            if self._handle is not None:
                self._connection.release(self._handle)
            self._handle = None
            if self._closed.is_set():
                return
            self._lost.clear()
            while self._handle is None and not self._closed.is_set():
                with contextlib.suppress(HostUnreachable):
                    self._handle = self._subscribe()
                if self._handle is None:
                    self._closed.wait(RECONNECT_SECONDS)
