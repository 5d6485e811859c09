"""What runs in the helper process: one jq program or pattern after the other, on values read from stdin.

It is started by path with `-I`, imports nothing of ours, and ends when its stdin does. Each request is a line of
JSON with the number of bytes of data that follow; each answer is a line of JSON.
"""

from __future__ import annotations

import json
import re
import resource
import sys
from typing import Any

MEMORY = 1024 * 1024 * 1024
"""Bytes of address space, interpreter included."""
MOST_RESULTS = 200_000


def main() -> None:
    """Answer requests until stdin ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    reader, writer = sys.stdin.buffer, sys.stdout.buffer
    while line := reader.readline():
        request = json.loads(line)
        data = reader.read(request["size"]).decode()
        try:
            answer: dict[str, Any] = {"results": answer_to(request, data)}
        except ValueError as error:
            answer = {"error": str(error)}
        except (MemoryError, RecursionError):
            answer = {"stopped": "it needs too much memory"}
        writer.write(json.dumps(answer).encode() + b"\n")
        writer.flush()


def answer_to(request: dict[str, Any], data: str) -> list[Any]:
    """The results of a request."""
    if request["kind"] == "pattern":
        return [re.fullmatch(request["text"], data) is not None]
    import jq

    results = []
    for result in jq.compile(request["text"]).input_text(data):
        results.append(result)
        if request["first"]:
            break
        if len(results) > MOST_RESULTS:
            raise ValueError(f"it gives more than {MOST_RESULTS:,} results")
    return results


if __name__ == "__main__":
    main()
