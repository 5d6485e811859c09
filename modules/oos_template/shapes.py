"""Shapes: templates, versions and actions as OOS describes them. Pure."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from oos.service.operation import ActionSource
from oos.service.shape import instant
from oos.service.stored_templates import TemplateHead, TemplateVersion
from oos.template.actions import BuiltinAction
from oos.template.model import Template
from oos.template.outline import in_language
from oos.template.printer import as_data
from oos.values.json import Value, json_text
from oos_template import responses


def stored_shape(head: TemplateHead, version: TemplateVersion) -> responses.StoredShape:
    """A registered template."""
    return {
        "TemplateId": head.id,
        "TemplateName": head.name,
        "TemplateVersion": version.name if version.number else "",
        "TemplateFormat": version.format,
        "Hash": version.hash,
        "Description": version.description,
        "HasTrigger": version.has_trigger,
        "ShareType": "Private" if version.number else "Public",
        "CreatedBy": head.created_by,
        "CreatedDate": _date(head.created),
        "UpdatedBy": version.by,
        "UpdatedDate": _date(version.created),
        "ResourceGroupId": head.resource_group,
        "Tags": dict(head.tags),
    }


def whole_shape(head: TemplateHead, version: TemplateVersion) -> responses.WholeShape:
    """A template in the answer of GetTemplate."""
    stored = stored_shape(head, version)
    return {**stored, "TemplateType": version.type, "VersionName": version.label, "SharedAccounts": ""}


def listed_shape(
    head: TemplateHead, version: TemplateVersion, categories: list[str], executions: int | None
) -> responses.ListedShape:
    """A template of ListTemplates; how often it was run only where that was counted."""
    whole = stored_shape(head, version)
    shape: responses.ListedShape = {
        "TemplateId": whole["TemplateId"],
        "TemplateName": whole["TemplateName"],
        "TemplateVersion": whole["TemplateVersion"],
        "TemplateFormat": whole["TemplateFormat"],
        "Hash": whole["Hash"],
        "Description": whole["Description"],
        "HasTrigger": whole["HasTrigger"],
        "ShareType": whole["ShareType"],
        "CreatedBy": whole["CreatedBy"],
        "CreatedDate": whole["CreatedDate"],
        "UpdatedBy": whole["UpdatedBy"],
        "UpdatedDate": whole["UpdatedDate"],
        "ResourceGroupId": whole["ResourceGroupId"],
        "Tags": whole["Tags"],
        "TemplateType": version.type,
        "VersionName": version.label,
        "Category": ",".join(categories),
        "IsFavorite": head.is_favorite,
        "Popularity": 0,
        "Publisher": head.created_by,
    }
    if executions is not None:
        shape["TotalExecutionCount"] = executions
    return shape


def _date(moment: datetime) -> str:
    """An instant; empty for a runbook in a folder, of which nobody knows when it was made."""
    return instant(moment) if moment.year > 1 else ""


def version_shape(version: TemplateVersion) -> responses.VersionShape:
    """One version of ListTemplateVersions."""
    return {
        "TemplateVersion": version.name,
        "VersionName": version.label,
        "TemplateFormat": version.format,
        "Description": version.description,
        "UpdatedBy": version.by,
        "UpdatedDate": instant(version.created),
    }


def validated_shape(template: Template) -> responses.Validated:
    """The parts of a template that was found sound."""
    data: dict[str, Any] = as_data(template)
    return {
        "Parameters": json_text(data.get("Parameters", {})),
        "Outputs": json_text(data.get("Outputs", {})),
        "RamRole": str(data.get("RamRole", "")),
        "Tasks": [_task_shape(each) for each in data.get("Tasks", [])],
    }


def _task_shape(task: dict[str, Value]) -> responses.TaskShape:
    return {
        "Name": str(task["Name"]),
        "Type": str(task["Action"]),
        "Description": in_language(task.get("Description")),
        "Properties": json_text(task.get("Properties", {})),
        "Outputs": json_text(task.get("Outputs", {})),
    }


def builtin_shape(action: BuiltinAction) -> responses.ActionShape:
    """A built-in action of ListActions."""
    properties: Value = {
        each.name: {"Type": each.types[0] if each.types else "Json", "Required": each.required}
        for each in action.properties
    }
    return _action_shape(action.name, str(action.kind), action.purpose, properties)


def product_shape(action: ActionSource, template: Template) -> responses.ActionShape:
    """A product action of ListActions: its properties are the parameters of its template."""
    parameters: Value = {
        name: {"Type": each.type, "Required": each.default is None} for name, each in template.parameters.items()
    }
    return _action_shape(action.name, "Product", in_language(template.description), parameters)


def _action_shape(name: str, kind: str, description: str, properties: Value) -> responses.ActionShape:
    return {
        "OOSActionName": name,
        "ActionType": kind,
        "Description": description,
        "Properties": json_text(properties),
        "TemplateVersion": "",
        "CreatedDate": "",
        "Popularity": 0,
    }
