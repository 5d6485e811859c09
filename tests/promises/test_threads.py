"""Promised: a run is never lost. Threads that read typed values at the same time once ended the process (msgspec)."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
RACE = """
import sys, threading
sys.setswitchinterval(1e-6)
from oos.adapters.memory.state import HostState
from oos.values.typed import decode_as
together = threading.Barrier(6)
def read():
    together.wait()
    for _ in range(3):
        assert decode_as(b'{"networks": ["a"]}', HostState).networks == ["a"]
threads = [threading.Thread(target=read) for _ in range(6)]
for each in threads: each.start()
for each in threads: each.join()
"""


def test_threads_may_read_a_type_for_the_first_time_together() -> None:
    codes = [subprocess.run([sys.executable, "-c", RACE], cwd=ROOT, check=False).returncode for _ in range(12)]
    assert codes == [0] * 12


def test_typed_values_are_read_in_one_place_only() -> None:
    unsafe = re.compile(r"msgspec\.convert\(|msgspec\.json\.decode\([^\n]*\btype=")
    allowed = {"oos/values/typed.py", "oos/journal/codec.py"}  # the codec makes its decoder before it is shared
    sources = [*ROOT.glob("oos/**/*.py"), *ROOT.glob("modules/**/*.py")]
    found = {str(path.relative_to(ROOT)) for path in sources if unsafe.search(path.read_text(encoding="utf-8"))}
    assert found <= allowed
