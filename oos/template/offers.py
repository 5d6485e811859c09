"""Offers: whether the actions and operations that a template names exist, and what is known of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, Protocol, get_type_hints

from oos.diagnostics import Diagnostic, DiagnosticError
from oos.service.operation import ActionSource, Operation
from oos.source import Span
from oos.template import codes
from oos.template.actions import BUILTIN_ACTIONS, find_builtin
from oos.template.expression import Expression
from oos.template.model import Task, Template
from oos.template.parse import parse
from oos.template.suggestions import Suggestions
from oos.template.terms import Literal

_CALLS = frozenset({"ACS::ExecuteAPI", "ACS::WaitFor", "ACS::CheckFor"})


class ActionCatalog(Protocol):
    """What the installed modules offer; oos.service.catalog.Catalog is one."""

    def operation(self, service: str, name: str) -> Operation | None:
        """The operation of that service, or None."""

    def action(self, name: str) -> ActionSource | None:
        """The product action of that name, or None."""

    def has_service(self, service: str) -> bool:
        """Whether any module offers operations of this service."""

    def operations(self) -> Iterable[Operation]:
        """All operations."""

    def actions(self) -> Iterable[ActionSource]:
        """All product actions."""


@lru_cache(maxsize=1024)
def action_template(source: ActionSource) -> Template | None:
    """The template of a product action; None when it is broken, which its own module's tests say."""
    try:
        return parse(source.text, source.path)
    except DiagnosticError:
        return None


@lru_cache(maxsize=4096)
def response_fields(operation: Operation) -> Mapping[str, object]:
    """The fields of the response of an operation and their types; empty when it declares none."""
    try:
        return get_type_hints(operation.response)
    except (NameError, TypeError, AttributeError):
        return {}


LISTINGS: Final = {
    "aliyun::ecs::instance": ("ECS", "DescribeInstances", "InstanceId"),
    "aliyun::ecs::managedinstance": ("ECS", "DescribeManagedInstances", "InstanceId"),
    "aliyun::rds::instance": ("RDS", "DescribeDBInstances", "DBInstanceId"),
    "aliyun::redis::instance": ("R-KVSTORE", "DescribeInstances", "InstanceId"),
}
"""By resource type, the operation that lists the targets of SelectTargets, and the name of their id (spec 4.4)."""


_INSTEAD: Final = {
    "acs::executescript": "ACS::ECS::RunCommand runs a script in a guest",
    "acs::runscript": "ACS::ECS::RunCommand runs a script in a guest",
    **dict.fromkeys(
        ("acs::flow::foreach", "acs::foreach", "acs::repeat"), "give the task a Loop, or repeat several with ACS::Loop"
    ),
    "acs::eval": "Fn::Eval and Fn::Jq compute",
    "acs::if": "When leaves a task out, ACS::Choice branches",
}
"""What to use instead of actions that are often taken to exist (spec 4)."""


