"""Tags: one piece of work behind the operations of ECS, of the Tag service, and of OOS for what it stores."""

from __future__ import annotations

from oos.service.actions import actions_beside
from oos.service.operation import Effect, Module, Operation
from oos.service.tag_shapes import TagResourcesListed
from oos_tag import operations, requests, responses, stored_operations

OPERATIONS = (
    Operation(
        "ECS",
        "TagResources",
        requests.TagResources,
        responses.Nothing,
        operations.tag_resources,
        effect=Effect.CHANGES,
    ),
    Operation(
        "ECS",
        "UntagResources",
        requests.UntagResources,
        responses.Nothing,
        operations.untag_resources,
        effect=Effect.CHANGES,
    ),
    Operation(
        "ECS",
        "ListTagResources",
        requests.ListTagResources,
        TagResourcesListed,
        operations.list_tag_resources,
        list_field="TagResources.TagResource",
        refuses=("TagFilter*",),
    ),
    Operation(
        "ECS",
        "DescribeTags",
        requests.DescribeTags,
        responses.TagsCounted,
        operations.describe_tags,
        list_field="Tags.Tag",
        ignores=("Category",),
    ),
    Operation(
        "Tag", "TagResources", requests.TagArns, responses.ArnsTagged, operations.tag_arns, effect=Effect.CHANGES
    ),
    Operation(
        "Tag", "UntagResources", requests.UntagArns, responses.ArnsTagged, operations.untag_arns, effect=Effect.CHANGES
    ),
    Operation(
        "Tag",
        "ListTagResources",
        requests.ListArns,
        responses.ArnsListed,
        operations.list_arns,
        list_field="TagResources",
        ignores=("Category",),
    ),
    Operation(
        "Tag",
        "ListTagKeys",
        requests.ListTagKeys,
        responses.KeysListed,
        operations.list_tag_keys,
        list_field="Keys.Key",
        ignores=("Category", "QueryType"),
        refuses=("ResourceType",),
    ),
    Operation(
        "Tag",
        "ListTagValues",
        requests.ListTagValues,
        responses.ValuesListed,
        operations.list_tag_values,
        list_field="Values.Value",
        ignores=("QueryType",),
        refuses=("ResourceType",),
    ),
    Operation(
        "OOS",
        "TagResources",
        requests.TagStored,
        responses.Nothing,
        stored_operations.tag_stored,
        effect=Effect.CHANGES,
    ),
    Operation(
        "OOS",
        "UntagResources",
        requests.UntagStored,
        responses.Nothing,
        stored_operations.untag_stored,
        effect=Effect.CHANGES,
    ),
    Operation(
        "OOS",
        "ListTagResources",
        requests.ListTagStored,
        TagResourcesListed,
        stored_operations.list_tag_stored,
        list_field="TagResources.TagResource",
    ),
    Operation(
        "OOS",
        "ListTagKeys",
        requests.ListStoredTagKeys,
        responses.StoredKeys,
        stored_operations.list_stored_tag_keys,
        list_field="Keys",
    ),
    Operation(
        "OOS",
        "ListTagValues",
        requests.ListStoredTagValues,
        responses.StoredValues,
        stored_operations.list_stored_tag_values,
        list_field="Values",
    ),
    Operation(
        "OOS",
        "ChangeResourceGroup",
        requests.ChangeResourceGroup,
        responses.Nothing,
        stored_operations.change_resource_group,
        effect=Effect.CHANGES,
    ),
)

MODULE = Module("tag", OPERATIONS, actions_beside(__file__))
