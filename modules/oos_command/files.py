"""Operations that send files into guests, and tell what became of them."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from oos.fleet.errors import AgentFailed, AgentUnavailable, InstanceAbsent
from oos.service.context import Context
from oos.service.errors import ApiError, InvalidParameter, Refused, Unavailable
from oos.service.filtering import has_tags, is_wanted, matches_name, tag_shapes
from oos.service.guest import answering
from oos.service.guest_file import GuestFile, SenderExit, argv_of
from oos.service.many import at_once
from oos.service.paging import page_of
from oos.service.shape import instant, newest_first
from oos.service.tags import changes_of_all, tags_after, tags_from
from oos.values.identifiers import resource_id
from oos.values.secret import MASK, Secret
from oos_command import requests, responses
from oos_command.file_model import Sending, SendState, Sent, keep_sending, keep_sent, load_sendings, load_sent

if TYPE_CHECKING:
    from oos.fleet.guest import Guest

LARGEST: Final = 32 << 10
"""Bytes of a file, as in ECS."""

_CODES: Final = {
    SenderExit.NO_USER_OR_GROUP: "UserOrGroupNotExists",
    SenderExit.NO_FOLDER: "FilePathInvalid",
    SenderExit.IS_THERE: "FileAlreadyExists",
}
_POLL_SECONDS: Final = 0.1
_ACCOUNT: Final = re.compile(r"[A-Za-z0-9._][A-Za-z0-9._-]*")


def send_file(context: Context, request: requests.SendFile) -> responses.FileSent:
    """Put a file into guests, whole or not at all; what became of it is told by DescribeSendFileResults."""
    content = _content(request)
    _check(request)
    ids = tuple(dict.fromkeys(request.instance_id))
    is_secret = isinstance(request.content, Secret)
    text = content.decode(errors="surrogateescape")
    shown = MASK.encode() if is_secret or context.redact(text) != text else content
    sending = Sending(
        id=resource_id("f", context.token),
        region=context.region,
        name=request.name,
        folder=request.target_dir,
        content=base64.b64encode(shown).decode(),
        content_type=request.content_type,
        mode=request.file_mode,
        owner=request.file_owner,
        group=request.file_group,
        overwrite=request.overwrite,
        instance_ids=ids,
        created=context.now(),
        description=request.description,
        tags=tags_from(request.tag),
    )
    if len(ids) == 1:
        context.fleet.of_guest(ids[0], context.region)
    keep_sending(context.registry, sending)
    sent = at_once(lambda id: _send(context, sending, id, content, request.timeout), ids)
    if all(each.state is SendState.FAILED for each in sent):
        raise _refusal(sending, sent[0])
    return {"InvokeId": sending.id}


def _content(request: requests.SendFile) -> bytes:
    """The bytes of the file. Raises InvalidParameter, which never repeats them."""
    given = request.content
    text: str = given.reveal() if isinstance(given, Secret) else given
    if request.content_type == "PlainText":
        content = text.encode()
    else:
        try:
            content = base64.b64decode(text, validate=True)
        except ValueError:
            raise InvalidParameter("Content", "The parameter Content is not Base64.") from None
    if len(content) > LARGEST:
        message = f"The file has {len(content)} bytes; at most {LARGEST} are allowed."
        raise InvalidParameter("Content", message, code="InvalidContent.SizeExceeded")
    return content


def _check(request: requests.SendFile) -> None:
    if "/" in request.name or request.name in (".", ".."):
        raise InvalidParameter("Name", f"{request.name!r} is a path, not the name of a file.")
    if not request.target_dir.startswith("/"):
        raise InvalidParameter("TargetDir", f"The folder {request.target_dir!r} is not named from / on.")
    for parameter, account in (("FileOwner", request.file_owner), ("FileGroup", request.file_group)):
        if not _ACCOUNT.fullmatch(account):
            raise InvalidParameter(parameter, f"{account!r} is no user or group.")


def _send(context: Context, sending: Sending, instance_id: str, content: bytes, seconds: int) -> Sent:
    known = load_sent(context.registry, sending.id, instance_id)
    if known is not None and known.state is not SendState.PENDING:
        return known
    pending = known or Sent(sending.id, instance_id, SendState.PENDING, context.now())
    keep_sent(context.registry, pending)
    code, info = _hand_over(context, sending, instance_id, content, seconds)
    state = SendState.FAILED if code else SendState.SUCCESS
    done = replace(pending, state=state, finished=context.now(), error_code=code, error_info=info)
    return keep_sent(context.registry, done)


def _hand_over(context: Context, sending: Sending, instance_id: str, content: bytes, seconds: int) -> tuple[str, str]:
    """Let the guest keep the file: error code and cause, both empty when it does. Raises HostUnreachable."""
    try:
        guest, machine, boot = answering(context, instance_id, sending.region)
        if boot is None:
            return "InstanceNotRunning", f"the instance {instance_id} ({machine.name}) is {machine.power}"
        file = GuestFile(sending.folder, sending.name, sending.mode, sending.owner, sending.group, sending.overwrite)
        pid = guest.guest_execute(instance_id, argv_of(file), stdin=content)
        return _outcome(context, guest, instance_id, pid, seconds)
    except InstanceAbsent as absent:
        return "InstanceNotExists", str(absent)
    except AgentUnavailable as mute:
        return "ClientNotRunning", str(mute)
    except AgentFailed as refused:
        return "ClientNotResponse", str(refused)


def _outcome(context: Context, guest: Guest, instance_id: str, pid: int, seconds: int) -> tuple[str, str]:
    waited = 0.0
    while not (process := guest.guest_process(instance_id, pid)).exited:
        if waited >= seconds:
            return "ExecutionTimeout", f"the guest did not keep the file within {seconds} s"
        context.pause(_POLL_SECONDS, f"a file in {instance_id}")
        waited += _POLL_SECONDS
    code = process.exit_code or 0
    if process.signal is None and code == SenderExit.SENT:
        return "", ""
    complaint = process.stderr.decode(errors="replace").strip() or f"it ended with {code}"
    return _CODES.get(SenderExit(code), "CreateFileFailed") if code in list(
        SenderExit
    ) else "CreateFileFailed", complaint


def _refusal(sending: Sending, sent: Sent) -> ApiError:
    """The error of a request that reached no guest, told by the first."""
    message = f"The file {sending.name} was not sent to {sent.instance_id}: {sent.error_info}."
    match sent.error_code:
        case "InstanceNotRunning":
            return Refused("IncorrectInstanceStatus", message)
        case "ClientNotRunning" | "ClientNotResponse":
            return Unavailable(message, code="InvalidInstance.CloudAssistantNotRunning")
        case code:
            return Refused(f"OperationDenied.{code}", message)


# told


def describe_send_file_results(
    context: Context, request: requests.DescribeSendFileResults
) -> responses.SendFileResults:
    """List the files that were sent, newest first, with how they stand on each instance."""
    changes = changes_of_all(context.registry)
    found = []
    tags: dict[str, dict[str, str]] = {}
    for each in load_sendings(context.registry, context.region):
        tags[each.id] = tags_after(each.tags, changes.get(each.id, {}))
        if (
            request.invoke_id in ("", each.id)
            and matches_name(each.name, request.name)
            and (not request.instance_id or request.instance_id in each.instance_ids)
            and has_tags(tags[each.id], request.tag)
            and is_wanted(_status(_all_sent(context, each)), request.invocation_status)
        ):
            found.append(each)
    page = page_of(found, request, lambda each: newest_first(each.created, each.id), descending=True)
    shapes = [
        _shape(each, [s for s in _all_sent(context, each) if request.instance_id in ("", s.instance_id)], tags[each.id])
        for each in page.items
    ]
    return {"Invocations": {"Invocation": shapes}, **page.fields}


def _all_sent(context: Context, sending: Sending) -> list[Sent]:
    found = (load_sent(context.registry, sending.id, id) for id in sending.instance_ids)
    return [each for each in found if each is not None]


def _status(sent: Iterable[Sent]) -> str:
    """How a request stands on all its instances."""
    states = {each.state for each in sent}
    if SendState.PENDING in states or not states:
        return "Pending"
    if len(states) == 1:
        return next(iter(states)).value
    return "PartialFailed"


def _shape(sending: Sending, sent: Iterable[Sent], tags: dict[str, str]) -> responses.SendingShape:
    sent = list(sent)
    content = base64.b64decode(sending.content)
    return {
        "InvokeId": sending.id,
        "Name": sending.name,
        "TargetDir": sending.folder,
        "Content": sending.content if sending.content_type == "Base64" else content.decode(errors="replace"),
        "ContentType": sending.content_type,
        "FileMode": sending.mode,
        "FileOwner": sending.owner,
        "FileGroup": sending.group,
        "Overwrite": "true" if sending.overwrite else "false",
        "Description": sending.description,
        "CreationTime": instant(sending.created),
        "InvocationStatus": _status(sent),
        "VmCount": len(sending.instance_ids),
        "InvokeInstances": {
            "InvokeInstance": [
                {
                    "InstanceId": each.instance_id,
                    "InvocationStatus": each.state.value,
                    "CreationTime": instant(each.created),
                    "StartTime": instant(each.created),
                    "FinishTime": instant(each.finished),
                    "UpdateTime": instant(each.finished or each.created),
                    "ErrorCode": each.error_code,
                    "ErrorInfo": each.error_info,
                }
                for each in sent
            ]
        },
        "Tags": tag_shapes(tags),
    }
