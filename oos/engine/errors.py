"""What can go wrong around driving executions; each names the execution."""

from __future__ import annotations

from oos.journal.port import OwnedElsewhere

__all__ = ["EngineError", "EngineStopped", "ExecutionAbsent", "OwnedElsewhere", "TokenTaken"]


class EngineError(Exception):
    """Driving an execution is not possible."""


class ExecutionAbsent(EngineError):
    """There is no such execution."""

    def __init__(self, execution_id: str) -> None:
        super().__init__(f"there is no execution {execution_id}")
        self.execution_id = execution_id


class TokenTaken(EngineError):
    """A client token that started an execution is given again, and another one is asked for."""

    def __init__(self, execution_id: str, difference: str) -> None:
        super().__init__(f"the client token started {execution_id} before, {difference}")
        self.execution_id = execution_id


class EngineStopped(EngineError):
    """The engine has stopped, because its journal failed or by request; what was in flight is resumable."""
