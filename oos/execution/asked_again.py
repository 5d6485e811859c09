"""Asked again: whether a start that comes with a known client token asks for what that token started. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from oos.execution.events import ExecutionStarted


def difference_between(before: ExecutionStarted, again: ExecutionStarted, given: Iterable[str]) -> str:
    """What is asked for otherwise than before, in words; empty when it is the same start.

    A new text of a template of the same name is no difference: an execution has the text that it started with. Of the
    parameters those count that were given now; defaults may depend on the instant.
    """
    if before.template_hash != again.template_hash and before.template_name != again.template_name:
        return f"of {before.template_name}, not of {again.template_name}"
    if before.region != again.region:
        return f"in {before.region}, not in {again.region}"
    asked = {name.casefold() for name in given}
    for name, value in again.parameters.items():
        if name.casefold() in asked and name in before.parameters and before.parameters[name] != value:
            return f"with another value of the parameter {name}"
    return ""
