"""What the names in an expression mean while an execution runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec

from oos.execution.model import Execution
from oos.template.expression import Reference, ReferenceKind
from oos.values.json import Value
from oos.values.time import format_instant

UTIL_VERSION: Final = "1.0"
"""Value of `ACS::OOSUtilVersion`, the version of the vendor's guest tool; ours needs none."""


class _NoItem:
    """There is no loop item here; None would be an item."""


NO_ITEM_VALUE: Final = _NoItem()


class ExecutionScope(msgspec.Struct, frozen=True):
    """Names of one execution, as seen from a task (or loop item) at an instant.

    `at` is the instant that the journal holds for the start of the task, never the clock's, so that an interrupted
    task evaluates to the same request when it is made again.
    """

    execution: Execution
    at: datetime
    item: Any = NO_ITEM_VALUE

    def lookup(self, reference: Reference) -> Value:
        """The value of a reference; None where the task has not run (spec 1.4)."""
        match reference.kind:
            case ReferenceKind.PARAMETER:
                return self.execution.home.parameters_at(self.at).get(reference.name)
            case ReferenceKind.PSEUDO:
                return _PSEUDO[reference.name](self)
            case ReferenceKind.OUTPUT:
                task = self.execution.task(reference.name)
                value = None if task is None else task.outputs.get(reference.field)
                if reference.selector is None or value is None:
                    return value
                return one_of(reference.selector.all(value))
            case ReferenceKind.RESPONSE:
                return self._response(reference)
            case ReferenceKind.STORE:
                return self.execution.home.start.store.get(f"oos:{reference.name}")
            case ReferenceKind.SECRET:
                return self.execution.home.start.store.get(f"oos-secret:{reference.name}")
            case _:
                raise AssertionError(f"{reference} was not resolved by the checker")

    def condition(self, name: str) -> Value:
        """The value of an entry of `Conditions`."""
        return self.execution.template.template.conditions[name].evaluate(self)

    def _response(self, reference: Reference) -> Value:
        task = self.execution.task(reference.name)
        if task is None or reference.selector is None:
            return None
        if task.loop is not None:
            return task.loop.outputs.get(reference.field)
        return None if task.response is None else one_of(reference.selector.all(task.response))


def scope_now(execution: Execution, now: datetime) -> ExecutionScope:
    """The scope of what is decided now, and not again later: it sees parameters that changed at this very instant."""
    return ExecutionScope(execution, execution.instant(now))


def one_of(found: list[Value]) -> Value:
    """What a direct reference into a response gives (spec 1.8): the one result, the list of several, or null."""
    return found[0] if len(found) == 1 else (found or None)


@dataclass(frozen=True, slots=True)
class StartScope:
    """Names that parameter defaults may use before there is an execution: pseudo parameters only.

    References among parameters are resolved by `bind_arguments` itself.
    """

    pseudo: Mapping[str, Value]

    def lookup(self, reference: Reference) -> Value:
        """The value of a pseudo parameter; anything else is not known yet."""
        return self.pseudo.get(reference.name) if reference.kind is ReferenceKind.PSEUDO else None

    def condition(self, name: str) -> Value:
        """No condition is known yet."""
        raise KeyError(name)


def start_scope(*, execution_id: str, region: str, account: str, by: str, at: datetime) -> StartScope:
    """The names known when an execution starts (spec 3)."""
    return StartScope(
        {
            "ACS::RegionId": region,
            "ACS::ExecutionId": execution_id,
            "ACS::AccountId": account,
            "ACS::CurrentUTCTime": format_instant(at),
            "ACS::CurrentDate": format_instant(at)[:10],
            "ACS::ExecuteUser": by,
            "ACS::OOSUtilVersion": UTIL_VERSION,
        }
    )


def _item(scope: ExecutionScope) -> Value:
    return scope.execution.item if scope.item is NO_ITEM_VALUE else scope.item


_PSEUDO: Final[Mapping[str, Callable[[ExecutionScope], Value]]] = {
    "ACS::RegionId": lambda scope: scope.execution.start.region,
    "ACS::ExecutionId": lambda scope: scope.execution.id,
    "ACS::AccountId": lambda scope: scope.execution.start.account,
    "ACS::CurrentUTCTime": lambda scope: format_instant(scope.at),
    "ACS::CurrentDate": lambda scope: format_instant(scope.at)[:10],
    "ACS::ExecuteUser": lambda scope: scope.execution.start.by,
    "ACS::OOSUtilVersion": lambda _: UTIL_VERSION,
    "ACS::TaskLoopItem": _item,
}
