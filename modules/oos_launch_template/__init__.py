"""Launch templates: what RunInstances is to make, kept with versions."""

from __future__ import annotations

from oos.service.actions import actions_beside
from oos.service.operation import Effect, Module, Operation, Risk
from oos_launch_template import operations, requests, responses

OPERATIONS = (
    Operation(
        "ECS",
        "CreateLaunchTemplate",
        requests.CreateLaunchTemplate,
        responses.MadeVersion,
        operations.create_launch_template,
        effect=Effect.CHANGES,
        refuses=("SecurityOptionsEnableSecureBoot",),
    ),
    Operation(
        "ECS",
        "CreateLaunchTemplateVersion",
        requests.CreateLaunchTemplateVersion,
        responses.MadeVersion,
        operations.create_launch_template_version,
        effect=Effect.CHANGES,
    ),
    Operation(
        "ECS",
        "DescribeLaunchTemplates",
        requests.DescribeLaunchTemplates,
        responses.Templates,
        operations.describe_launch_templates,
        list_field="LaunchTemplateSets.LaunchTemplateSet",
    ),
    Operation(
        "ECS",
        "DescribeLaunchTemplateVersions",
        requests.DescribeLaunchTemplateVersions,
        responses.Versions,
        operations.describe_launch_template_versions,
        list_field="LaunchTemplateVersionSets.LaunchTemplateVersionSet",
    ),
    Operation(
        "ECS",
        "ModifyLaunchTemplateDefaultVersion",
        requests.ModifyLaunchTemplateDefaultVersion,
        responses.Modified,
        operations.modify_launch_template_default_version,
        effect=Effect.CHANGES,
    ),
    Operation(
        "ECS",
        "DeleteLaunchTemplate",
        requests.OneLaunchTemplate,
        responses.Deleted,
        operations.delete_launch_template,
        effect=Effect.DESTROYS,
        risk=Risk.HIGH,
    ),
    Operation(
        "ECS",
        "DeleteLaunchTemplateVersion",
        requests.DeleteLaunchTemplateVersion,
        responses.DeletedVersions,
        operations.delete_launch_template_version,
        effect=Effect.DESTROYS,
        risk=Risk.HIGH,
    ),
)

MODULE = Module("launch_template", OPERATIONS, actions_beside(__file__))
