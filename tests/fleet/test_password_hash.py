"""Hashes of passwords that guests are told, held against those that others make."""

from __future__ import annotations

import pytest

from oos.values.password_hash import salt_of, sha512_crypt

# The first is of the specification, the others of `openssl passwd -6`.
KNOWN = {
    ("Hello world!", "saltstring"): (
        "svn8UoSVapNtMuq1ukKS4tPQd8iKwSMHWjl/O817G3uBnIFNjnQJuesI68u4OTLiBFdcbYEdFCoEOfaS35inz1"
    ),
    ("Abcdef12!x", "0123456789abcdef"): (
        "XbxhBMNBZTInmJYRJuZtLWRUDBGZSnhI2XZEHj16.G39whwFcmnfT6OMqrjfRx4/U2TXz/LaJtKRdsX.e89b.1"
    ),
    ("a" * 200, "zz"): "CiRA7thCXSdgWlzhO4TUJl4/JxCi8odRhI.KGc6MpioLKHpaFBR03n0yPYpWqK11Po/ku5MHqnnP.zeQqu40X.",
}


@pytest.mark.parametrize(("given", "hashed"), KNOWN.items(), ids=[salt for _, salt in KNOWN])
def test_a_hash_is_the_one_that_others_make(given: tuple[str, str], hashed: str) -> None:
    assert sha512_crypt(*given) == f"$6${given[1]}${hashed}"


def test_what_is_asked_for_again_is_hashed_alike() -> None:
    assert salt_of("token") == salt_of("token") != salt_of("other")
    assert len(salt_of("token")) == 16
