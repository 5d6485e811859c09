"""How people get into a guest: passwords and key pairs that it is told at the first start of its system disk."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from oos.fleet.seed import Told
from oos.service.context import Context
from oos.service.errors import InvalidParameter, NotFound
from oos.service.key_pairs import load_key_pair
from oos.values.password_hash import salt_of, sha512_crypt
from oos.values.secret import Secret

_KINDS: Final = (r"[a-z]", r"[A-Z]", r"[0-9]", r"[()`~!@#$%^&*_+=|{}\[\]:;'<>,.?/\\\"-]")
_KINDS_NEEDED: Final = 3


def require_password(password: str) -> None:
    """Raise InvalidParameter, which does not repeat it, for a password that the service would not take."""
    kinds = sum(re.search(kind, password) is not None for kind in _KINDS)
    known = re.fullmatch(f"(?:{'|'.join(_KINDS)})*", password) is not None
    if not (8 <= len(password) <= 30 and kinds >= _KINDS_NEEDED and known):
        message = (
            "The password has 8 to 30 characters, of at least three kinds: lower case letters, upper case letters, "
            "digits, and ()`~!@#$%^&*-_+=|{}[]:;'<>,.?/."
        )
        raise InvalidParameter("Password", message, code="InvalidPassword.Malformed")


def password_hash_of(token: str, password: Secret | None, *, inherit: bool = False) -> str:
    """What a guest is told of a password; empty without one. Raises InvalidParameter.

    One that is inherited is the one in the image, of which nothing need be told.
    """
    text = "" if password is None else str(password.reveal())
    if not text:
        return ""
    if inherit:
        raise InvalidParameter("PasswordInherit", "With PasswordInherit the password is that of the image.")
    require_password(text)
    return sha512_crypt(text, salt_of(token))


def public_key_of(context: Context, name: str) -> str:
    """The public key of a key pair; empty without a name. Raises NotFound."""
    if not name:
        return ""
    pair = load_key_pair(context.registry, context.region, name)
    if pair is None:
        raise NotFound("InvalidKeyPair.NotFound", f"The specified key pair {name} does not exist.")
    return pair.public_key


def told_login(
    context: Context, key_pair_name: str, password: Secret | None, *, inherit: bool = False, noted: str = ""
) -> Told:
    """Who gets into a guest with a new system disk: as asked, else by the key pair that is noted. Raises ApiError."""
    hashed = password_hash_of(context.token, password, inherit=inherit)
    # An inherited password is that of the image: a former one is not told again.
    told = Told(password_hash="" if inherit else hashed or None)
    if key_pair_name:
        return replace(told, key_pair=key_pair_name, public_key=public_key_of(context, key_pair_name))
    if noted and load_key_pair(context.registry, context.region, noted) is None:
        return told
    # Without one noted, a key that was taken away must not come back.
    return replace(told, public_key=public_key_of(context, noted))
