"""ACS::ECS::ModifyUserPasswordBySecretParameter: a guest is told a secret, and nobody else is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from oos.adapters.memory.guest import GuestFiles, GuestOutcome, tiny_shell
from oos.app.app import App
from oos.app.settings import load_settings
from oos.engine.ports import StartRequest
from oos.execution.status import Status
from oos.service.call import invoke
from oos.service.catalog import installed_modules
from tests.cli.world import World as Commands
from tests.cli.world import eventually
from tests.modules.executions import runner, succeeded
from tests.modules.world import World

ACTION = "ACS::ECS::ModifyUserPasswordBySecretParameter"
SECRET = "correct-horse-$(reboot)'quoted"


def test_the_guest_gets_the_password_quoted() -> None:
    scripts: list[str] = []

    def remembering(argv: Sequence[str], stdin: bytes, files: GuestFiles) -> GuestOutcome:
        scripts.append(stdin.decode())
        return tiny_shell(argv, stdin, files)

    world = World(installed_modules(), program=remembering)
    with runner(world) as oos:
        id = world.run()
        world.call("OOS.CreateSecretParameter", Name="web-password", Value=SECRET, Type="Secret")
        succeeded(oos.action(ACTION, instanceId=id, username="root", passwordParameter="web-password"))
    (script,) = [each for each in scripts if "chpasswd" in each]
    assert "user='root'\n" in script or "user=root\n" in script
    assert "password='correct-horse-$(reboot)'\"'\"'quoted'\n" in script


def test_the_password_is_in_no_file(tmp_path: Path) -> None:
    commands = Commands(tmp_path)
    (guest,) = commands.make_instances("web-1")
    app = App(load_settings({}, commands.environment, commands.folder))
    create = app.catalog.operation("OOS", "CreateSecretParameter")
    source = app.catalog.action(ACTION)
    assert create is not None
    assert source is not None
    secret = "correct-horse-battery"
    invoke(create, {"Name": "web-password", "Value": secret, "Type": "Secret"}, app.context("create"))
    parameters = {"instanceId": guest.id, "username": "root", "passwordParameter": "web-password"}
    template = app.template_cache.checked(source.text, source.path)
    app.lasts = True
    id = app.engine.start(StartRequest(template=template, parameters=parameters, by="ada", region=app.region))
    eventually(lambda: app.journal.summary(id).status is Status.SUCCESS, "it has ended")
    app.close()
    found = [path.name for path in commands.state.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
    assert found == []
    commands.close()


@pytest.mark.parametrize("user", ["root; reboot", "$(reboot)"])
def test_a_user_is_a_word(user: str) -> None:
    world = World(installed_modules())
    with runner(world) as oos:
        id = world.run()
        world.call("OOS.CreateSecretParameter", Name="web-password", Value=SECRET, Type="Secret")
        oos.action(ACTION, instanceId=id, username=user, passwordParameter="web-password")
        assert world.home(id).state.effects.get(f"reboot {id}", 0) == 0
