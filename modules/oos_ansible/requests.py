"""Requests about Ansible content: an operation of our own, since the cloud has none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from oos.service.parameter import Form, Param
from oos.values.json import Value

MOST_INSTANCES = 100
OUR_ROLES = ("oos_guest_baseline",)
"""Roles that come with oos: each of their tasks looks first, so that repeating them is harmless."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyPlaybook:
    """What to carry out, and in which guests."""

    instance_ids: Annotated[
        tuple[str, ...],
        Param("The instances, managed ones too; `hosts: all` means them.", most=MOST_INSTANCES, form=Form.JSON),
    ]
    playbook: Annotated[str, Param("The playbook, as YAML.", most=262_144)] = ""
    module_name: Annotated[str, Param("A single module instead of a playbook.", pattern=r"[A-Za-z0-9_.]{1,128}")] = ""
    module_arguments: Annotated[Mapping[str, Value] | None, Param("Arguments of the single module.")] = None
    extra_variables: Annotated[Mapping[str, Value] | None, Param("Variables that override all others.")] = None
    check_mode: Annotated[bool, Param("Only tell what would change.")] = False
    diff: Annotated[bool, Param("Tell how files would change, or were changed.")] = False
    forks: Annotated[int, Param("How many guests at once.", minimum=1, maximum=50)] = 5
    timeout: Annotated[int, Param("Seconds after which it is given up.", minimum=1, maximum=86_400)] = 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplyRole:
    """Which role of ours to carry out, and in which guests."""

    instance_ids: Annotated[
        tuple[str, ...], Param("The instances, managed ones too.", most=MOST_INSTANCES, form=Form.JSON)
    ]
    role_name: Annotated[str, Param("The role.", allowed=OUR_ROLES)]
    variables: Annotated[Mapping[str, Value] | None, Param("Variables of the role.")] = None
    check_mode: Annotated[bool, Param("Only tell what would change.")] = False
    forks: Annotated[int, Param("How many guests at once.", minimum=1, maximum=50)] = 5
    timeout: Annotated[int, Param("Seconds after which it is given up.", minimum=1, maximum=86_400)] = 3600
