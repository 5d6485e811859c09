"""Events as bytes and back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from oos.execution.events import AnyEvent, ExecutionStarted, LoopStarted, TaskSucceeded, TaskWaiting
from oos.execution.status import Mode, WaitReason
from oos.journal.chain import entry_hash, first_hash
from oos.journal.codec import INLINE_BYTES, Codec, Sealing
from oos.values.secret import MASK, Secret

AT = datetime(2026, 3, 1, 12, 30, 1, 5, tzinfo=UTC)
CANARY = "canary-9f2c"


class Reversing:
    """A sealer for tests: it keeps nothing secret, but nothing in the open."""

    def seal(self, plain: bytes) -> str:
        return plain[::-1].hex()

    def open(self, sealed: str) -> bytes | None:
        return bytes.fromhex(sealed)[::-1]


class Lost(Reversing):
    """The sealer of an installation whose key was lost."""

    def open(self, sealed: str) -> bytes | None:
        return None


def started(**parameters: Any) -> ExecutionStarted:
    return ExecutionStarted(
        at=AT,
        execution_id="exec-1",
        template_name="t",
        template_hash="h",
        parameters=parameters,
        by="ada",
        region="lab",
        account="1",
        mode=Mode.DEBUG,
        tags={"a": "b"},
    )


def no_content(digest: str) -> bytes | None:
    return None


@pytest.mark.parametrize(
    "event",
    [
        started(count=3, share=0.5, names=["a", {"b": None}], on=True, text="§"),
        started(password=Secret(CANARY), deep=[{"key": Secret({"user": CANARY})}]),
        LoopStarted(at=AT, task="copy", items=[1, "two", Secret(CANARY)], rate_control={"Concurrency": "10%"}),
        TaskWaiting(at=AT, task="copy", item=3, reason=WaitReason.SLEEP, until=AT + timedelta(days=1), polls=2),
        TaskSucceeded(at=AT, task="copy", outputs={"x": 2**60}, response=[Secret(1), 1.5]),
    ],
)
def test_an_event_comes_back_as_it_was(event: AnyEvent) -> None:
    codec = Codec(Reversing)
    payload, content = codec.encode(event)
    assert content is None
    assert CANARY.encode() not in payload
    assert codec.decode(payload, no_content) == event


def test_the_types_of_values_next_to_a_secret_do_not_change() -> None:
    codec = Codec(Reversing)
    payload, _ = codec.encode(started(s=Secret("1"), number="1", date="2026-03-01T00:00:00Z", flag="true"))
    event = codec.decode(payload, no_content)
    assert isinstance(event, ExecutionStarted)
    assert event.parameters == {"s": Secret("1"), "number": "1", "date": "2026-03-01T00:00:00Z", "flag": "true"}


def test_a_large_event_goes_to_the_content_store_whole() -> None:
    codec = Codec(Reversing)
    event = TaskSucceeded(at=AT, task="t", outputs={"x": "y" * INLINE_BYTES, "s": Secret(CANARY)})
    payload, content = codec.encode(event)
    assert len(payload) < 100
    assert content is not None
    digest, stored = content
    assert CANARY.encode() not in stored
    assert codec.decode(payload, {digest: stored}.get) == event


@pytest.mark.parametrize(("kept", "reason"), [(None, "missing"), (b"other", "changed")])
def test_content_that_is_not_what_was_stored_is_refused(kept: bytes | None, reason: str) -> None:
    codec = Codec(Reversing)
    payload, _ = codec.encode(TaskSucceeded(at=AT, task="t", outputs={"x": "y" * INLINE_BYTES}))
    with pytest.raises(ValueError, match=reason):
        codec.decode(payload, lambda digest: kept)


@pytest.mark.parametrize("payload", [b"", b"{", b'{"event":"Unheard"}', b'{"$content":1}', b'{"$content":', b"[]"])
def test_bytes_that_are_no_event_are_refused(payload: bytes) -> None:
    with pytest.raises(ValueError):
        Codec(Reversing).decode(payload, no_content)


def test_a_secret_whose_key_was_lost_is_masked_and_the_rest_is_readable() -> None:
    payload, _ = Codec(Reversing).encode(started(password=Secret(CANARY), count=1))
    event = Codec(Lost).decode(payload, no_content)
    assert isinstance(event, ExecutionStarted)
    assert event.parameters["password"].reveal() == MASK
    assert event.parameters["count"] == 1


def test_the_key_is_not_asked_for_where_there_are_no_secrets() -> None:
    def no_key() -> Reversing:
        raise AssertionError("nothing here is secret")

    codec = Codec(no_key)
    payload, _ = codec.encode(started(count=1))
    assert codec.decode(payload, no_content) == started(count=1)
    assert Sealing(no_key).decode(Sealing(no_key).encode({"a": 1})) == {"a": 1}


def test_what_is_not_json_cannot_be_journaled() -> None:
    with pytest.raises(TypeError, match="object cannot be journaled"):
        Codec(Reversing).encode(started(thing=object()))


def test_the_hash_of_an_entry_depends_on_every_part_of_it() -> None:
    base = first_hash("exec-1")
    hashes = [
        entry_hash(base, 1, "a", b"{}"),
        entry_hash(first_hash("exec-2"), 1, "a", b"{}"),
        entry_hash(base, 2, "a", b"{}"),
        entry_hash(base, 1, "b", b"{}"),
        entry_hash(base, 1, "a", b"[]"),
        entry_hash(base, 1, "a{", b"}"),
        entry_hash(base, 1, "a\n", b"{}"),
        entry_hash(base, 1, "a", b"\n{}"),
        entry_hash(base, 11, "", b"a{}"),
    ]
    assert len(set(hashes)) == len(hashes)
