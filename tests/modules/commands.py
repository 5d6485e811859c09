"""What tests of commands in guests share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import oos_command
import oos_instance
import oos_tag
from oos.adapters.memory.guest import GuestFiles, GuestOutcome, tiny_shell
from oos.service.guest_command import is_launcher, path_of
from tests.modules.world import World

MODULES = (oos_instance.MODULE, oos_command.MODULE, oos_tag.MODULE)


def run(world: World, id: str | list[str], script: str, token: str = "", **parameters: Any) -> str:
    ids = [id] if isinstance(id, str) else id
    given = {"Type": "RunShellScript", "CommandContent": script, "InstanceId": ids, **parameters}
    return str(world.call("RunCommand", token, **given)["InvokeId"])


def result(world: World, invoke_id: str, **conditions: Any) -> dict[str, Any]:
    given = {"InvokeId": invoke_id, "ContentEncoding": "PlainText", **conditions}
    (found,) = world.call("DescribeInvocationResults", **given)["Invocation"]["InvocationResults"]["InvocationResult"]
    return dict(found)


def unfinished(argv: Sequence[str], stdin: bytes, files: GuestFiles) -> GuestOutcome:
    """A guest in which commands begin and do not end."""
    if not is_launcher(argv):
        return tiny_shell(argv, stdin, files)
    if path_of(argv[5], "pid") in files:
        return GuestOutcome(73)
    files[path_of(argv[5], "pid")] = b"4242\n"
    return GuestOutcome(0, seconds=10_000)
