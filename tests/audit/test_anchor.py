"""The external anchor: signed, chained, and whole again after a crash."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from oos.adapters.anchor import FileAnchor, public_key_path, read_anchors
from oos.audit.anchors import Anchored, AnchorFailed, AnchorRecord, Head

AT = datetime(2026, 3, 1, 12, 0, 0, 7, tzinfo=UTC)
ONE, TWO = Head("exec-1", 3, b"\x01" * 32), Head("exec-2", 9, b"\x02" * 32)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the anchors are."""
    return tmp_path / "state" / "anchors.ndjson"


def anchor_at(path: Path, *heads: Head) -> None:
    for head in heads:
        FileAnchor(path, now=lambda: AT).append(head.execution_id, head.sequence, head.hash)


def heads(record: AnchorRecord) -> list[Head]:
    return [each.head for each in record.anchors]


def test_anchors_come_back_as_they_were_made(path: Path) -> None:
    anchor_at(path, ONE, TWO)
    assert read_anchors(path) == AnchorRecord((Anchored(ONE, AT), Anchored(TWO, AT)))


def test_several_heads_are_anchored_together(path: Path) -> None:
    anchor = FileAnchor(path, now=lambda: AT)
    anchor.append_all([ONE, TWO])
    anchor.append_all([])
    anchor.append_all([TWO])
    assert heads(read_anchors(path)) == [ONE, TWO, TWO]
    assert read_anchors(path).faults == ()


def test_where_nothing_was_anchored_there_is_nothing(path: Path) -> None:
    assert read_anchors(path) == AnchorRecord()


def test_a_line_is_readable_by_other_programs(path: Path) -> None:
    anchor_at(path, ONE)
    line = json.loads(path.read_text())
    assert line.keys() == {"execution", "sequence", "hash", "at", "before", "signature"}
    assert (line["execution"], line["sequence"], line["hash"]) == ("exec-1", 3, "01" * 32)


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_the_private_key_is_for_its_owner_and_the_public_one_for_everybody(path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        anchor_at(path, ONE)
    finally:
        os.umask(before)
    modes = {each.name: each.stat().st_mode & 0o777 for each in path.parent.iterdir()}
    assert modes == {"anchors.ndjson": 0o600, "anchors.key": 0o600, "anchors.pub": 0o644}


@pytest.mark.parametrize("kept", [0, 1, 40, -1])
def test_a_line_that_a_crash_tore_is_passed_over_and_mended(path: Path, kept: int) -> None:
    anchor_at(path, ONE, TWO)
    whole = path.read_bytes()
    first, second, _ = whole.split(b"\n")
    path.write_bytes(first + b"\n" + second[:kept])
    assert heads(read_anchors(path)) == [ONE]
    assert read_anchors(path).faults == ()
    anchor_at(path, TWO)
    assert path.read_bytes() == whole


def test_zeros_that_a_power_failure_left_are_passed_over_and_mended(path: Path) -> None:
    anchor_at(path, ONE)
    with path.open("ab") as file:
        file.write(b"\0" * 300)
    assert read_anchors(path) == AnchorRecord((Anchored(ONE, AT),))
    anchor_at(path, TWO)
    assert read_anchors(path) == AnchorRecord((Anchored(ONE, AT), Anchored(TWO, AT)))


def test_a_first_line_that_a_crash_tore_is_mended(path: Path) -> None:
    anchor_at(path, ONE)
    path.write_bytes(path.read_bytes()[:50])
    anchor_at(path, TWO)
    assert read_anchors(path) == AnchorRecord((Anchored(TWO, AT),))


def test_a_last_line_longer_than_a_portion_is_found(path: Path) -> None:
    long = Head("exec-" + "9" * 10_000, 1, b"\x03" * 32)
    anchor_at(path, ONE, long, TWO)
    assert heads(read_anchors(path)) == [ONE, long, TWO]
    assert read_anchors(path).faults == ()


def changed(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[1].replace(b'"sequence":9', b'"sequence":8'), lines[2]]


def swapped_hash(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[1].replace(b"02" * 32, b"04" * 32), lines[2]]


def removed(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[2]]


def first_removed(lines: list[bytes]) -> list[bytes]:
    return lines[1:]


def reordered(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[2], lines[1]]


def repeated(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[0], lines[1], lines[2]]


def written_otherwise(lines: list[bytes]) -> list[bytes]:
    return [lines[0], lines[1].replace(b'"sequence":', b'"sequence": '), lines[2]]


def emptied(lines: list[bytes]) -> list[bytes]:
    return [lines[0], b"", lines[2]]


@pytest.mark.parametrize(
    "tamper", [changed, swapped_hash, removed, first_removed, reordered, repeated, written_otherwise, emptied]
)
def test_a_file_that_was_tampered_with_shows_it(path: Path, tamper: object) -> None:
    assert callable(tamper)
    anchor_at(path, ONE, TWO, ONE)
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"\n".join(tamper(lines)) + b"\n")
    assert read_anchors(path).faults


