"""Diagnostic codes: every fault and remark the template floor can make, by number, with meaning and remedy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from oos.diagnostics import Diagnostic, Severity
from oos.source import NOWHERE, Span

_W = Severity.WARNING
_H = Severity.HINT


@dataclass(frozen=True, slots=True)
class Code:
    """One kind of diagnostic. Rooms: 0 syntax, 1 structure, 2 names, 3 types, 4 flow, 5 safety, 6 arguments."""

    code: str
    title: str
    meaning: str
    remedy: str
    severity: Severity = Severity.ERROR

    def at(
        self,
        source: str,
        span: Span,
        message: str,
        hint: str = "",
        *,
        severity: Severity | None = None,
        related: tuple[tuple[Span, str], ...] = (),
    ) -> Diagnostic:
        """A diagnostic of this kind at a place."""
        return Diagnostic(self.code, message, source, span, hint, severity or self.severity, related)

    def nowhere(self, source: str, message: str, hint: str = "") -> Diagnostic:
        """A diagnostic of this kind about something that has no text of its own."""
        return self.at(source, NOWHERE, message, hint)


# -- 0: syntax ---------------------------------------------------------------------------------------------------
NOT_UTF8: Final = Code(
    "OOS001",
    "not UTF-8 text",
    "A template is UTF-8 text. These bytes are something else: another encoding, or no text at all.",
    "Save the file as UTF-8.",
)
SYNTAX: Final = Code(
    "OOS002",
    "neither YAML nor JSON",
    "The text breaks the rules of YAML (of which JSON is a part) at this place. Nothing after it could be read.",
    "Mend the text at the place shown; often an indent, a tab, or a text that needs quotes, such as '{{ name }}'.",
)
TOO_LARGE: Final = Code(
    "OOS003",
    "template too large",
    "The cloud accepts templates up to 64 KB; above that a warning, above 256 KB a fault.",
    "Split the template: a part of it can become a template of its own, started by ACS::Template.",
)
TOO_DEEP: Final = Code(
    "OOS004",
    "nested too deeply",
    "Lists, maps and functions may stand inside each other 100 levels deep.",
    "Compute the inner part in a task or parameter of its own and refer to it.",
)
DUPLICATE_KEY: Final = Code(
    "OOS005",
    "key written twice",
    "A map holds the same key twice, so one of the two would be lost without a word.",
    "Remove or rename one of them; both places are shown.",
)
ALIASES: Final = Code(
    "OOS006",
    "alias that has no end",
    "A YAML alias contains itself, or aliases written out would give more than 100,000 nodes.",
    "Write the value out, or use fewer aliases.",
)
NOT_JSON_VALUE: Final = Code(
    "OOS007",
    "not a JSON value",
    "Only values that JSON knows can stand in a template: no own tags, no binary, no keys but text.",
    "Remove the tag, or write the value as quoted text. Short forms such as !Sub do not exist; write Fn::Sub.",
)
SEVERAL_DOCUMENTS: Final = Code(
    "OOS008",
    "more than one document",
    "The text holds several YAML documents (a line with ---). A template is one document.",
    "Keep one document a file.",
)

# -- 1: structure ------------------------------------------------------------------------------------------------
NOT_A_MAP: Final = Code(
    "OOS100",
    "not a template",
    "A template is a map with FormatVersion and Tasks. This document is empty, or a list, or plain text.",
    "Begin the file with FormatVersion: OOS-2019-06-01.",
)
MISSING_FIELD: Final = Code(
    "OOS101",
    "required field missing",
    "The element lacks a field without which it means nothing.",
    "Add the field.",
)
UNKNOWN_FIELD: Final = Code(
    "OOS102",
    "unknown field",
    "The language does not know this field, so it has no effect. A fault when it looks like a misspelt known field, "
    "else a warning.",
    "Correct the name, or remove the field.",
)
WRONG_FIELD_TYPE: Final = Code(
    "OOS103",
    "wrong kind of value",
    "The field wants another kind of value: a map, a list, text, a number or a boolean.",
    "Write the value in the kind that the message names.",
)
FORMAT_VERSION: Final = Code(
    "OOS104",
    "unknown format version",
    "FormatVersion is none of those this program reads.",
    "Write FormatVersion: OOS-2019-06-01.",
)
BAD_NAME: Final = Code(
    "OOS105",
    "name not allowed",
    "Names of tasks and parameters consist of letters, digits, _ and -, at most 200 characters.",
    "Rename it.",
)
NAME_TAKEN: Final = Code(
    "OOS106",
    "name used twice",
    "Two tasks bear the same name (or the same but for case, then a warning), so jumps and references are ambiguous.",
    "Rename one of the two; both places are shown.",
)
TASK_COUNT: Final = Code(
    "OOS107",
    "no tasks, or too many",
    "A template has at least one task and at most 1,000.",
    "Add a task, or split the template.",
)
NOT_AMONG: Final = Code(
    "OOS108",
    "word not among the allowed ones",
    "The field takes one of a few words, and this is none of them.",
    "Choose one of the words that the message lists.",
)
OUT_OF_RANGE: Final = Code(
    "OOS109",
    "number out of range",
    "The number is outside the bounds of its field, e.g. Retries 0 to 300.",
    "Choose a number within the bounds.",
)
NOT_RUNNABLE: Final = Code(
    "OOS110",
    "not a template that can be executed",
    "State and package templates are valid, and are read and kept as data. They are applied inside a guest by an "
    "agent, not carried out task by task; executing one is a fault.",
    "Execute a template with FormatVersion OOS-2019-06-01.",
    _W,
)
NOT_HERE: Final = Code(
    "OOS111",
    "field not allowed on this action",
    "Loops belong to API actions, product actions and ACS::Template; other actions run once.",
    "Remove the field, or put the action into the tasks of an ACS::Loop.",
)
TRIGGER_PLACE: Final = Code(
    "OOS112",
    "trigger in the wrong place",
    "A template has at most one trigger, and the trigger is its first task.",
    "Move the trigger to the front, or make a template of its own for it.",
)
MISSING_PROPERTY: Final = Code(
    "OOS113",
    "required property missing",
    "The action or operation cannot work without this property.",
    "Add the property.",
)
UNKNOWN_PROPERTY: Final = Code(
    "OOS114",
    "unknown property",
    "The action, operation or product action does not know this property. Names must match exactly, also in case.",
    "Correct the name, or remove the property.",
)
PROPERTY_CHOICE: Final = Code(
    "OOS115",
    "properties do not go together",
    "Of some properties exactly one, or at least one, must be given: Duration or EndDate; TemplateName or "
    "TemplateContent.",
    "Give one of those that the message names.",
)

# -- 2: names ----------------------------------------------------------------------------------------------------
UNKNOWN_PARAMETER: Final = Code(
    "OOS201",
    "unknown parameter",
    "The reference names no parameter of this template.",
    "Correct the name, or declare the parameter under Parameters.",
)
UNKNOWN_TASK: Final = Code(
    "OOS202",
    "unknown task",
    "The reference {{ task.output }} names no task of this template.",
    "Correct the name of the task.",
)
UNKNOWN_OUTPUT: Final = Code(
    "OOS203",
    "unknown output",
    "The task exists, but it declares no such output and has no response that could be read directly.",
    "Declare the output under Outputs of the task, or correct its name.",
)
LATER_TASK: Final = Code(
    "OOS204",
    "task that has not run yet",
    "The reference reads an output of the task itself or of a later one. There is no value yet.",
    "Move the producing task in front.",
)
UNKNOWN_PSEUDO: Final = Code(
    "OOS205",
    "unknown pseudo parameter",
    "No pseudo parameter has this name.",
    "Known are ACS::RegionId, ACS::ExecutionId, ACS::TaskLoopItem, ACS::AccountId, ACS::CurrentUTCTime, "
    "ACS::CurrentDate, ACS::ExecuteUser and ACS::OOSUtilVersion.",
)
UNKNOWN_FUNCTION: Final = Code(
    "OOS206",
    "unknown function",
    "No function has this name.",
    "Correct the name; the language document lists all functions.",
)
UNKNOWN_CONDITION: Final = Code(
    "OOS207",
    "unknown condition",
    "A text in the place of a condition is the name of an entry under Conditions. There is no such entry.",
    "Correct the name, or declare the condition.",
)
UNKNOWN_ACTION: Final = Code(
    "OOS208",
    "unknown action",
    "No action has this name, neither a built-in one nor one of an installed module.",
    "Correct the name.",
)
UNKNOWN_OPERATION: Final = Code(
    "OOS209",
    "unknown operation",
    "The service is offered, but it has no operation of this name.",
    "Correct the name of the API.",
)
NOT_OFFERED: Final = Code(
    "OOS210",
    "no installed module offers this",
    "The service, operation or product action exists in the cloud, but no installed module offers it here. "
    "The template is valid; it is refused when it is started.",
    "Install a module that offers it, or remove the task.",
    _W,
)
NOT_A_REFERENCE: Final = Code(
    "OOS212",
    "not a reference",
    "Double braces hold a reference: a parameter, task.output, ACS::Name, oos:name or oos-secret:name.",
    "Write a reference. Literal double braces can be made with Fn::Join of '{' and '{'.",
)
NO_LOOP_ITEM: Final = Code(
    "OOS214",
    "loop item outside a loop",
    "ACS::TaskLoopItem has a value inside a loop only; elsewhere it is null.",
    "Add a Loop to the task, or refer to something else.",
    _W,
)
UNKNOWN_AGGREGATE: Final = Code(
    "OOS215",
    "unknown aggregate",
    "An entry of Loop.Outputs needs an AggregateType that is known and an AggregateField that names an output of "
    "the same task.",
    "Use Fn::ListJoin or Fn::Sum, and an output that the task declares.",
)

LOOKALIKE: Final = Code(
    "OOS216",
    "looks like a reference",
    "The value would be a reference to a parameter in another language. Here it is plain text, or a map.",
    "Write a reference: '{{ name }}'.",
    _W,
)

# -- 3: types ----------------------------------------------------------------------------------------------------
ARGUMENT_COUNT: Final = Code(
    "OOS301",
    "wrong number of arguments",
    "The function takes another number of arguments.",
    "Give the arguments that the message lists, as a list.",
)
ARGUMENT_TYPE: Final = Code(
    "OOS302",
    "wrong type of argument",
    "The argument can never have the type that the function needs.",
    "Give a value of the type named.",
)
PROPERTY_TYPE: Final = Code(
    "OOS303",
    "wrong type of property",
    "The value can never have the type that the property needs.",
    "Give a value of the type named.",
)
BAD_SELECTOR: Final = Code(
    "OOS304",
    "not a jq program",
    "The selector cannot be read by jq.",
    "Correct the program; the leading dot may be left out.",
)
NOT_A_CONDITION: Final = Code(
    "OOS305",
    "not a condition",
    "In this place stands something that is true or false: a boolean, a function that gives one, a reference, "
    "or the name of a condition.",
    "Compare with Fn::Equals.",
)
DEFAULT_TYPE: Final = Code(
    "OOS306",
    "default does not fit",
    "The default value is not of the declared type, or breaks the parameter's own constraints.",
    "Correct the default, the type, or the constraint.",
    _W,
)
SELECTOR_PATH: Final = Code(
    "OOS307",
    "selector finds nothing",
    "The response of the operation has no such field, so the selector gives null.",
    "Correct the path; the hint shows the nearest field.",
    _W,
)
EVALUATION: Final = Code(
    "OOS310",
    "expression cannot be computed",
    "A function was given values it cannot work with.",
    "See the message; Fn::If can guard against values that are missing.",
)
RESULT_TOO_LARGE: Final = Code(
    "OOS311",
    "result too large",
    "The result of an expression is bounded: 4 MiB of text, 200,000 items.",
    "Select what is needed before joining or printing it.",
)
SELECTION: Final = Code(
    "OOS313",
    "selector failed",
    "jq stopped with an error on this value, e.g. it iterated over null or took a field of a number.",
    "Add ? to the step that may fail, or test the value before.",
)

# -- 4: flow -----------------------------------------------------------------------------------------------------
UNKNOWN_TARGET: Final = Code(
    "OOS401",
    "jump to nowhere",
    "OnError, OnSuccess, NextTask and DefaultTask take ACS::END, ACS::NEXT or the name of a task.",
    "Correct the name.",
)
BACKWARD_JUMP: Final = Code(
    "OOS402",
    "jump backwards",
    "Tasks form a graph that only goes forward; a task cannot jump to itself or to an earlier one.",
    "Repeat with a Loop, ACS::Loop, ACS::WaitFor or a child template.",
)
UNREACHABLE: Final = Code(
    "OOS403",
    "task never runs",
    "No way through the template leads to this task.",
    "Remove it, or let a Choice, OnError or OnSuccess lead to it.",
    _W,
)
TARGET_REFERENCE: Final = Code(
    "OOS404",
    "jump target is not literal",
    "Targets of jumps are names, not references: the graph is known before the template runs.",
    "Use ACS::Choice with one entry for each target.",
)
UNUSED_OUTPUT: Final = Code(
    "OOS405",
    "output never used",
    "Nothing reads this output of the task.",
    "Remove it, or leave it for people to see.",
    _H,
)
CYCLE: Final = Code(
    "OOS406",
    "definition that needs itself",
    "Conditions, or defaults of parameters, refer to each other in a circle.",
    "Break the circle.",
)
PROTECTION: Final = Code(
    "OOS407",
    "protection that cannot be",
    "Protect stands on a task that changes instances and says which: an API call, a product action, a child template.",
    "Put it on the task that changes, or name the instances: Protect: {Snapshot: ids}.",
)

# -- 5: safety ---------------------------------------------------------------------------------------------------
PASTED_INTO_JQ: Final = Code(
    "OOS501",
    "reference pasted into a jq program",
    "The value becomes part of the program text. A quote or backslash in it breaks the program or changes what it "
    "does.",
    "Hand the value over as data: Fn::Jq: [First, '.key as $k | .data | …', {key: '{{ name }}', data: …}].",
    _W,
)
SECRET_SHOWN: Final = Code(
    "OOS502",
    "secret flows into something that is shown",
    "A NoEcho parameter or an encrypted parameter flows into an output, where it is masked, so whoever reads it gets "
    "***; or into the text of a message, a name or a tag, where it can be read. The address, headers and account of a "
    "message are where credentials belong, and raise no alarm.",
    "Do not hand the secret on, or hand on something that is not secret.",
    _W,
)
FORBIDDEN_IN_JQ: Final = Code(
    "OOS503",
    "jq may not look outside",
    "Selectors see the value they are given and nothing else: no environment, no files, no further input.",
    "Hand what is needed over as data.",
)
TOO_COSTLY: Final = Code(
    "OOS504",
    "computation stopped",
    "A selector or pattern took longer, or more memory, than an expression may.",
    "Simplify it; select before iterating.",
)

# -- 6: arguments ------------------------------------------------------------------------------------------------
MISSING_ARGUMENT: Final = Code(
    "OOS601",
    "parameter without a value",
    "The parameter has no default and was not given.",
    "Give it with -p name=value.",
)
UNKNOWN_ARGUMENT: Final = Code(
    "OOS602",
    "argument for no parameter",
    "The template declares no parameter of this name.",
    "Correct the name.",
)
ARGUMENT_KIND: Final = Code(
    "OOS603",
    "argument of the wrong type",
    "The value cannot be read as the type that the parameter declares.",
    "Give a value of that type; -p name:=json passes lists, maps, numbers and booleans.",
)
NOT_ALLOWED: Final = Code(
    "OOS604",
    "value not among AllowedValues",
    "The parameter takes one of the values it lists.",
    "Give one of them.",
)
PATTERN: Final = Code(
    "OOS605",
    "value does not match AllowedPattern",
    "The whole value must match the regular expression.",
    "Give a value that matches.",
)
LENGTH: Final = Code(
    "OOS606",
    "value too short or too long",
    "The length is outside MinLength and MaxLength.",
    "Give a value within the bounds.",
)
BOUNDS: Final = Code(
    "OOS607",
    "number too small or too large",
    "The number is outside MinValue and MaxValue.",
    "Give a number within the bounds.",
)
BAD_PATTERN: Final = Code(
    "OOS608",
    "pattern cannot be read",
    "AllowedPattern is not a regular expression of Python, so it is not enforced.",
    "Correct the expression.",
    _W,
)

ALL: Final[tuple[Code, ...]] = tuple(each for each in tuple(globals().values()) if isinstance(each, Code))
"""Every code, by number."""
