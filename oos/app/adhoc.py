"""Ad hoc commands: the template that runs one command on many instances, for every door that offers them."""

from __future__ import annotations

import base64
from dataclasses import dataclass

from oos.app.targets import MANAGED, kind_of_targets, read_targets

KINDS = {
    "shell": "RunShellScript",
    "python": "RunPythonScript",
    "perl": "RunPerlScript",
    "powershell": "RunPowerShellScript",
    "bat": "RunBatScript",
}


@dataclass(frozen=True, slots=True)
class AdHoc:
    """A command, and on what it is to run."""

    targets: tuple[str, ...]
    """As people write them: all, ids, tag:key=value, name:pattern, status:Running."""
    command: str
    kind: str = "RunShellScript"
    concurrency: str = "10"
    max_errors: str = "100%"
    timeout: int = 600
    directory: str = ""
    user: str = ""


def adhoc_template(asked: AdHoc, region: str) -> str:
    """The template of an ad hoc command; everything that was asked for is the default of a parameter.

    Raises DiagnosticError for targets that mean nothing.
    """
    import yaml

    kind = kind_of_targets(asked.targets)
    listed = "Instances[]" if kind == MANAGED else "Instances.Instance[]"
    parameters = {
        "targets": {
            "Type": "List",
            "Description": "Targets maps; every instance that any of them means.",
            "Default": read_targets(asked.targets, region),
        },
        "command": {"Type": "String", "Default": _literal(asked.command)},
        "rateControl": {
            "Type": "Json",
            "AssociationProperty": "RateControl",
            "Default": {
                "Mode": "Concurrency",
                "Concurrency": _quantity(asked.concurrency),
                "MaxErrors": _quantity(asked.max_errors),
            },
        },
        "timeout": {"Type": "Number", "Default": asked.timeout},
    }
    properties = {
        "instanceId": "{{ ACS::TaskLoopItem }}",
        "commandType": asked.kind,
        "commandContent": "{{ command }}",
        "timeout": "{{ timeout }}",
    }
    if asked.directory:
        properties["workingDir"] = asked.directory
    if asked.user:
        properties["username"] = asked.user
    document = {
        "FormatVersion": "OOS-2019-06-01",
        "Description": "An ad hoc command, as oos exec made it",
        "Parameters": parameters,
        "Tasks": [
            {
                "Name": "selectTargets",
                "Action": "ACS::SelectTargets",
                "Properties": {"ResourceType": kind, "Filters": "{{ targets }}"},
                "Outputs": {
                    "instanceIds": {"Type": "List", "ValueSelector": f"{listed}.InstanceId"},
                    "instanceNames": {"Type": "List", "ValueSelector": f"{listed}.InstanceName"},
                },
            },
            {
                "Name": "runCommand",
                "Action": "ACS::ECS::RunCommand",
                "Properties": properties,
                "Loop": {
                    "Items": "{{ selectTargets.instanceIds }}",
                    "RateControl": "{{ rateControl }}",
                    "Outputs": {"commandOutputs": {"AggregateType": "Fn::ListJoin", "AggregateField": "commandOutput"}},
                },
                "Outputs": {"commandOutput": {"Type": "String", "ValueSelector": "invocationOutput"}},
            },
        ],
        "Outputs": {
            "instanceIds": {"Type": "List", "Value": "{{ selectTargets.instanceIds }}"},
            "commandOutputs": {"Type": "List", "Value": "{{ runCommand.commandOutputs }}"},
        },
    }
    return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100, default_flow_style=False))


def _literal(text: str) -> object:
    """The text as a value in which nothing is replaced: a shell command may well hold double braces of its own."""
    if "{{" not in text:
        return text
    return {"Fn::Base64Decode": base64.b64encode(text.encode()).decode()}


def _quantity(text: str) -> int | str:
    """A number, or a percentage as text."""
    return int(text) if text.isdigit() else text
