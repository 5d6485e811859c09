"""The session and its app: the order in which things are asked for does not matter."""

from __future__ import annotations

from pathlib import Path

from oos.app.app import App
from oos.app.settings import load_settings
from oos.engine.ports import StartRequest
from oos.execution.events import AnyEvent
from oos.execution.model import Execution

NOTHING = """\
FormatVersion: OOS-2019-06-01
Tasks:
  - Name: nap
    Action: ACS::Sleep
    Properties: {Duration: 1S}
"""


class _Heard:
    """Remembers which events it was told of."""

    def __init__(self) -> None:
        self.events: list[str] = []

    def happened(self, _execution: Execution, event: AnyEvent) -> None:
        self.events.append(type(event).__name__)

    def progressed(self, _execution: Execution, _task: str, _item: int, _message: str) -> None:
        """Progress is of no interest here."""


def test_a_watcher_hears_of_everything_though_the_engine_was_there_before(tmp_path: Path) -> None:
    app = App(load_settings({"state_dir": str(tmp_path)}, {"HOME": str(tmp_path)}, tmp_path))
    engine = app.engine
    app.watcher = heard = _Heard()
    checked = app.template_cache.checked(NOTHING, "nap.yml")
    id_ = engine.start(StartRequest(checked, {}, by="ada", region="local"))
    assert engine.wait(id_, 30) is not None
    app.close()
    assert heard.events == [
        "ExecutionStarted",
        "TaskStarted",
        "TaskWaiting",
        "TaskSucceeded",
        "ExecutionFinished",
    ]
