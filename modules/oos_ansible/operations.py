"""The operation that carries out Ansible content in machines, through agents or over SSH."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from oos.fleet.guest import Guest
from oos.fleet.instance import Power
from oos.service.context import Context
from oos.service.errors import ApiError, Cancelled, Refused, Unsupported
from oos.service.operation import Foretold
from oos.values.json import Value
from oos.values.secret import reveal
from oos_ansible import decide, requests, responses

PLUGINS = Path(__file__).parent / "connection"
ROLES = Path(__file__).parent / "roles"
_VARIABLES = "variables.json"
_ANSIBLE_HOME = Path.home() / ".ansible"
"""Where people's roles and collections are, though a run has a home of its own."""


def apply_playbook(context: Context, request: requests.ApplyPlaybook) -> responses.PlaybookApplied:
    """Carry out a playbook, or a single module, in guests; fails when it fails in one of them."""
    plays = decide.play_of(request)
    guests = _guests(context, request.instance_ids)
    events = _run(context, request, plays, guests)
    hosts = decide.hosts_of(guests, events, context.redact)
    failure = decide.failure_of(hosts)
    if failure is not None:
        raise failure
    return {"Changed": any(each["Changed"] for each in hosts), "Hosts": hosts}


def foretell_playbook(context: Context, request: requests.ApplyPlaybook) -> Foretold:
    """What a playbook would change in the guests, asked of Ansible in check mode."""
    response = apply_playbook(context, replace(request, check_mode=True, diff=True))
    return Foretold(response, acts=decide.would_act(response["Hosts"]))


def apply_role(context: Context, request: requests.ApplyRole) -> responses.PlaybookApplied:
    """Carry out a role of ours in guests; fails when it fails in one of them. Repeating it is harmless."""
    return apply_playbook(context, decide.playbook_for(request))


def foretell_role(context: Context, request: requests.ApplyRole) -> Foretold:
    """What a role would change in the guests, asked of Ansible in check mode."""
    return foretell_playbook(context, decide.playbook_for(request))


def _guests(context: Context, ids: Sequence[str]) -> dict[str, Guest]:
    """Who speaks for each machine: its agent, or SSH where none answers and of managed instances.

    Raises for one that is not there, or not running: nothing is begun then.
    """
    found: dict[str, Guest] = {}
    for id in dict.fromkeys(ids):
        guest, machine = context.fleet.of_guest(id, context.region)
        if machine.power is not Power.RUNNING:
            message = f"The instance {machine.id} is {machine.power}; it must be Running."
            raise Refused("IncorrectInstanceStatus", message)
        found[machine.id] = guest
    return found


def _run(
    context: Context, request: requests.ApplyPlaybook, plays: Sequence[Any], guests: Mapping[str, Guest]
) -> list[Mapping[str, Any]]:
    try:
        import ansible_runner
    except ImportError as error:
        raise Unsupported("Ansible is not installed here: pip install 'oos[ansible]'.") from error
    from oos_ansible.broker import Broker

    events: list[Mapping[str, Any]] = []
    over = threading.Event()

    def hear(event: Mapping[str, Any]) -> bool:
        events.append(event)
        begins, ended = decide.progress_of(event), decide.step_of(event, context.redact)
        if begins:
            context.report(context.redact(begins))
        if ended is not None:
            context.report(ended)
        return False  # kept here, not in a file

    with tempfile.TemporaryDirectory(prefix="oos-ansible-") as name:
        folder = Path(name)
        broker = Broker(
            folder,
            guests,
            lambda: over.is_set() or context.cancelled.is_set(),
            lambda seconds: context.sleep(context.cancelled, seconds),
        )
        try:
            done = ansible_runner.run(
                private_data_dir=name,
                playbook=[*plays],
                inventory={"all": {"hosts": dict.fromkeys(guests), "vars": {"ansible_connection": "oos_agent"}}},
                extravars=_variables_file(folder, request.extra_variables),
                cmdline=" ".join(["--check"] * request.check_mode + ["--diff"] * request.diff) or None,
                forks=request.forks,
                timeout=request.timeout,
                envvars=_environment(folder, broker.path),
                event_handler=hear,
                cancel_callback=context.cancelled.is_set,
                quiet=True,
                suppress_env_files=True,
            )
        finally:
            over.set()
            _end_what_is_left(broker.path)
            broker.close()
        if done.status == "canceled":
            raise Cancelled("the playbook")
        if done.status == "timeout":
            raise ApiError("PlaybookTimeout", f"The playbook did not end within {request.timeout} s.", status=504)
        if not any(str(event.get("event", "")).startswith("runner_on_") for event in events) and done.rc != 0:
            raise ApiError("PlaybookFailed", context.redact(_complaint(events)))
    return events


def _end_what_is_left(broker: Path) -> None:
    """End processes of this run. Ansible's forks have sessions of their own, and outlive a parent that is killed."""
    mark = f"OOS_BROKER={broker}\0".encode()
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if mark in (folder / "environ").read_bytes():
                os.kill(int(folder.name), signal.SIGKILL)


def _variables_file(folder: Path, variables: Mapping[str, Value] | None) -> str | None:
    """A file of variables, secrets in the open: the folder is ours alone, but everybody can see a command line."""
    if not variables:
        return None
    (folder / _VARIABLES).write_bytes(msgspec.json.encode(reveal(dict(variables))))
    return _VARIABLES


def _environment(folder: Path, broker: Path) -> dict[str, str]:
    return {
        "ANSIBLE_CONNECTION_PLUGINS": str(PLUGINS),
        "ANSIBLE_HOST_KEY_CHECKING": "false",  # an agent has no key
        "ANSIBLE_LOCAL_TEMP": str(folder / "local"),
        "ANSIBLE_HOME": str(folder / "home"),
        "ANSIBLE_NOCOLOR": "1",
        "ANSIBLE_PIPELINING": "true",
        "ANSIBLE_RETRY_FILES_ENABLED": "false",
        "ANSIBLE_ROLES_PATH": _path("ANSIBLE_ROLES_PATH", "roles", "/etc/ansible/roles", str(ROLES)),
        "ANSIBLE_COLLECTIONS_PATH": _path("ANSIBLE_COLLECTIONS_PATH", "collections"),
        "OOS_BROKER": str(broker),
        # Ansible's programs lie beside our Python, in an environment that need not be active.
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    }


def _path(name: str, kind: str, *more: str) -> str:
    """Where Ansible looks: where the environment says, else where it does by itself; and in more folders."""
    usual = os.pathsep.join([str(_ANSIBLE_HOME / kind), f"/usr/share/ansible/{kind}"])
    return os.pathsep.join([os.environ.get(name, usual), *more])


def _complaint(events: Sequence[Mapping[str, Any]]) -> str:
    """What Ansible said instead of beginning: a fault in the playbook, mostly."""
    lines = [str(event.get("stdout", "")).strip() for event in events]
    said = " ".join(line for line in lines if line)
    return said[-decide.MOST_TEXT :] or "Ansible ended without a word."
