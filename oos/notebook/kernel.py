"""A live kernel: runs the cells of one notebook one by one, on a thread of its own, and outlives none of its callers.

Blocking for those who call. What a cell prints beyond a limit goes to a file beside the notebook.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import json
import os
import tempfile
import threading
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

OUTPUT_LIMIT: Final = 1 << 20
"""Bytes of output of a cell that stay in the notebook."""
LOOK_SECONDS: Final = 0.2


class KernelDied(Exception):
    """The kernel ended while a cell ran."""


class CellFailed(Exception):
    """A cell raised an exception; the message is that exception in a line."""


class CellLate(Exception):
    """A cell took longer than it may."""


@dataclass(slots=True)
class _Overflow:
    """What did not fit into the notebook."""

    path: Path
    kept: int = 0
    left: int = 0


class _Client(NotebookClient):
    """A client that keeps large output out of the notebook."""

    overflow: _Overflow | None = None

    def output(
        self, outs: list[NotebookNode], msg: dict[str, Any], display_id: str | None, cell_index: int
    ) -> NotebookNode | None:
        over = self.overflow
        size = _size_of(msg["content"])
        if over is None or over.kept + size <= OUTPUT_LIMIT:
            if over is not None:
                over.kept += size
            return super().output(outs, msg, display_id, cell_index)
        with over.path.open("a" if over.left else "w", encoding="utf-8") as stream:
            content = msg["content"]
            stream.write(content["text"] if "text" in content else json.dumps(content, ensure_ascii=False) + "\n")
        over.left += size
        return None


def _node(content: Mapping[str, Any]) -> NotebookNode:
    made: Any = NotebookNode  # it has no types
    node: NotebookNode = made(content)
    return node


def _size_of(content: Mapping[str, Any]) -> int:
    if "text" in content:
        return len(content["text"].encode())
    return len(json.dumps(content.get("data", content)))


@dataclass(slots=True)
class LiveKernel:
    """A kernel that runs; every method may be called from any thread, one at a time."""

    environment: Mapping[str, str]
    directory: Path
    name: str = "python3"
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _client: _Client | None = None
    _sockets: tempfile.TemporaryDirectory[str] = field(
        default_factory=lambda: tempfile.TemporaryDirectory(prefix="oos-", ignore_cleanup_errors=True)
    )

    def start(self) -> None:
        """Start it. Raises whatever keeps it from starting."""
        threading.Thread(target=self._loop.run_forever, name="oos-kernel", daemon=True).start()
        self._call(self._start())

    def run(
        self,
        cell: Mapping[str, Any],
        number: int,
        overflow: Path,
        cancelled: threading.Event,
        seconds: int | None = None,
    ) -> dict[str, Any]:
        """The cell with its outputs. Raises CellFailed, CellLate, KernelDied; the outputs so far are then in `cell`."""
        client = self._ready()
        node = _node(cell)
        node["metadata"] = _node(cell.get("metadata", {}))
        node["outputs"] = []
        client.nb["cells"] = [_node({"cell_type": "markdown", "source": "", "metadata": {}})] * number + [node]
        over = client.overflow = _Overflow(overflow)
        client.timeout = seconds
        try:
            self._call(client.async_execute_cell(node, number), cancelled)
        except CellExecutionError as error:
            raise CellFailed(f"{error.ename}: {error.evalue}") from None
        except CellTimeoutError as error:
            raise CellLate(str(error).split("\n", 1)[0]) from None
        except (DeadKernelError, RuntimeError) as error:
            raise KernelDied(str(error) or "the kernel died") from None
        finally:
            outputs = [dict(each) for each in node["outputs"]]
            if over.left:
                words = f"… {over.left:,} more bytes of output are in {over.path.name}\n"
                outputs.append({"output_type": "stream", "name": "stderr", "text": words})
            if isinstance(cell, dict):
                cell["outputs"] = outputs
                cell["execution_count"] = node.get("execution_count")
        return dict(cell)

    def tell(self, code: str) -> None:
        """Have the kernel do something that leaves no trace in the notebook. Raises KernelDied."""
        talk: Any = self._ready().kc  # nbclient's own client is an asynchronous one, its type says otherwise
        try:
            self._call(talk.execute_interactive(code, silent=True, store_history=False, timeout=60))
        except (RuntimeError, TimeoutError) as error:
            raise KernelDied(str(error)) from None

    def close(self) -> None:
        """End it. Harmless twice."""
        client, self._client = self._client, None
        if client is not None:
            self._call(client._async_cleanup_kernel())
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._sockets.cleanup()

    async def _start(self) -> None:
        client = _Client(_node({"cells": [], "metadata": _node({})}), kernel_name=self.name)
        manager: Any = client.create_kernel_manager()
        # Sockets in a folder of our own: no other user of this host can reach them.
        manager.transport, manager.ip = "ipc", f"{self._sockets.name}/kernel"
        await client.async_start_new_kernel(env={**os.environ, **self.environment}, cwd=str(self.directory))
        await client.async_start_new_kernel_client()
        self._client = client

    def _ready(self) -> _Client:
        if self._client is None:
            raise KernelDied("the kernel was closed")
        return self._client

    def _call(self, work: Coroutine[Any, Any, Any], cancelled: threading.Event | None = None) -> Any:
        """The result of work on the kernel's thread; a cancellation interrupts the cell, as Ctrl-C does."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        interrupted = False
        while True:
            try:
                return future.result(LOOK_SECONDS)
            except concurrent.futures.TimeoutError:
                if future.done():
                    raise
                if cancelled is not None and cancelled.is_set() and not interrupted:
                    interrupted = True
                    self._interrupt()

    def _interrupt(self) -> None:
        manager: Any = self._client.km if self._client is not None else None
        if manager is not None:
            asyncio.run_coroutine_threadsafe(manager.interrupt_kernel(), self._loop)
