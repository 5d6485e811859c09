"""Operations that start, steer and put away executions."""

from __future__ import annotations

import msgspec

from oos.service.context import Context
from oos.service.errors import InvalidParameter, NotFound
from oos.service.orchestration import Notification, StartWanted, TemplateText
from oos.service.tags import MOST_TAGS
from oos.values.identifiers import root_execution_id
from oos.values.json import Value, json_text
from oos.values.secret import holds_secret
from oos.values.time import format_instant
from oos_execution import decide, requests, responses
from oos_execution.describe import HIDDEN, describe
from oos_execution.shapes import started_shape

INLINE = "TemplateContent"
"""What a template that came with the request is called."""


def start_execution(context: Context, request: requests.StartExecution) -> responses.Started:
    """Start an execution of a template; the same ClientToken starts it once."""
    decide.require_one_template(request)
    if request.safety_check == "Skip" and request.mode != "Automatic":
        raise InvalidParameter("SafetyCheck", "SafetyCheck=Skip is for Mode=Automatic only.")
    tags = decide.tags_of(request.tags) or {}
    if len(tags) > MOST_TAGS:
        raise InvalidParameter("Tags", f"{len(tags)} tags are too many; at most {MOST_TAGS} are allowed.")
    wanted = StartWanted(
        template=_template(context, request),
        parameters=request.parameters or {},
        by=context.caller,
        region=context.region,
        token=context.token,
        mode=request.mode,
        loop_mode=request.loop_mode,
        safety_check=request.safety_check,
        description=request.description,
        tags=tags,
    )
    id = context.orchestration.start(wanted)
    return {"Execution": started_shape(context.orchestration.execution(id))}


def _template(context: Context, request: requests.StartExecution) -> TemplateText:
    if request.template_content:
        return TemplateText(INLINE, request.template_content)
    if request.template_url:
        return context.orchestration.template_at(request.template_url)
    found = context.orchestration.find_template(request.template_name, request.template_version)
    if found is None:
        version = f" of version {request.template_version}" if request.template_version else ""
        message = f"The specified template {request.template_name}{version} does not exist."
        raise NotFound("EntityNotExists.Template", message)
    return found


def start_debug_execution(context: Context, request: requests.StartDebugExecution) -> responses.DebugStarted:
    """Start an execution of one task alone, to try it out; the same ClientToken starts it once."""
    if holds_secret(dict(request.properties or {})):
        raise InvalidParameter("Properties", "A secret has no place here: use a template with a NoEcho parameter.")
    template = {
        "FormatVersion": "OOS-2019-06-01",
        "Tasks": [{"Name": "task", "Action": request.task_type, "Properties": dict(request.properties or {})}],
    }
    wanted = StartWanted(
        template=TemplateText("StartDebugExecution", json_text(template)),
        parameters={},
        by=context.caller,
        region=context.region,
        token=context.token,
        description=f"{request.task_type}, tried out",
    )
    return {"ExecutionId": context.orchestration.start(wanted)}


def get_service_settings(_context: Context, _request: requests.GetServiceSettings) -> responses.Settings:
    """Tell where the record of executions is delivered to: nowhere of the cloud's; `oos audit export` does that."""
    return {
        "ServiceSettings": [{"DeliveryOssEnabled": False, "DeliverySlsEnabled": False, "ServiceAccessRdEnabled": False}]
    }


def notify_execution(context: Context, request: requests.NotifyExecution) -> responses.Nothing:
    """Tell an execution what it waits for: to go on, to stop, to try again, to leave a task out."""
    describe(context, request.execution_id)
    ids = [*filter(None, [request.task_execution_id]), *request.task_execution_ids]
    context.orchestration.notify(
        Notification(
            execution_id=request.execution_id,
            type=request.notify_type,
            by=context.caller,
            note=context.redact(request.notify_note),
            task_execution_ids=tuple(dict.fromkeys(ids)),
            task_name=request.task_name,
            execution_status=request.execution_status,
            parameters=request.parameters or {},
            loop_item=_read(request.loop_item),
        )
    )
    return {}


def cancel_execution(context: Context, request: requests.OneExecution) -> responses.Nothing:
    """Have an execution and its children end; what is in flight keeps its outcome."""
    if describe(context, request.execution_id).status == "Cancelled":
        return {}
    context.orchestration.cancel(request.execution_id, context.caller)
    return {}


def delete_executions(context: Context, request: requests.DeleteExecutions) -> responses.Nothing:
    """Take executions out of listings; the record of them stays, for the audit."""
    records = [context.orchestration.execution(root_execution_id(id)) for id in request.execution_ids]
    for record in records:
        decide.require_deletable(record, force=request.force)
    for record in records:
        if record.status not in decide.FINAL:
            context.orchestration.cancel(record.id, context.caller, "deleted")
        context.registry.add(HIDDEN, record.id, {"By": context.caller, "At": format_instant(context.now())})
    return {}


def update_execution(context: Context, request: requests.UpdateExecution) -> responses.Nothing:
    """Change parameters, description or tags of an execution that has not ended; tasks that start later see them."""
    describe(context, request.execution_id)
    context.orchestration.update(
        request.execution_id,
        context.caller,
        request.parameters or {},
        request.description,
        decide.tags_of(request.tags),
    )
    return {}


def trigger_execution(context: Context, request: requests.TriggerExecution) -> responses.Nothing:
    """Have an armed trigger fire now, with a message."""
    describe(context, request.execution_id)
    context.orchestration.trigger(request.execution_id, context.caller, request.type, _read(request.content))
    return {}


def _read(value: Value) -> Value:
    """A value that may have come as JSON text."""
    if not isinstance(value, str):
        return value
    try:
        return msgspec.json.decode(value)
    except msgspec.DecodeError:
        return value
