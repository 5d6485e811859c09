"""Protected tasks on the command line: secrets among their properties stay secret, and make no secrets of others."""

from __future__ import annotations

from tests.cli.world import World

CANARY = "canary-7f3a91"
TEMPLATE = """\
FormatVersion: OOS-2019-06-01
Description: a change that needs a secret
Parameters:
  id: {Type: String}
  password: {Type: String, NoEcho: true}
Tasks:
  - Name: change
    Action: ACS::ECS::RunCommand
    Protect: Snapshot
    Properties:
      instanceId: '{{ id }}'
      commandType: RunShellScript
      commandContent: 'echo {{ password }} > /data && echo done'
    Outputs:
      said: {Type: String, ValueSelector: invocationOutput}
Outputs:
  said: {Type: String, Value: '{{ change.said }}'}
"""


def test_a_secret_of_a_protected_task_is_written_nowhere(world: World) -> None:
    instance = world.make_instances("web-1")[0]
    world.write("change.yml", TEMPLATE)
    given = f'{{"password": "{CANARY}"}}'
    said = world.run("run", "change.yml", "-p", f"id={instance.id}", "--params", "-", input=given)
    assert said.code == 0, said
    assert CANARY not in said.out + said.err
    assert world.run("fleet", "list", "snapshots", "-o", "json").document == []
    files = [path for path in world.state.rglob("*") if path.is_file()]
    assert files
    assert [path for path in files if CANARY.encode() in path.read_bytes()] == []
