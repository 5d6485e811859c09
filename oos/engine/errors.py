"""What can go wrong around driving executions; each names the execution."""

from __future__ import annotations


class EngineError(Exception):
    """Driving an execution is not possible."""


class OwnedElsewhere(EngineError):
    """Another living process drives this execution."""

    def __init__(self, execution_id: str, holder: str = "") -> None:
        by = f" by {holder}" if holder else ""
        super().__init__(f"{execution_id} is driven elsewhere{by}")
        self.execution_id = execution_id


class ExecutionAbsent(EngineError):
    """There is no such execution."""

    def __init__(self, execution_id: str) -> None:
        super().__init__(f"there is no execution {execution_id}")
        self.execution_id = execution_id


class EngineStopped(EngineError):
    """The engine has stopped, because its journal failed or by request; what was in flight is resumable."""
