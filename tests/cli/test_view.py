"""The view and what is shown of it: pure, from events alone."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest

from oos.cli.follow.sinks import PlainLines
from oos.cli.follow.view import View
from oos.cli.printing import cells, shorten, text_lines
from oos.cli.words import item_label, size, span
from oos.execution.events import (
    AnyEvent,
    ExecutionFinished,
    ExecutionStarted,
    LoopStarted,
    TaskFailed,
    TaskStarted,
    TaskSucceeded,
    TaskWaiting,
)
from oos.execution.status import Status, WaitReason
from oos.values.secret import Secret

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
ROOT = "exec-00000000000000000001"
CHILD = f"{ROOT}.t0001.0000"


def _at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def _start(id_: str, **parent: object) -> ExecutionStarted:
    return ExecutionStarted(
        at=NOON,
        execution_id=id_,
        template_name="rotate",
        template_hash="",
        parameters={},
        by="ada",
        region="sim",
        account="1",
        **parent,  # type: ignore[arg-type]  # fields of the event, chosen by the test
    )


def _loop(count: int) -> list[tuple[str, AnyEvent]]:
    items = [f"d-{number}" for number in range(count)]
    return [(ROOT, _start(ROOT)), (ROOT, LoopStarted(at=NOON, task="snapshot", items=items, rate_control=None))]


def _view(events: list[tuple[str, AnyEvent]]) -> View:
    view = View(ROOT)
    for id_, event in events:
        view.apply(id_, event)
    return view


def test_a_loop_counts_its_items_and_keeps_only_those_in_flight() -> None:
    view = _view(_loop(1000))
    for item in range(1000):
        view.apply(ROOT, TaskStarted(at=NOON, task="snapshot", item=item))
        outcome: AnyEvent = TaskSucceeded(at=_at(1), task="snapshot", item=item)
        if item % 10 == 0:
            outcome = TaskFailed(at=_at(1), task="snapshot", item=item, code="X", message="y")
        view.apply(ROOT, outcome)
    view.apply(ROOT, TaskStarted(at=NOON, task="snapshot", item=0, attempt=1))
    assert view.root is not None
    assert view.root.current is not None
    loop = view.root.current.loop
    assert loop is not None
    assert (loop.succeeded, loop.failed, len(loop.in_flight)) == (900, 99, 1)


def test_what_goes_on_is_told_down_to_the_deepest_child() -> None:
    view = _view(
        [
            *_loop(2),
            (ROOT, TaskStarted(at=NOON, task="snapshot", item=0)),
            (CHILD, _start(CHILD, parent_id=ROOT, parent_task="snapshot", parent_item=0)),
            (CHILD, TaskStarted(at=NOON, task="wait")),
            (CHILD, TaskWaiting(at=NOON, task="wait", reason=WaitReason.RETRY, note='saw "progressing"')),
        ]
    )
    assert view.root is not None
    assert view.root.current is not None
    assert view.root.current.loop is not None
    activity = view.root.current.loop.in_flight[0]
    assert view.detail(activity) == 'wait › saw "progressing"'
    view.progressed(CHILD, "wait", -1, "45 %")
    assert view.detail(activity) == "wait › 45 %"
    view.apply(CHILD, ExecutionFinished(at=_at(1), status=Status.SUCCESS))
    assert view.detail(activity) == ""
    assert CHILD not in view.executions


def _lines(events: list[tuple[str, AnyEvent]], *, verbose: bool = False) -> list[str]:
    stream = io.StringIO()
    sink = PlainLines(stream, verbose=verbose)
    view = View(ROOT)
    for id_, event in events:
        sink.happened(view, id_, event, view.apply(id_, event))
    return [line[9:] for line in stream.getvalue().splitlines()]


def test_lines_name_the_item_counted_from_one_and_how_long_it_took() -> None:
    events = [
        *_loop(2),
        (ROOT, TaskStarted(at=NOON, task="snapshot", item=0)),
        (ROOT, TaskSucceeded(at=_at(12), task="snapshot", item=0)),
        (ROOT, TaskStarted(at=NOON, task="snapshot", item=1)),
        (ROOT, TaskFailed(at=_at(3), task="snapshot", item=1, code="PoolFull", message="no space")),
    ]
    assert _lines(events)[-2:] == [
        "snapshot[1] d-0 Success (12 s)",
        "snapshot[2] d-1 Failed: PoolFull: no space (3.0 s)",
    ]


def test_a_large_loop_tells_how_far_it_is_and_each_failure() -> None:
    events = _loop(200)
    for item in range(200):
        events.append((ROOT, TaskStarted(at=NOON, task="snapshot", item=item)))
        outcome: AnyEvent = TaskSucceeded(at=_at(1), task="snapshot", item=item)
        if item == 100:
            outcome = TaskFailed(at=_at(1), task="snapshot", item=item, code="X", message="y")
        events.append((ROOT, outcome))
    lines = _lines(events)
    assert len(lines) < 10
    assert "snapshot[101] d-100 Failed: X: y (1.0 s)" in lines
    assert lines[-1] == "snapshot[200] 200 of 200 done, 1 failed"


def test_a_wait_that_sees_the_same_again_is_told_once() -> None:
    look = TaskWaiting(at=NOON, task="wait", reason=WaitReason.RETRY, note="saw a")
    events: list[tuple[str, AnyEvent]] = [(ROOT, _start(ROOT)), (ROOT, TaskStarted(at=NOON, task="wait"))]
    events += [(ROOT, look)] * 5
    assert _lines(events)[2:] == ["wait saw a"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.04, "40 ms"),
        (9.9, "9.9 s"),
        (59, "59 s"),
        (185, "3 min 5 s"),
        (7800, "2 h 10 min"),
        (259200 + 14400, "3 d 4 h"),
    ],
)
def test_spans_read_well(seconds: float, text: str) -> None:
    assert span(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(("number", "text"), [(0, "0 B"), (1536, "1.5 KiB"), (1 << 26, "64 MiB"), (3 << 40, "3.0 TiB")])
def test_sizes_read_well(number: int, text: str) -> None:
    assert size(number) == text


@pytest.mark.parametrize(
    ("item", "label"),
    [
        ("i-1", "i-1"),
        ({"Size": 1, "InstanceId": "i-1"}, "i-1"),
        ({"a": 1}, '{"a":1}'),
        (Secret("x"), "***"),
        (["x" * 50], '["' + "x" * 37 + "…"),
    ],
)
def test_items_are_called_by_what_identifies_them(item: object, label: str) -> None:
    assert item_label(item) == label


def test_values_become_lines_with_secrets_masked() -> None:
    assert text_lines("a\nb") == ["a", "b"]
    assert text_lines([]) == ["[]"]
    assert text_lines({"a": Secret("x")}) == ['{"a":"***"}']
    assert text_lines(["s-1", "s-2"]) == ["s-1", "s-2"]
    long = {"name": "x" * 40, "parts": ["y" * 40, "z" * 40]}
    assert text_lines([long]) == [
        f"- name: {'x' * 40}",
        "  parts:",
        f"    {'y' * 40}",
        f"    {'z' * 40}",
    ]


def test_wide_characters_take_two_places() -> None:
    assert cells("快照") == 4
    assert shorten("快照快照", 5) == "快照…"
    assert shorten("a\nb", 5) == "a b"
