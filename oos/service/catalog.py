"""The catalog: every operation and product action that the installed modules offer, found without regard to case."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from importlib import import_module

from oos.service.operation import ActionSource, Module, Operation

ENTRY_POINT_GROUP = "oos.modules"


class Catalog:
    """Operations and product actions by name."""

    def __init__(self, modules: Iterable[Module]) -> None:
        self._modules = tuple(modules)
        self._operations: dict[tuple[str, str], Operation] = {}
        self._actions: dict[str, ActionSource] = {}
        for module in self._modules:
            for operation in module.operations:
                known = self._operations.setdefault(operation.key, operation)
                assert known is operation, f"two modules offer {operation.service}.{operation.name}"
            for action in module.actions:
                known_action = self._actions.setdefault(action.name.casefold(), action)
                assert known_action is action, f"two modules offer {action.name}"

    @property
    def modules(self) -> tuple[Module, ...]:
        """The modules that it was made of."""
        return self._modules

    def operation(self, service: str, name: str) -> Operation | None:
        """The operation of that service, or None."""
        return self._operations.get((service.casefold(), name.casefold()))

    def action(self, name: str) -> ActionSource | None:
        """The product action of that name, or None."""
        return self._actions.get(name.casefold())

    def has_service(self, service: str) -> bool:
        """Whether any module offers operations of this service."""
        folded = service.casefold()
        return any(key[0] == folded for key in self._operations)

    def operations(self) -> Iterator[Operation]:
        """All operations, by service and name."""
        yield from (self._operations[key] for key in sorted(self._operations))

    def actions(self) -> Iterator[ActionSource]:
        """All product actions, by name."""
        yield from (self._actions[key] for key in sorted(self._actions))


def installed_places() -> tuple[str, ...]:
    """Where modules are (`package:attribute`), as installed distributions declare in the entry-point group."""
    from importlib.metadata import entry_points  # here, because an index of them saves looking (oos.app.catalog_index)

    found = sorted(entry_points(group=ENTRY_POINT_GROUP), key=lambda entry: entry.name)
    return tuple(entry.value for entry in found)


def module_at(place: str) -> Module:
    """The module at a place, imported."""
    package, _, attribute = place.partition(":")
    module = getattr(import_module(package), attribute)
    assert isinstance(module, Module), f"{place} is not a Module"
    return module


def installed_modules() -> tuple[Module, ...]:
    """The modules that installed distributions declare in the entry-point group `oos.modules`."""
    return tuple(map(module_at, installed_places()))
