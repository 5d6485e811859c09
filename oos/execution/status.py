"""Statuses, modes and waiting reasons of executions and tasks (spec 6.1, 6.2)."""

from __future__ import annotations

from enum import StrEnum


class Status(StrEnum):
    """Of an execution or a task execution."""

    STARTED = "Started"
    QUEUED = "Queued"
    RUNNING = "Running"
    WAITING = "Waiting"
    SUCCESS = "Success"
    FAILED = "Failed"
    CANCELLED = "Cancelled"
    SKIPPED = "Skipped"
    PENDING = "Pending"

    @property
    def final(self) -> bool:
        """Whether nothing follows."""
        return self in _FINAL


_FINAL = frozenset({Status.SUCCESS, Status.FAILED, Status.CANCELLED, Status.SKIPPED})


class Mode(StrEnum):
    """How an execution goes on after each task, and after a failure."""

    AUTOMATIC = "Automatic"
    FAILURE_PAUSE = "FailurePause"
    DEBUG = "Debug"


class LoopMode(StrEnum):
    """Whether loops pause between batches, set from outside the template."""

    AUTOMATIC = "Automatic"
    FIRST_BATCH_PAUSE = "FirstBatchPause"
    EVERY_BATCH_PAUSE = "EveryBatchPause"


class SafetyCheck(StrEnum):
    """Whether a person confirms each high-risk operation."""

    CONFIRM = "ConfirmEveryHighRiskAction"
    SKIP = "Skip"


class WaitReason(StrEnum):
    """What a task waits for; shown as `WaitingStatus`."""

    SLEEP = "Sleep"
    RETRY = "Retry"
    APPROVAL = "Approval"
    PAUSE = "Pause"
    HIGH_RISK = "HighRiskConfirmation"
    BATCH = "BatchPause"
    FAILURE = "FailurePause"
    DEBUG = "DebugStep"
    INTERRUPTED = "Interrupted"
    """Its call started, has no outcome, and nothing can tell whether the effect took place: a person decides."""
    DEAD_LETTER = "DeadLetter"
    """Whoever drove it died, again and again, and it came no further: a person decides."""
    TRIGGER = "Trigger"
    """It is armed, and waits for its next firing."""

    @property
    def needs_person(self) -> bool:
        """Whether only a notification ends it; time alone ends the others."""
        return self not in (WaitReason.SLEEP, WaitReason.RETRY, WaitReason.TRIGGER)


class NotifyType(StrEnum):
    """What a person tells an execution (spec 6.3)."""

    APPROVE = "Approve"
    REJECT = "Reject"
    EXECUTE_TASK = "ExecuteTask"
    CANCEL_TASK = "CancelTask"
    COMPLETE_EXECUTION = "CompleteExecution"
    RETRY_TASK = "RetryTask"
    SKIP_TASK = "SkipTask"


END = "ACS::END"
"""Jump target: the execution ends."""
NEXT = "ACS::NEXT"
"""Jump target: the task that follows in the text."""
