"""Templates: registered with their versions, checked, listed, and looked into; actions too."""

from __future__ import annotations

from oos.service.actions import actions_beside
from oos.service.operation import Effect, Module, Operation, Risk
from oos_template import describe, operations, requests, responses

OPERATIONS = (
    Operation(
        "OOS",
        "CreateTemplate",
        requests.CreateTemplate,
        responses.Created,
        operations.create_template,
        effect=Effect.CHANGES,
    ),
    Operation("OOS", "GetTemplate", requests.GetTemplate, responses.Whole, describe.get_template),
    Operation(
        "OOS",
        "UpdateTemplate",
        requests.UpdateTemplate,
        responses.Updated,
        operations.update_template,
        effect=Effect.CHANGES,
    ),
    Operation(
        "OOS",
        "ListTemplates",
        requests.ListTemplates,
        responses.Templates,
        describe.list_templates,
        list_field="Templates",
        ignores=("IsExample",),
    ),
    Operation(
        "OOS",
        "ListTemplateVersions",
        requests.ListTemplateVersions,
        responses.Versions,
        describe.list_template_versions,
        list_field="TemplateVersions",
    ),
    Operation(
        "OOS",
        "DeleteTemplate",
        requests.DeleteTemplate,
        responses.Nothing,
        operations.delete_template,
        effect=Effect.DESTROYS,
        risk=Risk.HIGH,
    ),
    Operation(
        "OOS",
        "DeleteTemplates",
        requests.DeleteTemplates,
        responses.Nothing,
        operations.delete_templates,
        effect=Effect.DESTROYS,
        risk=Risk.HIGH,
    ),
    Operation(
        "OOS",
        "UpdateTemplateAttributes",
        requests.UpdateTemplateAttributes,
        responses.Nothing,
        operations.update_template_attributes,
        effect=Effect.CHANGES,
        refuses=("AccountIds", "SharePermissionAction", "ShareTemplateVersion"),
    ),
    Operation(
        "OOS",
        "ValidateTemplateContent",
        requests.ValidateTemplateContent,
        responses.Validated,
        describe.validate_template_content,
    ),
    Operation(
        "OOS", "ListActions", requests.ListActions, responses.Actions, describe.list_actions, list_field="Actions"
    ),
    Operation(
        "OOS",
        "ListExecutionRiskyTasks",
        requests.ListExecutionRiskyTasks,
        responses.Risks,
        describe.list_execution_risky_tasks,
    ),
    Operation(
        "OOS",
        "GetTemplateParameterConstraints",
        requests.GetTemplateParameterConstraints,
        responses.Constraints,
        describe.get_template_parameter_constraints,
    ),
    Operation(
        "OOS",
        "GenerateExecutionPolicy",
        requests.GenerateExecutionPolicy,
        responses.Policy,
        describe.generate_execution_policy,
        ignores=("RamRole",),
    ),
    Operation(
        "OOS",
        "DescribeRegions",
        requests.DescribeRegions,
        responses.Regions,
        describe.describe_regions,
        ignores=("AcceptLanguage",),
    ),
)

MODULE = Module("template", OPERATIONS, actions_beside(__file__))
