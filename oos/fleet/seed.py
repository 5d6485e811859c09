"""The seed of an instance: what its guest is told at its first start, in the words of cloud-init's NoCloud.

https://docs.cloud-init.io/en/latest/reference/datasources/nocloud.html
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from oos.fleet.identity import made_instance_id
from oos.fleet.instance import InstanceSpec

LABEL: Final = "cidata"
"""By this a guest finds the medium."""

_NOTHING: Final = b"#cloud-config\n"


@dataclass(frozen=True, slots=True)
class Seed:
    """What a guest is told at its first start, and at that of each system disk it gets later."""

    instance_id: str
    host_name: str = ""
    public_key: str = ""
    password_hash: str = ""
    """That of root, as /etc/shadow has it."""
    user_data: bytes = b""

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to tell."""
        return self == Seed(self.instance_id)


@dataclass(frozen=True, slots=True)
class Told:
    """What a guest is to be told from now on; None: as before."""

    key_pair: str | None = None
    """Name of the key pair; noted."""
    public_key: str | None = None
    password_hash: str | None = None
    user_data: bytes | None = None


def seed_of(spec: InstanceSpec) -> Seed:
    """What the guest of a new instance is told."""
    return Seed(made_instance_id(spec.token), spec.host_name, spec.public_key, spec.password_hash, spec.user_data)


def seed_after(seed: Seed, told: Told) -> Seed:
    """The seed with what is to be told from now on."""
    return replace(
        seed,
        public_key=seed.public_key if told.public_key is None else told.public_key,
        password_hash=seed.password_hash if told.password_hash is None else told.password_hash,
        user_data=seed.user_data if told.user_data is None else told.user_data,
    )


def seed_files(seed: Seed) -> Mapping[str, bytes]:
    """The files of the seed; none where there is nothing to tell."""
    if seed.is_empty:
        return {}
    return {
        "meta-data": _meta_data(seed).encode(),
        "user-data": seed.user_data or _NOTHING,
        "vendor-data": _vendor_data(seed).encode(),
    }


def read_seed(instance_id: str, files: Mapping[str, bytes]) -> Seed:
    """The seed that files of ours hold."""
    meta = _values(files.get("meta-data", b""))
    vendor = _values(files.get("vendor-data", b""))
    accounts = vendor["chpasswd"]["users"] if "chpasswd" in vendor else []
    user_data = files.get("user-data", b"")
    return Seed(
        instance_id,
        str(meta.get("local-hostname", "")),
        next(iter(meta.get("public-keys", ())), ""),
        next((str(each["password"]) for each in accounts), ""),
        b"" if user_data == _NOTHING else user_data,
    )


def _meta_data(seed: Seed) -> str:
    # JSON texts are YAML texts, whatever stands in them.
    lines = [f"instance-id: {json.dumps(seed.instance_id)}"]
    if seed.host_name:
        lines.append(f"local-hostname: {json.dumps(seed.host_name)}")
    if seed.public_key:
        lines += ["public-keys:", f"  - {json.dumps(seed.public_key)}"]
    return "".join(f"{line}\n" for line in lines)


def _vendor_data(seed: Seed) -> str:
    # A key pair and a password open root's account, as in ECS; cloud-init would send people to another user.
    lines = ["#cloud-config", "disable_root: false"]
    if seed.password_hash:
        # Accounts with hashes are understood by cloud-init 22.3 and later.
        account = {"name": "root", "password": seed.password_hash, "type": "hash"}
        lines += ["ssh_pwauth: true", "chpasswd:", "  expire: false", "  users:", f"  - {json.dumps(account)}"]
    return "".join(f"{line}\n" for line in lines)


def _values(content: bytes) -> Mapping[str, Any]:
    import yaml

    try:
        values = yaml.safe_load(content)
    except (yaml.YAMLError, UnicodeDecodeError):
        return {}
    return values if isinstance(values, dict) else {}
