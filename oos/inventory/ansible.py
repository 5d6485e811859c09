"""Ansible inventories: hosts that Ansible knows, read as managed instances.

Ansible itself reads them, so every form it knows is understood: INI, YAML, folders, scripts and plugins.
https://docs.ansible.com/ansible/latest/inventory_guide/intro_inventory.html
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from oos.diagnostics import Diagnostic, DiagnosticError, did_you_mean
from oos.inventory.model import ManagedInstance, SshAccess

PATIENCE_SECONDS: Final = 60.0
"""After which an inventory script is given up."""
GROUP_TAG: Final = "group:"
"""How the tags that stand for groups begin: `group:web`, without a value."""
_SSH: Final = frozenset({"", "ssh", "smart", "paramiko", "paramiko_ssh", "ansible.builtin.ssh"})
_OURS: Final = ("ansible_ssh_private_key_file", "ansible_ssh_common_args", "ansible_ssh_extra_args")
"""Variables that belong into ssh_config here."""
_TRUE: Final = frozenset({"true", "yes", "on", "1"})


@dataclass(frozen=True, slots=True)
class AnsibleSource:
    """An inventory of Ansible's, and which of its hosts are meant."""

    path: Path
    groups: tuple[str, ...] = ()
    """Empty: all hosts."""
    config: str = ""
    """The ssh_config by which they are reached; empty: the person's own."""


def read_ansible(source: AnsibleSource, region: str, name: str) -> Iterator[ManagedInstance]:
    """The hosts of an Ansible inventory as managed instances, tagged with their groups and `oos_tags`.

    Raises DiagnosticError for what Ansible cannot read, or what cannot be reached over SSH as it says.
    """
    listed = _listed(source, name)
    members = dict(_members(listed))
    unknown = [each for each in source.groups if each not in members]
    if unknown:
        message = f"{source.path}: there is no group {', '.join(unknown)}"
        raise _fault(name, message, did_you_mean(unknown[0], members))
    variables: Mapping[str, Mapping[str, Any]] = listed.get("_meta", {}).get("hostvars", {})
    wanted = members["all"] if not source.groups else {host for each in source.groups for host in members[each]}
    for host in sorted(wanted):
        facts = variables.get(host, {})
        access = _access(source, host, facts, name)
        tags = {f"{GROUP_TAG}{group}": "" for group, hosts in members.items() if host in hosts and group != "all"}
        own = facts.get("oos_tags")
        tags |= {str(key): str(value) for key, value in own.items()} if isinstance(own, Mapping) else {}
        yield ManagedInstance(host, region, access, tags)


def _listed(source: AnsibleSource, name: str) -> dict[str, Any]:
    if not source.path.exists():
        raise _fault(name, f"there is no Ansible inventory {source.path}")
    program = [sys.executable, "-m", "ansible", "inventory", "-i", str(source.path), "--list"]
    environment = {**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_INVENTORY_UNPARSED_FAILED": "true"}
    try:
        done = subprocess.run(
            program, capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS, env=environment
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _fault(name, f"{source.path} cannot be read: {error}") from error
    if "No module named ansible" in done.stderr:
        raise _fault(name, f"Ansible, which reads {source.path}, is not installed", "pip install 'oos[ansible]'")
    try:
        listed = json.loads(done.stdout) if done.returncode == 0 else None
    except ValueError:
        listed = None
    if not isinstance(listed, dict):
        raise _fault(name, f"{source.path} cannot be read: {' '.join(done.stderr.split())[-500:]}")
    return listed


def _members(listed: Mapping[str, Any]) -> Iterator[tuple[str, frozenset[str]]]:
    """The hosts of each group, those of the groups in it among them."""
    groups = {each: facts for each, facts in listed.items() if each != "_meta"}
    everything = frozenset(listed.get("_meta", {}).get("hostvars", {})) | frozenset(
        host for facts in groups.values() for host in facts.get("hosts", ())
    )
    yield "all", everything
    for group in groups:
        if group not in ("all", "ungrouped"):
            yield group, frozenset(_below(group, groups, ()))


def _below(group: str, groups: Mapping[str, Any], above: tuple[str, ...]) -> Iterator[str]:
    facts = groups.get(group, {})
    yield from facts.get("hosts", ())
    for child in facts.get("children", ()):
        if child not in above:
            yield from _below(child, groups, (*above, group))


def _access(source: AnsibleSource, host: str, facts: Mapping[str, Any], name: str) -> SshAccess:
    connection = str(facts.get("ansible_connection", ""))
    if connection not in _SSH:
        message = f"{source.path}: {host} is reached by {connection}; managed instances are reached over SSH"
        raise _fault(name, message, "name the groups that are meant: groups: [...]")
    for each in _OURS:
        if facts.get(each) and not source.config:
            hint = "write it into an ssh_config, and name that: config: FILE"
            raise _fault(name, f"{source.path}: {each} of {host} is not known here", hint)
    port = facts.get("ansible_port")
    return SshAccess(
        str(facts.get("ansible_host") or host),
        str(facts.get("ansible_user") or ""),
        int(port) if port else None,
        source.config,
        str(facts.get("ansible_become", "")).casefold() in _TRUE,
    )


def _fault(name: str, message: str, hint: str = "") -> DiagnosticError:
    return DiagnosticError([Diagnostic("OOS910", message, name, hint=hint)])


def read_all(sources: Iterable[AnsibleSource], region: str, name: str) -> tuple[ManagedInstance, ...]:
    """The hosts of several inventories."""
    return tuple(each for source in sources for each in read_ansible(source, region, name))
