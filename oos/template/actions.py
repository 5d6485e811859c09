"""Built-in actions: their kinds and properties (spec 4), found without regard to case."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from oos.diagnostics import nearest


class ActionKind(StrEnum):
    """What kind of thing an action does, as ListActions reports it (spec 4)."""

    API = "Atomic.API"
    CONTROL = "Atomic.Control"
    EMBEDDED = "Atomic.Embedded"
    TRIGGER = "Atomic.Trigger"


@dataclass(frozen=True, slots=True)
class Property:
    """A property of a built-in action."""

    name: str
    types: tuple[str, ...] = ("String",)
    """Type names of spec 1.2; empty for any."""
    required: bool = False
    purpose: str = ""
    words: tuple[str, ...] = ()
    """The words that it may be, in any case; empty for any. The first is the default."""


@dataclass(frozen=True, slots=True)
class BuiltinAction:
    """A built-in action."""

    name: str
    kind: ActionKind
    purpose: str
    properties: tuple[Property, ...] = ()
    one_of: tuple[tuple[str, ...], ...] = ()
    """Groups of properties of which at least one must be given."""
    needs: frozenset[str] = field(init=False, repr=False, compare=False)
    """Properties with which nothing is missing: all required ones, and the first of each group."""
    _by_name: Mapping[str, Property] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        names = {each.name.casefold(): each for each in self.properties}
        names.update({each.name: each for each in self.properties})
        object.__setattr__(self, "_by_name", names)
        required = [each.name for each in self.properties if each.required]
        object.__setattr__(self, "needs", frozenset([*required, *(group[0] for group in self.one_of)]))

    @property
    def may_loop(self) -> bool:
        """Whether a Loop may stand on it (spec 5.1)."""
        return self.kind in (ActionKind.API, ActionKind.EMBEDDED)

    @property
    def is_trigger(self) -> bool:
        """Whether it starts child executions of its own template (spec 4.5)."""
        return self.kind is ActionKind.TRIGGER

    def property(self, name: str) -> Property | None:
        """The property of this name, exact spelling first."""
        return self._by_name.get(name) or self._by_name.get(name.casefold())

    def meant(self, given: Collection[str]) -> dict[str, str]:
        """The missing properties that unknown ones stand for, by the names that are written: Items is LoopItems."""
        unknown = [name for name in given if self.property(name) is None]
        if not unknown:
            return {}
        missing = [each.name for each in self.properties if each.required and each.name not in given]
        missing += [name for group in self.one_of if set(group).isdisjoint(given) for name in group]
        found = {}
        for name in unknown:
            ends = (each for each in missing if each.casefold().endswith(name.casefold()))
            near = next(ends, None) or nearest(name, missing)
            if near is not None:
                found[name] = near
        return found


_ANY: Final = ()
_TEXT: Final = ("String",)
_MAP: Final = ("Json",)
_LIST: Final = ("List",)
_NUMBER: Final = ("Number",)
_FLAG: Final = ("Boolean",)

_CALL: Final = (
    Property("Service", _TEXT, True, "product code, e.g. ECS"),
    Property("API", _TEXT, True, "operation, e.g. DescribeInstances"),
    Property("Parameters", _MAP, False, "parameters of the operation"),
    Property("AutoPaging", _FLAG, False, "fetch all pages of a list and merge them (default true)"),
    Property("Method", _TEXT, False, "HTTP method, for REST style APIs"),
    Property("URI", _TEXT, False, "path, for REST style APIs"),
    Property("Headers", _MAP, False, "headers, for REST style APIs"),
    Property("Body", _ANY, False, "body, for REST style APIs"),
    Property("Risk", _TEXT, False, "Normal marks the call as not high-risk"),
    Property("Version", _TEXT, False, "version of the API"),
    Property("Endpoint", _TEXT, False, "address of the service"),
)
_EXPECT: Final = (
    Property("PropertySelector", _TEXT, True, "jq program on the response"),
    Property("DesiredValues", _LIST, False, "values of which one must be reached"),
    Property("NotDesiredValues", _LIST, False, "values that must not be there"),
)
_WEBHOOK: Final = (
    Property("NotifyType", _TEXT, False, "WebHook or Mail"),
    Property("WebHook", _MAP, False, "URI, Headers, Content"),
    Property("AppendExecutionLink", _FLAG, False, "add the address of the execution to the message"),
)

OVERLAP: Final = ("Start", "Skip", "Queue")
MISSED: Final = ("Skip", "Once")
_OVERLAP: Final = Property(
    "OverlapPolicy", _TEXT, False, "Start (default), Skip or Queue while one runs (ours)", OVERLAP
)

BUILTIN_ACTIONS: Final = (
    BuiltinAction("ACS::ExecuteAPI", ActionKind.API, "call an API operation", _CALL),
    BuiltinAction(
        "ACS::WaitFor",
        ActionKind.API,
        "call an operation until a value is reached",
        (*_CALL, *_EXPECT, Property("StopRetryValues", _LIST, False, "values at which waiting is given up")),
        (("DesiredValues", "NotDesiredValues"),),
    ),
    BuiltinAction(
        "ACS::CheckFor",
        ActionKind.API,
        "call an operation once and fail unless a value is as desired",
        (*_CALL, *_EXPECT, Property("StopRetryValues", _LIST, False, "values at which waiting is given up")),
        (("DesiredValues", "NotDesiredValues"),),
    ),
    BuiltinAction(
        "ACS::ExecuteHttpRequest",
        ActionKind.API,
        "call a web address",
        (
            Property("Method", _TEXT, False, "POST (default) or GET"),
            Property("URL", _TEXT, True, "the address"),
            Property("Headers", _MAP),
            Property("Query", _MAP),
            Property("Body", _ANY),
            Property("CheckFor", _MAP, False, "rules that the answer must satisfy"),
            Property("WaitFor", _MAP, False, "rules that some answer must satisfy"),
            Property("Timeout", _NUMBER, False, "seconds for one answer (default 30; ours)"),
        ),
    ),
    BuiltinAction(
        "ACS::Choice",
        ActionKind.CONTROL,
        "branch",
        (
            Property("DefaultTask", _TEXT, False, "where to go when no condition holds"),
            Property("Choices", _LIST, True, "list of When and NextTask"),
        ),
    ),
    BuiltinAction(
        "ACS::Sleep",
        ActionKind.CONTROL,
        "wait",
        (Property("Duration", _TEXT, False, "PT1M, 1H2M"), Property("EndDate", _TEXT, False, "instant in UTC")),
        (("Duration", "EndDate"),),
    ),
    BuiltinAction(
        "ACS::Approve",
        ActionKind.CONTROL,
        "wait for people to approve",
        (
            Property("Approvers", _LIST, False, "who may approve"),
            Property("MinRequiredApprovals", _NUMBER, False, "how many must (default 1)"),
            Property(
                "ExpiresAfter", _TEXT, False, "PT4H: after so long without enough approvals the task fails (ours)"
            ),
            *_WEBHOOK,
        ),
    ),
    BuiltinAction("ACS::Pause", ActionKind.CONTROL, "wait for a person"),
    BuiltinAction(
        "ACS::Notify",
        ActionKind.CONTROL,
        "send a message",
        (*_WEBHOOK, Property("Mail", _MAP, False, "host, port, account, addresses, text")),
        (("WebHook", "Mail"),),
    ),
    BuiltinAction(
        "ACS::SelectTargets",
        ActionKind.CONTROL,
        "turn targets into resources",
        (
            Property("ResourceType", _TEXT, True, "ALIYUN::ECS::Instance"),
            Property("RegionId", _TEXT),
            Property("Filters", ("List", "Json"), True, "list of targets (spec 1.3)"),
        ),
    ),
    BuiltinAction(
        "ACS::Loop",
        ActionKind.CONTROL,
        "repeat a group of tasks",
        (
            Property("LoopItems", _LIST, True, "what to repeat for"),
            Property("LoopRateControl", _MAP, False, "as RateControl"),
            Property("LoopTasks", _LIST, True, "the tasks to repeat"),
        ),
    ),
    BuiltinAction(
        "ACS::Template",
        ActionKind.EMBEDDED,
        "run another template",
        (
            Property("TemplateName", _TEXT),
            Property("TemplateVersion", _TEXT, False, "default: the latest"),
            Property("TemplateContent", ("Json",), False, "the template itself"),
            Property("Parameters", _MAP),
        ),
        (("TemplateName", "TemplateContent"),),
    ),
    BuiltinAction(
        "ACS::TimerTrigger",
        ActionKind.TRIGGER,
        "start children by time",
        (
            Property("Type", _TEXT, True, "cron, at or rate"),
            Property("Expression", _TEXT, True, "0 0 2 ? * *; an instant; 30 minutes"),
            Property("EndDate", _TEXT, True, "the last moment"),
            Property("StartDate", _TEXT),
            Property("TimeZone", _TEXT, False, "default UTC"),
            _OVERLAP,
            Property(
                "MissedPolicy", _TEXT, False, "Skip (default) missed firings, or fire Once for them (ours)", MISSED
            ),
        ),
    ),
    BuiltinAction(
        "ACS::EventTrigger",
        ActionKind.TRIGGER,
        "start children by event",
        (
            Property("Product", _TEXT, True),
            Property("Name", _LIST, True),
            Property("Level", _LIST),
            Property("Content", _MAP, False, "what the event must hold; a list means any of"),
            Property("Tags", ("List", "Json")),
            Property("RegionId", _LIST),
            Property("OutputTransformer", _ANY),
            _OVERLAP,
        ),
    ),
    BuiltinAction(
        "ACS::AlarmTrigger",
        ActionKind.TRIGGER,
        "start children by alarm",
        (
            Property("Namespace", _TEXT, True),
            Property("MetricName", _TEXT, True),
            Property("Statistics", _TEXT),
            Property("ComparisonOperator", _TEXT),
            Property("Threshold", _NUMBER),
            *(Property(name, _NUMBER) for name in ("Times", "SilenceTime", "Period")),
            Property("Interval", _ANY),
            Property("EffectiveInterval", _TEXT),
            Property("Resources", _ANY),
            Property("Tags", ("List", "Json")),
            Property("OutputTransformer", _ANY),
            _OVERLAP,
        ),
    ),
    BuiltinAction(
        "ACS::GitCodeRepo",
        ActionKind.CONTROL,
        "authorised clone address of a repository",
        tuple(Property(name) for name in ("Platform", "Owner", "Organization", "Repository")),
    ),
)

_BY_NAME: Final = {
    **{action.name.casefold(): action for action in BUILTIN_ACTIONS},
    **{action.name: action for action in BUILTIN_ACTIONS},
}


STRUCTURED: Final = frozenset(
    each.name
    for action in BUILTIN_ACTIONS
    for each in action.properties
    if {"List", "Json"}.issuperset(each.types or ("Any",)) and each.name != "TemplateContent"
)
"""Properties that are lists or maps, so that JSON text of one is read."""


def find_builtin(name: str) -> BuiltinAction | None:
    """The built-in action of this name, without regard to case."""
    return _BY_NAME.get(name) or _BY_NAME.get(name.casefold())
