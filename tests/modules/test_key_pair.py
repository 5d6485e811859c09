"""Key pairs: made, imported, listed, deleted; private keys are kept nowhere."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import pytest

import oos_instance
import oos_key_pair
from oos.service.call import invoke
from oos.values.secret import Secret
from tests.modules.world import World

ED25519 = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3tbK2sWmSJQOcYzWrBH0PdG5f1cBoJJuXoW2bBkV8y ada@home"


@pytest.fixture
def world() -> World:
    return World((oos_instance.MODULE, oos_key_pair.MODULE))


def create(world: World, token: str = "t", **parameters: Any) -> dict[str, Any]:
    operation = world.catalog.operation("ECS", "CreateKeyPair")
    assert operation is not None
    return invoke(operation, parameters, world.context(token))


def pairs(world: World, **conditions: Any) -> list[dict[str, Any]]:
    return list(world.call("DescribeKeyPairs", IncludePublicKey=True, **conditions)["KeyPairs"]["KeyPair"])


@pytest.mark.parametrize(("kind", "begins"), [("RSA", "ssh-rsa"), ("Ed25519", "ssh-ed25519")])
def test_both_halves_of_a_made_pair_belong_together(world: World, tmp_path: Path, kind: str, begins: str) -> None:
    made = create(world, KeyPairName="ops", KeyType=kind, Tag=[{"Key": "team", "Value": "ops"}])
    private = made["PrivateKeyBody"]
    assert isinstance(private, Secret)
    file = tmp_path / "key"
    file.write_text(private.reveal())
    file.chmod(0o600)
    told = subprocess.run(["ssh-keygen", "-y", "-f", str(file)], capture_output=True, text=True, check=True).stdout
    (pair,) = pairs(world, Tag=[{"Key": "team"}])
    assert pair["PublicKey"].split()[:2] == told.split()[:2]
    assert pair["PublicKey"].startswith(begins)
    print_ = subprocess.run(["ssh-keygen", "-l", "-E", "md5", "-f", str(file)], capture_output=True, text=True).stdout
    assert made["KeyPairFingerPrint"] == pair["KeyPairFingerPrint"] == print_.split()[1].removeprefix("MD5:")
    assert private.reveal() not in str(list(world.registry.items("key-pair")))


def test_a_pair_that_nobody_got_is_made_anew(world: World) -> None:
    first, again = create(world, KeyPairName="ops"), create(world, KeyPairName="ops")
    assert first["KeyPairFingerPrint"] != again["KeyPairFingerPrint"] == pairs(world)[0]["KeyPairFingerPrint"]
    assert world.refusal("CreateKeyPair", KeyPairName="ops").code == "KeyPair.AlreadyExist"


def test_a_public_key_is_imported_as_it_is(world: World) -> None:
    for _ in range(2):
        made = world.call("ImportKeyPair", "t", KeyPairName="ada", PublicKeyBody=f" {ED25519}\n")
    assert pairs(world, KeyPairName="a*", KeyPairFingerPrint=made["KeyPairFingerPrint"])[0]["PublicKey"] == ED25519
    assert world.refusal("ImportKeyPair", KeyPairName="ada", PublicKeyBody=ED25519).code == "KeyPair.AlreadyExist"
    assert pairs(world, KeyPairName="b*") == pairs(world, RegionId="empty") == []


@pytest.mark.parametrize("body", ["", "ssh-ed25519 AAAA", "-----BEGIN OPENSSH PRIVATE KEY-----", "ssh-rsa nonsense"])
def test_what_is_no_public_key_is_refused(world: World, body: str) -> None:
    assert world.refusal("ImportKeyPair", KeyPairName="ada", PublicKeyBody=body).status == 400


def test_deleted_pairs_are_gone_unless_an_instance_has_one(world: World) -> None:
    for name in ("one", "two"):
        world.call("ImportKeyPair", KeyPairName=name, PublicKeyBody=ED25519)
    for _ in range(2):
        world.call("DeleteKeyPairs", "d", KeyPairNames='["one"]')
    assert [each["KeyPairName"] for each in pairs(world)] == ["two"]
    assert world.refusal("DeleteKeyPairs", KeyPairNames='["one"]').code == "InvalidKeyPair.NotFound"
    id = world.run(KeyPairName="two")
    refused = world.refusal("DeleteKeyPairs", KeyPairNames='["two"]')
    assert id in refused.message
