"""Images: what instances are made from."""

from __future__ import annotations

from oos.service.actions import actions_beside
from oos.service.operation import Module, Operation
from oos_image import operations, requests, responses

OPERATIONS = (
    Operation(
        "ECS",
        "DescribeImages",
        requests.DescribeImages,
        responses.Images,
        operations.describe_images,
        list_field="Images.Image",
        ignores=("ActionType", "ImageOwnerId", "InstanceType", "IsSupportIoOptimized", "ShowExpired", "Usable"),
        refuses=("IsSupportCloudinit",),
    ),
)

MODULE = Module("image", OPERATIONS, actions_beside(__file__))
