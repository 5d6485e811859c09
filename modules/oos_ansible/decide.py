"""Decisions about Ansible content: what is run, and what its events say. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec

from oos.service.errors import ApiError, InvalidParameter
from oos.service.target_step import TargetStep
from oos_ansible.requests import ApplyPlaybook, ApplyRole
from oos_ansible.responses import HostShape, TaskShape

MOST_TEXT = 4000
"""Characters of a message or difference that are kept; the rest is counted."""
MOST_RECORDED = 500
"""Characters of a message that are recorded while the run goes on; its outputs hold more."""

_STATUSES = {
    "runner_on_ok": "Ok",
    "runner_on_failed": "Failed",
    "runner_on_skipped": "Skipped",
    "runner_on_unreachable": "Unreachable",
}

_COMMANDS: Final = frozenset({"command", "raw", "script", "shell"})
"""Modules that check mode leaves out, since nobody knows what they do."""


def play_of(request: ApplyPlaybook) -> list[Any]:
    """The playbook that a request means. Raises InvalidParameter."""
    import yaml

    if bool(request.playbook) == bool(request.module_name):
        raise InvalidParameter("Playbook", "Give one of Playbook and ModuleName.")
    if request.module_name:
        task = {"name": request.module_name, request.module_name: dict(request.module_arguments or {})}
        return [{"name": request.module_name, "hosts": "all", "gather_facts": False, "tasks": [task]}]
    if request.module_arguments:
        raise InvalidParameter("ModuleArguments", "They belong to ModuleName, which is not given.")
    try:
        plays = yaml.safe_load(request.playbook)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{mark.line + 1}:{mark.column + 1}: " if mark else ""
        problem = getattr(error, "problem", None) or "it cannot be read"
        raise InvalidParameter("Playbook", f"The playbook is no YAML: {place}{problem}.") from error
    if not isinstance(plays, list) or not plays or not all(isinstance(play, dict) for play in plays):
        raise InvalidParameter("Playbook", "A playbook is a list of plays, each with hosts and tasks.")
    return plays


def playbook_for(request: ApplyRole) -> ApplyPlaybook:
    """A role in all guests, as a playbook."""
    play = {"name": request.role_name, "hosts": "all", "gather_facts": False, "roles": [request.role_name]}
    return ApplyPlaybook(
        instance_ids=request.instance_ids,
        playbook=msgspec.json.encode([play]).decode(),  # JSON is YAML
        extra_variables=request.variables,
        check_mode=request.check_mode,
        forks=request.forks,
        timeout=request.timeout,
    )


def progress_of(event: Mapping[str, Any]) -> str:
    """What an event of a run tells a watcher: a task that begins; mostly nothing."""
    begins = event.get("event") == "playbook_on_task_start"
    return str(event.get("event_data", {}).get("task", "")) if begins else ""


def step_of(event: Mapping[str, Any], redact: Callable[[str], str]) -> TargetStep | None:
    """How a task ended in one machine, to be recorded as soon as it is known; None for any other event."""
    status, data = _STATUSES.get(str(event.get("event"))), event.get("event_data", {})
    if not status:
        return None
    task = _task(status, data, redact)
    name, message = task["Name"] or task["Module"], _short(task["Message"], MOST_RECORDED)
    return TargetStep(str(data.get("host")), name, task["Status"], changed=task["Changed"], message=message)


def hosts_of(
    instance_ids: Iterable[str], events: Iterable[Mapping[str, Any]], redact: Callable[[str], str]
) -> list[HostShape]:
    """What the events of a run tell of each guest. Of one that no play meant they tell nothing."""
    tasks: dict[str, list[TaskShape]] = {id: [] for id in instance_ids}
    for event in events:
        status, data = _STATUSES.get(str(event.get("event"))), event.get("event_data", {})
        if status and data.get("host") in tasks:
            tasks[data["host"]].append(_task(status, data, redact))
    return [
        {
            "InstanceId": id,
            "Status": _status([each["Status"] for each in found]),
            "Changed": any(each["Changed"] for each in found),
            "Tasks": found,
        }
        for id, found in tasks.items()
    ]


def _task(status: str, data: Mapping[str, Any], redact: Callable[[str], str]) -> TaskShape:
    result = data.get("res") or {}
    if status == "Failed" and data.get("ignore_errors"):
        status = "Ignored"
    return {
        "Name": redact(str(data.get("task", ""))),
        "Module": str(data.get("task_action", "")),
        "Status": status,
        "Changed": status == "Ok" and bool(result.get("changed")),
        "Message": _short(redact(_message(result))),
        "Diff": _short(redact(_difference(result.get("diff")))),
    }


def _message(result: Mapping[str, Any]) -> str:
    """What a module says: its message, else its output; of a failed command both."""
    parts = [result.get("msg"), result.get("stdout") or result.get("module_stdout")]
    parts += [result.get("stderr") or result.get("module_stderr")] if result.get("failed") or result.get("rc") else []
    return "\n".join(str(part).strip() for part in parts if part)


def _difference(diff: Any) -> str:
    parts = diff if isinstance(diff, list) else [diff] if diff else []
    return "\n".join(
        each["prepared"]
        if "prepared" in each
        else f"--- {each.get('before_header', 'before')}\n{each.get('before', '')}\n"
        f"+++ {each.get('after_header', 'after')}\n{each.get('after', '')}"
        for each in parts
        if isinstance(each, Mapping)
    )


def _short(text: str, most: int = MOST_TEXT) -> str:
    return text if len(text) <= most else f"{text[:most]}… ({len(text) - most} characters more)"


def _status(statuses: list[str]) -> str:
    if "Unreachable" in statuses:
        return "Unreachable"
    return "Failed" if "Failed" in statuses else "Success"


def would_act(hosts: Iterable[HostShape]) -> bool:
    """Whether a run in check mode tells of changes. Commands it leaves out, whatever their condition: they may act."""
    return any(
        task["Changed"] or (task["Status"] == "Skipped" and task["Module"].rpartition(".")[2] in _COMMANDS)
        for host in hosts
        for task in host["Tasks"]
    )


def failure_of(hosts: Iterable[HostShape]) -> ApiError | None:
    """The error that says which guests failed, at which task, why, and what had changed before; None when none did."""
    said: list[str] = []
    codes: set[str] = set()
    for host in hosts:
        if host["Status"] == "Success":
            continue
        bad = next(task for task in host["Tasks"] if task["Status"] in ("Failed", "Unreachable"))
        codes.add(host["Status"])
        said.append(f"{host['InstanceId']}: {bad['Name'] or bad['Module']}: {bad['Message'] or bad['Status']}")
        changed = [task["Name"] or task["Module"] for task in host["Tasks"] if task["Changed"]]
        if changed:
            said[-1] += f" (changed before: {', '.join(changed)})"
    if not said:
        return None
    return ApiError("PlaybookUnreachable" if codes == {"Unreachable"} else "PlaybookFailed", "; ".join(said))
