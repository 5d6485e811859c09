"""Images: what instances are made from."""

from __future__ import annotations

from oos.service.actions import actions_beside
from oos.service.operation import Effect, Module, Operation, Risk
from oos_image import files, making, operations, requests, responses

OPERATIONS = (
    Operation(
        "ECS",
        "DescribeImages",
        requests.DescribeImages,
        responses.Images,
        operations.describe_images,
        list_field="Images.Image",
        ignores=("ActionType", "InstanceType", "IsSupportIoOptimized", "ShowExpired", "Usable"),
        refuses=("IsSupportCloudinit",),
    ),
    Operation(
        "ECS",
        "DescribeImageFromFamily",
        requests.DescribeImageFromFamily,
        responses.ImageOfFamily,
        operations.describe_image_from_family,
    ),
    Operation(
        "ECS",
        "DescribeImageSupportInstanceTypes",
        requests.DescribeImageSupportInstanceTypes,
        responses.SupportedTypes,
        operations.describe_image_support_instance_types,
        ignores=("ActionType",),
    ),
    Operation(
        "ECS",
        "DescribeImageSharePermission",
        requests.DescribeImageSharePermission,
        responses.SharePermission,
        operations.describe_image_share_permission,
    ),
    Operation(
        "ECS",
        "CreateImage",
        requests.CreateImage,
        responses.MadeImage,
        making.create_image,
        effect=Effect.CHANGES,
        ignores=("DetectionStrategy", "ResourceGroupId"),
        refuses=("BootMode", "Features*", "ImageVersion", "SecureBootOptions*"),
    ),
    Operation(
        "ECS",
        "CopyImage",
        requests.CopyImage,
        responses.MadeImage,
        making.copy_image,
        effect=Effect.CHANGES,
        ignores=("ResourceGroupId",),
        refuses=("Encrypted", "EncryptAlgorithm", "KMSKeyId"),
    ),
    Operation(
        "ECS",
        "CancelCopyImage",
        requests.CancelCopyImage,
        responses.Nothing,
        operations.cancel_copy_image,
        effect=Effect.CHANGES,
    ),
    Operation(
        "ECS",
        "ModifyImageAttribute",
        requests.ModifyImageAttribute,
        responses.Nothing,
        operations.modify_image_attribute,
        effect=Effect.CHANGES,
        ignores=("LicenseType",),
        refuses=("BootMode", "Features*"),
    ),
    Operation(
        "ECS",
        "ModifyImageSharePermission",
        requests.ModifyImageSharePermission,
        responses.Nothing,
        operations.modify_image_share_permission,
        effect=Effect.CHANGES,
        refuses=("IsPublic", "LaunchPermission"),
    ),
    Operation(
        "ECS",
        "DeleteImage",
        requests.DeleteImage,
        responses.Nothing,
        operations.delete_image,
        effect=Effect.DESTROYS,
        risk=Risk.HIGH,
    ),
    Operation(
        "ECS",
        "ImportImage",
        requests.ImportImage,
        responses.ImportedImage,
        making.import_image,
        effect=Effect.CHANGES,
        ignores=(
            *("DetectionStrategy", "LicenseType", "ResourceGroupId", "RoleName"),
            *("DiskDeviceMapping.Device", "DiskDeviceMapping.DiskImSize", "DiskDeviceMapping.DiskImageSize"),
        ),
        refuses=("BootMode", "Features*", "StorageLocationArn"),
    ),
    Operation(
        "ECS",
        "ExportImage",
        requests.ExportImage,
        responses.ExportedImage,
        files.export_image,
        effect=Effect.CHANGES,
        ignores=("RoleName",),
    ),
)

MODULE = Module("image", OPERATIONS, actions_beside(__file__))
