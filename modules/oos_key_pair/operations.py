"""Operations on key pairs: made, imported, listed, deleted."""

from __future__ import annotations

from oos.service.context import Context
from oos.service.deletion import intend_deletion, was_deletion_intended
from oos.service.errors import ApiError, NotFound, Refused
from oos.service.filtering import has_tags, is_wanted, matches_name, tag_shapes
from oos.service.key_pairs import KeyPair, forget_key_pair, keep_key_pair, load_key_pair, load_key_pairs
from oos.service.paging import page_of
from oos.service.shape import minute
from oos.service.tags import changes_of_all, forget_tags, tags_after, tags_from
from oos.values.identifiers import resource_id
from oos_key_pair import requests, responses
from oos_key_pair.keys import finger_print, make_key, read_public_key


def create_key_pair(context: Context, request: requests.CreateKeyPair) -> responses.CreatedPair:
    """Make a pair of keys; the private one is in the answer and kept nowhere.

    A call that runs again after a crash makes another pair in place of the one that nobody got.
    """
    _require_free(context, request.key_pair_name)
    made = make_key(request.key_type, request.key_pair_name)
    pair = _pair(context, request, made.public)
    keep_key_pair(context.registry, pair)
    return {
        "KeyPairId": pair.id,
        "KeyPairName": pair.name,
        "KeyPairFingerPrint": pair.finger_print,
        "PrivateKeyBody": made.private,  # type: ignore[typeddict-item]  # stays secret until a door shows it
    }


def import_key_pair(context: Context, request: requests.ImportKeyPair) -> responses.ImportedPair:
    """Keep a public key, to be given to guests."""
    line = read_public_key(request.public_key_body)
    _require_free(context, request.key_pair_name)
    pair = _pair(context, request, line)
    keep_key_pair(context.registry, pair)
    return {"KeyPairName": pair.name, "KeyPairFingerPrint": pair.finger_print}


def _require_free(context: Context, name: str) -> None:
    known = load_key_pair(context.registry, context.region, name)
    if known is not None and known.token != context.token:
        message = f"A key pair {name} exists already."
        raise ApiError("KeyPair.AlreadyExist", message)


def _pair(context: Context, request: requests.CreateKeyPair | requests.ImportKeyPair, public_key: str) -> KeyPair:
    return KeyPair(
        name=request.key_pair_name,
        id=resource_id("ssh", f"{context.region}/{request.key_pair_name}"),
        region=context.region,
        public_key=public_key,
        finger_print=finger_print(public_key),
        created=context.now(),
        token=context.token,
        resource_group=request.resource_group_id,
        tags=tags_from(request.tag),
    )


def describe_key_pairs(context: Context, request: requests.DescribeKeyPairs) -> responses.Pairs:
    """List key pairs."""
    changes = changes_of_all(context.registry)
    tags = {
        each.name: tags_after(each.tags, changes.get(each.name, {}))
        for each in load_key_pairs(context.registry, context.region)
    }
    found = [
        each
        for each in load_key_pairs(context.registry, context.region)
        if matches_name(each.name, request.key_pair_name)
        and is_wanted(each.finger_print, request.key_pair_finger_print)
        and is_wanted(each.resource_group, request.resource_group_id)
        and has_tags(tags[each.name], request.tag)
    ]
    page = page_of(found, request, lambda each: (each.name,))
    shapes = [_shape(each, tags[each.name], with_key=request.include_public_key) for each in page.items]
    return {
        "KeyPairs": {"KeyPair": shapes},
        "TotalCount": page.fields["TotalCount"],
        "PageNumber": page.fields["PageNumber"],
        "PageSize": page.fields["PageSize"],
    }


def _shape(pair: KeyPair, tags: dict[str, str], *, with_key: bool) -> responses.PairShape:
    shape: responses.PairShape = {
        "KeyPairName": pair.name,
        "KeyPairFingerPrint": pair.finger_print,
        "CreationTime": minute(pair.created),
        "ResourceGroupId": pair.resource_group,
        "Tags": tag_shapes(tags),
    }
    if with_key:
        shape["PublicKey"] = pair.public_key
    return shape


def delete_key_pairs(context: Context, request: requests.DeleteKeyPairs) -> responses.Nothing:
    """Delete key pairs; none if one of them is on an instance."""
    used = {each.key_pair: each for each in context.fleet.instances(context.region) if each.key_pair}
    for name in request.key_pair_names:
        known = load_key_pair(context.registry, context.region, name) is not None
        if not known and not was_deletion_intended(context, f"key-pair/{name}"):
            raise NotFound("InvalidKeyPair.NotFound", f"The specified key pair {name} does not exist.")
        if name in used:
            message = f"The key pair {name} is on {used[name].id} ({used[name].name}); detach it first."
            raise Refused("InvalidParameter.KeypairAlreadyAttachedInstance", message)
    for name in request.key_pair_names:
        intend_deletion(context, f"key-pair/{name}")
        forget_key_pair(context.registry, context.region, name)
        forget_tags(context.registry, name)
    return {}