def test_lines_of_another_key_are_no_anchors(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other" / "anchors.ndjson"
    anchor_at(path, ONE)
    anchor_at(other, TWO)
    path.write_bytes(other.read_bytes())
    assert heads(read_anchors(path)) == []
    assert [each.line for each in read_anchors(path).faults] == [1]


def test_a_public_key_that_was_kept_elsewhere_shows_a_forger_who_replaced_everything(
    path: Path, tmp_path: Path
) -> None:
    anchor_at(path, ONE)
    kept = tmp_path / "kept.pub"
    kept.write_bytes(public_key_path(path).read_bytes())
    for each in path.parent.iterdir():
        each.unlink()
    anchor_at(path, TWO)
    assert read_anchors(path).faults == ()
    assert read_anchors(path, kept).faults


def test_without_its_public_key_the_record_cannot_be_read(path: Path) -> None:
    anchor_at(path, ONE)
    public_key_path(path).write_text("not a key")
    with pytest.raises(AnchorFailed, match=r"anchors\.pub: it is not an Ed25519 key"):
        read_anchors(path)
    public_key_path(path).unlink()
    with pytest.raises(AnchorFailed, match=r"anchors\.pub: it cannot be read"):
        read_anchors(path)


def test_anchors_that_cannot_be_written_say_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AnchorFailed, match=f"anchors {tmp_path}/file/anchors.ndjson: "):
        anchor_at(tmp_path / "file" / "anchors.ndjson", ONE)


def test_threads_and_processes_that_anchor_at_once_make_one_chain(path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from oos.adapters.anchor import FileAnchor\n"
        "anchor = FileAnchor(Path(sys.argv[1]))\n"
        "for n in range(30): anchor.append(sys.argv[2], n, bytes(32))\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", program, str(path), name]) for name in "ab"]
    anchor = FileAnchor(path)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: anchor.append("c", n, bytes(32)), range(40)))
    assert [process.wait(60) for process in running] == [0, 0]
    record = read_anchors(path)
    assert record.faults == ()
    assert sorted(each.head.execution_id for each in record.anchors) == ["a"] * 30 + ["b"] * 30 + ["c"] * 40


def test_a_process_killed_while_it_anchors_loses_nothing_it_acknowledged(path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from oos.adapters.anchor import FileAnchor\n"
        "anchor = FileAnchor(Path(sys.argv[1]))\n"
        "for n in range(10**6): anchor.append('e', n, bytes(32)); print(n, flush=True)\n"
    )
    for _ in range(4):
        process = subprocess.Popen([sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(15)]
        process.send_signal(signal.SIGKILL)
        lines += [line for line in process.stdout.read().splitlines(keepends=True) if line.endswith(b"\n")]
        process.wait(10)
        process.stdout.close()
        anchor_at(path, ONE)
        record = read_anchors(path)
        assert record.faults == ()
        assert heads(record)[-1] == ONE
        assert heads(record)[-2].sequence >= int(lines[-1])