class Offers:
    """Looks up the actions and operations of one template and collects what is wrong with them."""

    def __init__(self, template: Template, catalog: ActionCatalog) -> None:
        self.faults: list[Diagnostic] = []
        self._source = template.source.name
        self._catalog = catalog
        self.suggestions = Suggestions()
        self._operations: dict[int, Operation | None] = {}

    def operation_of(self, task: Task) -> Operation | None:
        """The operation that a task calls, where it is written literally and offered."""
        if task.action == "ACS::SelectTargets":
            return self._operation_of_targets(task)
        if task.action not in _CALLS:
            return None
        service, api = literal_text(task.properties.get("Service")), literal_text(task.properties.get("API"))
        return self._catalog.operation(service, api) if service and api else None

    def _operation_of_targets(self, task: Task) -> Operation | None:
        """The operation whose response SelectTargets gives (spec 4.4)."""
        resources = literal_text(task.properties.get("ResourceType"))
        listing = LISTINGS.get(resources.casefold())
        return None if listing is None else self._catalog.operation(listing[0], listing[1])

    def action_of(self, task: Task) -> ActionSource | None:
        """The product action that a task is, where it is offered."""
        return None if find_builtin(task.action) else self._catalog.action(task.action)

    def named_action(self, name: str) -> ActionSource | None:
        """The product action of this name."""
        return self._catalog.action(name)

    def named_template(self, task: Task, name: str) -> None:
        """A product action that an ACS::Template names; faults when there is none of this name."""
        if self._catalog.action(name) is None:
            self._no_action(name, task.properties["TemplateName"].span)

    def fields(self, task: Task) -> frozenset[str] | None:
        """The names at the top of the response of a task; None when nothing is known."""
        operation = self.operation_of(task)
        if operation is not None:
            return frozenset(response_fields(operation)) | {"RequestId"} if response_fields(operation) else None
        action = self.action_of(task)
        template = None if action is None else action_template(action)
        return None if template is None else frozenset(template.outputs)

    def action_name(self, task: Task) -> str:
        """The action of a task in canonical spelling; faults when there is none of this name."""
        if not task.action or find_builtin(task.action) is not None:
            if task.action in _CALLS:
                self._check_operation(task)
            elif task.action == "ACS::SelectTargets":
                self._check_targets(task)
            return task.action
        action = self._catalog.action(task.action)
        if action is None:
            self._no_action(task.action, task.places.get("Action", task.span))
            return task.action
        return action.name

    def _no_action(self, name: str, span: Span) -> None:
        from oos.template import official  # here, because most templates name what is offered

        offered = [action.name for action in self._catalog.actions()]
        built_in = [action.name for action in BUILTIN_ACTIONS]
        parts = name.split("::")
        instead = _INSTEAD.get(name.casefold(), "")
        if instead:
            self.faults.append(codes.UNKNOWN_ACTION.at(self._source, span, f"no action is named {name}", instead))
            return
        product = parts[1] if len(parts) == 3 and parts[0].casefold() == "acs" else ""
        if official.is_product_action(name) or (product and not self._has_product(product)):
            self._not_offered(span, f"the product action {name}")
            return
        hint = self.suggestions.did_you_mean(name, [*offered, *built_in])
        if not hint and len(parts) != 3:
            hint = "actions are written ACS::Name or ACS::Product::Name"
        message = f"no action is named {name}"
        self.faults.append(codes.UNKNOWN_ACTION.at(self._source, span, message, hint))

    def _has_product(self, product: str) -> bool:
        prefix = f"acs::{product}::".casefold()
        near = self.suggestions.nearest(product, {each.service for each in self._catalog.operations()})
        return (
            self._catalog.has_service(product)
            or any(action.name.casefold().startswith(prefix) for action in self._catalog.actions())
            or (near is not None and len(near) == len(product) and len(product) > 3)
        )

    def _check_operation(self, task: Task) -> None:
        service = literal_text(task.properties.get("Service"))
        api = literal_text(task.properties.get("API"))
        if not service:
            return
        if not self._catalog.has_service(service):
            self._not_offered(task.properties["Service"].span, f"the service {service}")
        elif api and self._catalog.operation(service, api) is None:
            self._no_operation(task, service, api)

    def _check_targets(self, task: Task) -> None:
        resources = literal_text(task.properties.get("ResourceType"))
        if resources and self._operation_of_targets(task) is None:
            self._not_offered(task.properties["ResourceType"].span, f"targets of the type {resources}")

    def _no_operation(self, task: Task, service: str, api: str) -> None:
        from oos.template import official  # here, because most templates name what is offered

        span = task.properties["API"].span
        if official.is_operation(service, api):
            self._not_offered(span, f"the operation {service}.{api}")
            return
        offered = [each.name for each in self._catalog.operations() if each.service.casefold() == service.casefold()]
        hint = self.suggestions.did_you_mean(api, [*offered, *official.operations_of(service)])
        message = f"the service {service} has no operation {api}"
        self.faults.append(codes.UNKNOWN_OPERATION.at(self._source, span, message, hint))

    def _not_offered(self, span: Span, what: str) -> None:
        message = f"no installed module offers {what}"
        hint = "the template can be checked, but not started here"
        self.faults.append(codes.NOT_OFFERED.at(self._source, span, message, hint))


def literal_text(expression: Expression | None) -> str:
    """The text that an expression literally is; empty when it is none."""
    if expression is None or not isinstance(expression.term, Literal):
        return ""
    value = expression.term.value
    return value if isinstance(value, str) else ""
