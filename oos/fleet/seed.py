"""The seed of an instance: what its guest is told at its first start, in the words of cloud-init's NoCloud.

https://docs.cloud-init.io/en/latest/reference/datasources/nocloud.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from oos.fleet.identity import made_instance_id
from oos.fleet.instance import InstanceSpec

LABEL: Final = "cidata"
"""By this a guest finds the medium."""

_ROOT_MAY_LOG_IN: Final = b"#cloud-config\ndisable_root: false\n"
"""A key pair opens root's account, as in ECS; cloud-init would send people to another user."""


def seed_files(spec: InstanceSpec) -> Mapping[str, bytes]:
    """The files of the seed; none for an instance whose guest need not be told anything."""
    if not (spec.host_name or spec.public_key or spec.user_data):
        return {}
    return {
        "meta-data": _meta_data(spec).encode(),
        "user-data": spec.user_data or b"#cloud-config\n",
        "vendor-data": _ROOT_MAY_LOG_IN,
    }


def _meta_data(spec: InstanceSpec) -> str:
    # JSON texts are YAML texts, whatever stands in them.
    lines = [f"instance-id: {json.dumps(made_instance_id(spec.token))}"]
    if spec.host_name:
        lines.append(f"local-hostname: {json.dumps(spec.host_name)}")
    if spec.public_key:
        lines += ["public-keys:", f"  - {json.dumps(spec.public_key)}"]
    return "".join(f"{line}\n" for line in lines)
