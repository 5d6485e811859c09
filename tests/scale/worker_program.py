"""`oos worker`, knowing the counting service alone: `python -m tests.scale.worker_program`, settings in OOS_*."""

from __future__ import annotations

import logging
import signal
import sys
from functools import cached_property

from oos.app.app import App
from oos.app.settings import load_settings
from oos.app.worker import Worker
from oos.service.catalog import Catalog
from tests.scale.counting import MODULE


class CountingApp(App):
    """An app that knows the counting service alone."""

    @cached_property
    def catalog(self) -> Catalog:
        return Catalog([MODULE])


def main() -> int:
    """Work until stopped."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("procrastinate").setLevel(logging.WARNING)
    app = CountingApp(load_settings({}))
    worker = Worker(app, lambda text: print(text, flush=True))
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    print("working", flush=True)
    drained = worker.run(10)
    app.close()
    return 0 if drained else 9


if __name__ == "__main__":
    sys.exit(main())
