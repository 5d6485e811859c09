"""Forks the command line, ready to run: `python -m tests.crash.zygote` has imported all of it, once for many processes.

It reads a request a line (JSON), forks, and tells the process id, then the exit code: below zero the signal of which
the process died. Each is a process of its own, with one thread, and nothing that was opened before.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from oos.adapters import sql
from tests.crash.mortal_program import mortal

NEEDED = (
    "oos.cli.run oos.cli.execution_control oos.cli.follow.carry_out oos.app.app oos.app.orchestration oos.engine.engine"
    " oos.adapters.memory.hypervisor oos.adapters.sql oos.adapters.anchor oos.adapters.sealing oos.adapters.messenger"
    " oos.adapters.happenings oos.app.guards oos.app.reading"
)


def child(asked: Mapping[str, Any]) -> int:
    """Be the command line that was asked for; its exit code."""
    from oos.cli.main import main

    os.chdir(asked["folder"])
    os.environ.clear()
    os.environ.update(asked["environment"])
    for number, name in ((0, os.devnull), (1, "out"), (2, "err")):
        descriptor = os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(descriptor, number)
        os.close(descriptor)
    journal: Any = mortal(asked["write"], asked["how"])
    sql.SqlJournal = journal  # type: ignore[misc]  # what the app opens
    sys.argv = ["oos", *asked["arguments"]]
    try:
        return main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    finally:
        Path(asked["folder"], "writes").write_text(str(journal.writes))


def serve() -> None:
    """Fork for each request until there are no more."""
    for name in NEEDED.split():
        __import__(name)
    from oos.service.catalog import installed_modules

    installed_modules()
    gc.freeze()
    for line in sys.stdin:
        asked = json.loads(line)
        sys.stdout.flush()
        pid = os.fork()
        if not pid:
            code = 1
            try:
                code = child(asked)
            except BaseException:  # noqa: BLE001 (told, and ended; never back into the loop above)
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        print(pid, flush=True)
        _, status = os.waitpid(pid, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


if __name__ == "__main__":
    serve()
