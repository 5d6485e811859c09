"""An execution can be read as a story, and carried elsewhere."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from oos.adapters.memory_journal import MemoryJournal
from oos.audit.reading import export_document, export_lines, happenings
from oos.audit.story import Happening, LineKind, StoryLine, story
from oos.execution.events import (
    AnyEvent,
    BatchStarted,
    CancelRequested,
    ExecutionFinished,
    ExecutionResumed,
    LoopStarted,
    Notified,
    TaskCancelled,
    TaskEvent,
    TaskFailed,
    TaskResumed,
    TaskSkipped,
    TaskStarted,
    TaskSucceeded,
    TaskWaiting,
)
from oos.execution.status import NotifyType, Status, WaitReason
from oos.journal.chain import verify_chain
from oos.journal.codec import INLINE_BYTES
from oos.journal.port import Batch, Entry, JournalFailed
from oos.values.secret import MASK, Secret

from .samples import ONE, TEMPLATE, TEMPLATE_HASH, a_run, at, codec, keep, started

CHILD = f"{ONE}.t0001"
CANARY = "canary-5d1e"


def told(*events: AnyEvent, id_: str = ONE, **given: Any) -> tuple[StoryLine, ...]:
    return story([Happening(id_, number, event) for number, event in enumerate(events, 1)], **given)


def shown(lines: Sequence[StoryLine]) -> list[str]:
    return ["  " * line.depth + " ".join(filter(None, (line.path, line.text))) for line in lines]


def test_a_plain_execution_reads_from_start_to_end() -> None:
    lines = told(*a_run(ONE, description="nightly"))
    assert shown(lines) == [
        "snapshot-rotation started (nightly)",
        "look starts",
        "look done",
        "copy starts",
        "copy done",
        "Success",
    ]
    assert [line.took for line in lines if line.took] == [timedelta(seconds=s) for s in (1, 6, 10)]
    assert lines[4].observed == {"id": "s-1"}
    assert lines[0].by == "ada"
    assert [line.sequence for line in lines] == [1, 2, 3, 4, 5, 6]


def test_a_task_says_what_it_was_asked_where_that_is_known() -> None:
    lines = told(*a_run(ONE), describe=lambda start, task: f"ECS.CreateSnapshot for {task} of {start.template_name}")
    assert lines[3].text == "starts: ECS.CreateSnapshot for copy of snapshot-rotation"


def test_an_approval_names_who_gave_it_and_how_long_it_took() -> None:
    lines = told(
        started(ONE),
        TaskWaiting(at=at(1), task="ask", reason=WaitReason.APPROVAL, until=at(3600), note="delete 3 disks?"),
        Notified(at=at(61), type=NotifyType.APPROVE, by="eve", note="checked"),
        TaskSucceeded(at=at(61), task="ask"),
    )
    assert shown(lines)[1:] == [
        "ask waits: Approval until 2026-03-01T13:00:00Z (delete 3 disks?)",
        "Approve (checked)",
        "ask done",
    ]
    assert [line.by for line in lines] == ["ada", "", "eve", "eve"]
    assert lines[3].took == timedelta(seconds=60)


def test_an_approval_of_several_names_them_all() -> None:
    lines = told(
        started(ONE),
        TaskWaiting(at=at(1), task="ask", reason=WaitReason.APPROVAL),
        Notified(at=at(2), type=NotifyType.APPROVE, by="eve"),
        Notified(at=at(3), type=NotifyType.APPROVE, by="bob"),
        TaskSucceeded(at=at(3), task="ask"),
    )
    assert lines[-1].by == "eve, bob"


class LampLit(TaskEvent, frozen=True, kw_only=True, tag=True):
    """An event that a later version may have."""

    by: str
    colour: str = "red"
    note: str = ""
    key: Any = None


def test_an_event_that_has_no_words_yet_is_told_by_its_name() -> None:
    lit: Any = LampLit(at=at(1), task="hall", item=2, by="eve", colour="green", key=Secret(CANARY))
    (line,) = told(lit)
    assert shown([line]) == ["hall[2] lamp lit"]
    assert line.by == "eve"
    assert line.observed == {"colour": "green", "key": MASK}


def test_a_confirmed_risk_names_who_confirmed_it_once() -> None:
    lines = told(
        started(ONE),
        TaskWaiting(at=at(1), task="drop", reason=WaitReason.HIGH_RISK, note="ECS.DeleteInstance"),
        Notified(at=at(2), type=NotifyType.APPROVE, by="eve", task="drop"),
        TaskResumed(at=at(2), task="drop", why="confirmed by eve"),
        TaskStarted(at=at(2), task="drop"),
        TaskFailed(at=at(5), task="drop", code="Protected", message="i-1 is protected"),
        ExecutionFinished(at=at(5), status=Status.FAILED, code="Protected", message="task drop: i-1 is protected"),
    )
    assert shown(lines)[3:] == [
        "drop confirmed by eve",
        "drop starts",
        "drop Protected: i-1 is protected",
        "Failed: Protected: task drop: i-1 is protected",
    ]
    assert [line.by for line in lines[3:]] == ["eve", "", "", ""]
    assert lines[5].kind is LineKind.FAILED
    assert lines[5].took == timedelta(seconds=4)


def test_a_loop_tells_of_each_item() -> None:
    lines = told(
        started(ONE),
        LoopStarted(at=at(1), task="copy", items=["d-1", "d-2", "d-3"], rate_control={}),
        TaskStarted(at=at(2), task="copy", item=0),
        TaskStarted(at=at(2), task="copy", item=1),
        TaskSucceeded(at=at(4), task="copy", item=1, outputs={"id": "s-2"}),
        TaskFailed(at=at(5), task="copy", item=0, code="NoSpace", message="the pool is full"),
        BatchStarted(at=at(6), task="copy", batch=1),
        TaskSkipped(at=at(6), task="copy", item=2, reason="too many errors"),
        TaskSucceeded(at=at(7), task="copy"),
    )
    assert shown(lines)[1:] == [
        "copy loops over 3 items",
        "copy[0] starts",
        "copy[1] starts",
        "copy[1] done",
        "copy[0] NoSpace: the pool is full",
        "copy begins batch 2",
        "copy[2] too many errors",
        "copy done",
    ]
    assert [line.took.total_seconds() if line.took else None for line in lines[4:]] == [2, 3, None, None, 6]


def test_waits_cancels_and_takeovers_are_told() -> None:
    lines = told(
        started(ONE),
        TaskStarted(at=at(1), task="wait"),
        TaskWaiting(at=at(2), task="wait", reason=WaitReason.RETRY, until=at(9), polls=1, observed={"Status": "x"}),
        ExecutionResumed(at=at(5), by="ada", process="web:77"),
        TaskStarted(at=at(9), task="wait", attempt=1),
        CancelRequested(at=at(10), by="eve", reason="wrong host"),
        TaskCancelled(at=at(11), task="wait"),
        ExecutionFinished(at=at(11), status=Status.CANCELLED),
    )
    assert shown(lines)[1:] == [
        "wait starts",
        "wait waits: Retry until 2026-03-01T12:00:09Z, looked 1 time",
        "taken over after its driver had died (web:77)",
        "wait starts again, attempt 2",
        "asks to cancel (wrong host)",
        "wait cancelled",
        "Cancelled",
    ]
    assert lines[2].observed == {"Status": "x"}
    assert lines[6].took == timedelta(seconds=10)


def test_child_executions_stand_below_the_task_that_started_them() -> None:
    journal = MemoryJournal()
    keep(
        journal,
        ONE,
        [
            started(ONE),
            LoopStarted(at=at(1), task="stop", items=["a", "b"], rate_control={}),
            TaskStarted(at=at(1), task="stop", item=0),
            TaskStarted(at=at(1), task="stop", item=1),
            TaskSucceeded(at=at(8), task="stop", item=1),
            TaskSucceeded(at=at(9), task="stop", item=0),
        ],
    )
    for item in (0, 1):
        id_ = f"{CHILD}.000{item}"
        keep(journal, id_, [started(id_, parent_id=ONE, parent_task="stop", parent_item=item, template_name="Stop")])
    deeper = f"{CHILD}.0001.t0001"
    keep(journal, deeper, [started(deeper, parent_id=f"{CHILD}.0001", parent_task="x", template_name="Deeper")])
    assert shown(story(happenings(journal, codec(), ONE))) == [
        "snapshot-rotation started",
        "stop loops over 2 items",
        "stop[0] starts",
        f"  Stop started for task stop[0] of {ONE}",
        "stop[1] starts",
        f"  Stop started for task stop[1] of {ONE}",
        f"    Deeper started for task x of {CHILD}.0001",
        "stop[1] done",
        "stop[0] done",
    ]


def test_a_child_can_be_read_alone() -> None:
    journal = MemoryJournal()
    keep(journal, ONE, a_run(ONE))
    keep(journal, CHILD, a_run(CHILD, parent_id=ONE, parent_task="look"))
    assert {line.execution_id for line in story(happenings(journal, codec(), CHILD))} == {CHILD}


def test_no_secret_is_told() -> None:
    lines = told(
        started(ONE, parameters={"password": Secret(CANARY), "deep": [{"key": Secret(CANARY)}]}),
        LoopStarted(at=at(1), task="t", items=[Secret(CANARY)], rate_control={}),
        TaskSucceeded(at=at(2), task="t", outputs={"token": Secret(CANARY)}),
        ExecutionFinished(at=at(3), status=Status.SUCCESS, outputs={"token": Secret(CANARY)}),
    )
    assert lines[0].observed == {"password": MASK, "deep": [{"key": MASK}]}
    assert CANARY not in repr(lines)


def a_kept_family() -> MemoryJournal:
    journal = MemoryJournal()
    large = TaskSucceeded(at=at(4), task="copy", outputs={"log": "x" * INLINE_BYTES})
    secret = started(ONE, parameters={"password": Secret(CANARY)})
    keep(journal, ONE, [secret, large, ExecutionFinished(at=at(5), status=Status.SUCCESS)])
    keep(journal, CHILD, a_run(CHILD, parent_id=ONE, parent_task="copy"))
    return journal


def test_a_document_holds_the_family_with_its_templates_and_masked_secrets() -> None:
    document = export_document(a_kept_family(), codec(), ONE)
    text = json.dumps(document)
    assert CANARY not in text
    assert CANARY.encode().hex() not in text
    assert [each["execution"] for each in document["executions"]] == [ONE, CHILD]
    assert document["templates"] == {TEMPLATE_HASH: TEMPLATE}
    first, second, _ = document["executions"][0]["events"]
    assert first["event"] == "ExecutionStarted"
    assert first["parameters"] == {"password": MASK}
    assert first["at"] == "2026-03-01T12:00:00Z"
    assert second["path"] == "copy"
    assert len(second["outputs"]["log"]) == INLINE_BYTES
    assert document["executions"][1]["summary"]["status"] == "Success"


def test_exported_lines_can_be_verified_without_the_journal() -> None:
    journal = a_kept_family()
    heading, *lines = [json.loads(line) for line in export_lines(journal, ONE)]
    assert heading == {"format": "oos execution 1", "execution": ONE}
    rows = [each for each in lines if "payload" in each]
    for id_, count in ((ONE, 3), (CHILD, 6)):
        entries = [
            Entry(id_, row["sequence"], row["path"], row["payload"].encode(), bytes.fromhex(row["hash"]))
            for row in rows
            if row["execution"] == id_
        ]
        assert verify_chain(id_, entries)[::2] == (count, None)
    contents = {each["content"]: base64.b64decode(each["base64"]) for each in lines if "content" in each}
    assert contents[TEMPLATE_HASH] == TEMPLATE.encode()
    assert len(contents) == 2


def test_what_cannot_be_read_is_named() -> None:
    journal = MemoryJournal()
    keep(journal, ONE, a_run(ONE))
    journal.append(Batch([Entry(ONE, 7, "look", b'{"event":"Unheard"}', b"")]))
    with pytest.raises(JournalFailed, match=f"{ONE} event 7 cannot be read"):
        list(happenings(journal, codec(), ONE))
