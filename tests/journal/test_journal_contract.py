"""The contract of the Journal port: every implementation keeps it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from oos.execution.status import Status
from oos.journal.port import (
    Batch,
    ExecutionFilter,
    Journal,
    JournalFailed,
    SequenceTaken,
    Soundness,
    StartedAlready,
)

from .samples import NOON, entries_of, execution_id, summary_of

ONE, TWO, THREE = execution_id(1), execution_id(2), execution_id(3)


def ids(journal: Journal, filter_: ExecutionFilter) -> list[str]:
    return [each.execution_id for each in journal.summaries(filter_)]


def test_entries_come_back_as_written_and_in_order(journal: Journal) -> None:
    written = entries_of(ONE, 5)
    journal.append(Batch(written[:2]))
    journal.append(Batch(written[2:]))
    assert list(journal.entries(ONE)) == written


def test_an_untouched_store_is_sound(journal: Journal) -> None:
    journal.append(Batch(entries_of(ONE, 5), [summary_of(ONE)], [("d", b"x" * 100_000)]))
    assert journal.soundness() == Soundness()


def test_entries_after_a_sequence_number_leave_out_those_before(journal: Journal) -> None:
    written = entries_of(ONE, 5)
    journal.append(Batch(written))
    assert list(journal.entries(ONE, after=3)) == written[3:]
    assert list(journal.entries(ONE, after=5)) == []


def test_an_execution_that_is_unknown_has_no_entries_and_no_summary(journal: Journal) -> None:
    assert list(journal.entries(ONE)) == []
    assert journal.summary(ONE) is None
    assert journal.family(ONE) == []


def test_many_entries_can_be_read_while_more_are_written(journal: Journal) -> None:
    written = entries_of(ONE, 1500)
    journal.append(Batch(written[:1200]))
    reading = journal.entries(ONE)
    first = [next(reading) for _ in range(10)]
    journal.append(Batch(written[1200:]))
    rest = list(reading)
    assert (first + rest)[:1200] == written[:1200]


def test_one_batch_may_hold_entries_of_several_executions(journal: Journal) -> None:
    one, two = entries_of(ONE, 2), entries_of(TWO, 2)
    journal.append(Batch([one[0], two[0], one[1], two[1]]))
    assert list(journal.entries(ONE)) == one
    assert list(journal.entries(TWO)) == two


def test_an_entry_whose_place_is_taken_is_refused(journal: Journal) -> None:
    written = entries_of(ONE, 3)
    journal.append(Batch(written))
    other = written[2]._replace(payload=b'{"event":"Other"}')
    with pytest.raises(SequenceTaken) as refused:
        journal.append(Batch([other]))
    assert (refused.value.execution_id, refused.value.sequence) == (ONE, 3)
    assert list(journal.entries(ONE)) == written


def test_a_refused_batch_leaves_nothing_behind(journal: Journal) -> None:
    written = entries_of(ONE, 2)
    journal.append(Batch(written))
    number = journal.send(ONE, b"{}")
    batch = Batch([*entries_of(TWO, 2), written[1]], [summary_of(TWO)], [("digest", b"content")], [number])
    with pytest.raises(SequenceTaken):
        journal.append(batch)
    assert list(journal.entries(TWO)) == []
    assert journal.summary(TWO) is None
    assert journal.content("digest") is None
    assert [each.number for each in journal.signals([ONE], 0)] == [number]


def test_a_known_client_token_names_the_execution_it_started(journal: Journal) -> None:
    journal.append(Batch(entries_of(ONE, 1), [summary_of(ONE, client_token="t")]))
    with pytest.raises(StartedAlready) as refused:
        journal.append(Batch(entries_of(TWO, 1), [summary_of(TWO, client_token="t")]))
    assert refused.value.execution_id == ONE
    assert list(journal.entries(TWO)) == []
    assert journal.started_with("t") == ONE
    assert journal.started_with("u") is None


def test_executions_without_a_client_token_do_not_clash(journal: Journal) -> None:
    journal.append(Batch([], [summary_of(ONE)]))
    journal.append(Batch([], [summary_of(TWO)]))
    assert ids(journal, ExecutionFilter()) == [TWO, ONE]
    assert journal.started_with("") is None


def test_of_many_starts_with_one_client_token_exactly_one_wins(journal: Journal) -> None:
    starts = [execution_id(number) for number in range(12)]

    def start(id_: str) -> str:
        try:
            journal.append(Batch(entries_of(id_, 1), [summary_of(id_, client_token="same")]))
        except StartedAlready as known:
            return known.execution_id
        return id_

    with ThreadPoolExecutor(6) as pool:
        answers = set(pool.map(start, starts))
    assert len(answers) == 1
    assert list(journal.execution_ids()) == sorted(answers)


def test_a_summary_comes_back_as_written(journal: Journal) -> None:
    written = summary_of(
        f"{ONE}.t0001",
        parent_id=ONE,
        status=Status.WAITING,
        ended=NOON + timedelta(microseconds=1),
        waiting="Approval",
        message="wer darf? §",
        client_token="t",
        region="lab",
    )
    journal.append(Batch([], [written]))
    assert journal.summary(written.execution_id) == written


def test_a_later_summary_changes_what_changes_and_keeps_how_it_started(journal: Journal) -> None:
    first = summary_of(ONE, client_token="t")
    later = replace(
        first, status=Status.FAILED, updated=NOON, ended=NOON, waiting="Pause", message="no", by="eve", client_token="u"
    )
    journal.append(Batch([], [first]))
    journal.append(Batch([], [later]))
    assert journal.summary(ONE) == replace(later, by="ada", client_token="t")


def test_executions_are_listed_newest_first(journal: Journal) -> None:
    journal.append(Batch([], [summary_of(ONE, minutes=1), summary_of(TWO, minutes=3), summary_of(THREE, minutes=2)]))
    assert ids(journal, ExecutionFilter()) == [TWO, THREE, ONE]


def test_a_list_shows_a_page_and_goes_on_before_its_last(journal: Journal) -> None:
    # Two by two of the same instant, so that a page may end between them.
    journal.append(Batch([], [summary_of(execution_id(n), minutes=n // 2) for n in range(10)]))
    everything = ids(journal, ExecutionFilter())
    pages: list[str] = []
    while page := ids(journal, ExecutionFilter(limit=3, before=pages[-1] if pages else "")):
        assert len(page) <= 3
        pages += page
    assert pages == everything
    assert len(everything) == 10
    assert ids(journal, ExecutionFilter(before="exec-unknown")) == []


def test_a_list_shows_only_what_was_asked_for(journal: Journal) -> None:
    child = f"{ONE}.t0001"
    journal.append(
        Batch(
            [],
            [
                summary_of(ONE, minutes=1, template_name="Web_Patching"),
                summary_of(child, minutes=2, template_name="ACS::ECS::StopInstance", parent_id=ONE),
                summary_of(TWO, minutes=3, status=Status.FAILED),
                summary_of(THREE, minutes=4, status=Status.SUCCESS, template_name="100%"),
            ],
        )
    )
    assert ids(journal, ExecutionFilter()) == [THREE, TWO, ONE]
    assert ids(journal, ExecutionFilter(parent_id=None)) == [THREE, TWO, child, ONE]
    assert ids(journal, ExecutionFilter(parent_id=ONE)) == [child]
    assert ids(journal, ExecutionFilter(statuses=(Status.FAILED, Status.RUNNING))) == [TWO, ONE]
    assert ids(journal, ExecutionFilter(template_name="b_patch")) == [ONE]
    assert ids(journal, ExecutionFilter(template_name="%")) == [THREE]
    assert ids(journal, ExecutionFilter(template_name="WEB_")) == [ONE]


def test_a_family_is_an_execution_and_all_its_descendants(journal: Journal) -> None:
    family = [ONE, f"{ONE}.t0001", f"{ONE}.t0001.0000", f"{ONE}.t0001.0001", f"{ONE}.t0002"]
    for id_ in [execution_id(0), *family, f"{TWO}.t0001", THREE]:
        journal.append(Batch(entries_of(id_, 2)))
    assert journal.family(ONE) == family
    assert list(journal.execution_ids()) == [execution_id(0), *family, f"{TWO}.t0001", THREE]


def test_content_is_kept_once_under_its_digest(journal: Journal) -> None:
    journal.append(Batch(contents=[("d", b"\x00one")]))
    journal.append(Batch(contents=[("d", b"\x00one"), ("e", b"")]))
    assert journal.content("d") == b"\x00one"
    assert journal.content("e") == b""
    assert journal.content("f") is None


def test_signals_reach_the_driver_of_the_execution_and_of_its_descendants(journal: Journal) -> None:
    one = journal.send(ONE, b"1")
    journal.send(TWO, b"2")
    three = journal.send(f"{ONE}.t0001", b"3")
    found = journal.signals([ONE, THREE], 0)
    assert [(each.number, each.execution_id, each.payload) for each in found] == [
        (one, ONE, b"1"),
        (three, f"{ONE}.t0001", b"3"),
    ]
    assert [each.number for each in journal.signals([ONE], one)] == [three]


def test_an_answered_signal_is_not_given_again(journal: Journal) -> None:
    numbers = [journal.send(ONE, b"%d" % n) for n in range(3)]
    assert numbers == sorted(set(numbers))
    journal.append(Batch(entries_of(ONE, 1), signals_done=numbers[:2]))
    assert [each.number for each in journal.signals([ONE], 0)] == numbers[2:]
    assert journal.send(ONE, b"later") > numbers[2]


def test_what_is_due_is_found_by_its_root_the_longest_due_first(journal: Journal) -> None:
    child = f"{ONE}.t0001"
    at = [NOON + timedelta(minutes=minutes) for minutes in range(6)]
    journal.append(
        Batch(
            [],
            [
                summary_of(ONE, due=at[3]),
                summary_of(child, parent_id=ONE, due=at[1]),
                summary_of(TWO, due=at[2]),
                summary_of(THREE),
                summary_of(execution_id(4), due=at[5]),
            ],
        )
    )
    assert journal.due(at[4], 10) == [ONE, TWO]
    assert journal.due(at[4], 1) == [ONE]
    journal.append(Batch([], [summary_of(child, parent_id=ONE)]))
    assert journal.due(at[4], 10) == [TWO, ONE]
    assert journal.due(at[0], 10) == []


def test_what_has_not_ended_is_found_in_a_family(journal: Journal) -> None:
    child, done = f"{ONE}.t0001", f"{ONE}.t0002"
    ended = summary_of(done, parent_id=ONE, status=Status.SUCCESS, ended=NOON)
    journal.append(Batch([], [summary_of(ONE), summary_of(child, parent_id=ONE), ended, summary_of(TWO)]))
    assert journal.unfinished(ONE) == [ONE, child]
    assert journal.unfinished(THREE) == []


def test_roots_with_signals_that_are_not_answered_are_found(journal: Journal) -> None:
    number = journal.send(f"{TWO}.t0001", b"1")
    journal.send(ONE, b"2")
    journal.send(ONE, b"3")
    assert journal.signalled() == [ONE, TWO]
    journal.append(Batch(signals_done=[number]))
    assert journal.signalled() == [ONE]


def test_many_threads_append_at_once_and_every_chain_is_whole(journal: Journal) -> None:
    begin = threading.Barrier(8)

    def drive(number: int) -> None:
        id_ = execution_id(number)
        written = entries_of(id_, 60)
        begin.wait()
        for place in range(0, 60, 3):
            journal.append(Batch(written[place : place + 3], [summary_of(id_)]))
            assert list(journal.entries(id_, after=place)) == written[place : place + 3]

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(drive, range(8)))
    for number in range(8):
        assert list(journal.entries(execution_id(number))) == entries_of(execution_id(number), 60)


def test_of_two_drivers_that_write_the_same_places_one_is_refused_each_time(journal: Journal) -> None:
    begin = threading.Barrier(2)
    written = entries_of(ONE, 40)

    def drive(_: int) -> int:
        begin.wait()
        refused = 0
        for entry in written:
            try:
                journal.append(Batch([entry]))
            except SequenceTaken:
                refused += 1
        return refused

    with ThreadPoolExecutor(2) as pool:
        refusals = sum(pool.map(drive, range(2)))
    assert refusals == len(written)
    assert list(journal.entries(ONE)) == written


def test_a_closed_journal_says_so(journal: Journal) -> None:
    journal.close()
    journal.close()
    with pytest.raises(JournalFailed, match="closed"):
        journal.append(Batch(entries_of(ONE, 1)))
    with pytest.raises(JournalFailed, match="closed"):
        list(journal.entries(ONE))
    with pytest.raises(JournalFailed, match="closed"):
        journal.send(ONE, b"")
