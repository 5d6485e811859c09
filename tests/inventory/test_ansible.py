"""Ansible inventories as managed instances; Ansible itself reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from oos.diagnostics import DiagnosticError
from oos.inventory.load import load_inventory
from oos.inventory.model import ManagedInstance, SshAccess

HOSTS = """\
[web]
web1 ansible_host=192.0.2.1 ansible_port=2222
web2 oos_tags='{"role": "front"}'
[web:vars]
ansible_user=deploy
ansible_become=true
[windows]
pc1 ansible_connection=winrm
[prod:children]
web
"""


def managed(folder: Path, ansible: str, hosts: str = HOSTS) -> tuple[ManagedInstance, ...]:
    """The managed instances of an inventory that names this one of Ansible's."""
    (folder / "hosts.ini").write_text(hosts)
    path = folder / "inventory.yml"
    zones = "[{id: z, hosts: [{name: h, uri: 'test:///default'}]}]"
    path.write_text(f"regions: [{{id: home, zones: {zones}, ansible: [{ansible}]}}]\n")
    return load_inventory(path, {}).regions[0].managed


def test_hosts_of_a_group_are_managed_instances_tagged_with_their_groups(tmp_path: Path) -> None:
    first, second = managed(tmp_path, "{file: hosts.ini, groups: [prod]}")
    assert (first.name, first.access) == ("web1", SshAccess("192.0.2.1", "deploy", 2222, "", True))
    assert first.tags == {"group:web": "", "group:prod": ""}
    assert (second.name, second.access) == ("web2", SshAccess("web2", "deploy", None, "", True))
    assert second.tags == {"group:web": "", "group:prod": "", "role": "front"}


@pytest.mark.parametrize(
    ("ansible", "hosts", "said"),
    [
        ("{file: hosts.ini}", HOSTS, "pc1 is reached by winrm"),
        ("{file: hosts.ini, groups: [pord]}", HOSTS, "there is no group pord"),
        ("{file: gone.ini}", HOSTS, "there is no Ansible inventory"),
        ("{file: hosts.ini}", "[web\n", "cannot be read"),
        ("{file: hosts.ini}", "a ansible_ssh_private_key_file=/k\n", "ansible_ssh_private_key_file of a is not known"),
        ("{file: hosts.ini, group: web}", HOSTS, "unknown field `group`"),
    ],
)
def test_what_cannot_be_read_or_reached_is_said(tmp_path: Path, ansible: str, hosts: str, said: str) -> None:
    with pytest.raises(DiagnosticError) as refused:
        managed(tmp_path, ansible, hosts)
    assert said in str(refused.value)
