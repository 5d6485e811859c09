"""The connection of a notebook: the fleet and its executions as Python objects, over an app in this process."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from oos.diagnostics import DiagnosticError, did_you_mean
from oos.execution.status import LoopMode, Mode, SafetyCheck
from oos.notebook.command_run import CommandRun
from oos.notebook.display import cell_number, live_display
from oos.notebook.errors import Faults, NotebookError, UnknownOperation
from oos.notebook.grids import Grid, snapshot_calendar
from oos.notebook.listing import Listing
from oos.notebook.run import Run, Show, template_reader
from oos.notebook.surroundings import next_token
from oos.notebook.watch import Watch
from oos.values.json import Value

if TYPE_CHECKING:
    from oos.app.app import App
    from oos.engine.ports import StartRequest
    from oos.notebook.planned import Planned
    from oos.template.check import CheckedTemplate

INSTANCE_COLUMNS: Final = ("InstanceName", "InstanceId", "Status", "InstanceType", "Cpu", "Memory", "ZoneId", "Tags")
DISK_COLUMNS: Final = ("DiskId", "DiskName", "Status", "Type", "Size", "InstanceId", "ZoneId")
SNAPSHOT_COLUMNS: Final = ("SnapshotId", "SnapshotName", "Status", "SourceDiskId", "CreationTime", "SourceDiskSize")
IMAGE_COLUMNS: Final = ("ImageId", "ImageName", "Status", "Size", "CreationTime", "ImageOwnerAlias")
EXECUTION_COLUMNS: Final = ("ExecutionId", "TemplateName", "Status", "StartedBy", "Started", "Ended", "Message")


class Connection:
    """The fleet, and what is done to it. Made by `oos.connect()`."""

    def __init__(self, app: App) -> None:
        self.app = app
        self.watch = Watch(template_reader(app))
        app.watcher = self.watch

    # what there is

    def instances(
        self,
        *,
        tag: str | Iterable[str] = (),
        name: str = "",
        status: str = "",
        ids: Iterable[str] = (),
        **parameters: Value,
    ) -> Listing:
        """The instances that have these tags (`role=web`), this name (`web-*`), this status."""
        asked: dict[str, Value] = {"InstanceName": name, "Status": status, "InstanceIds": list(ids), "Tags": _tags(tag)}
        return self.list("DescribeInstances", "instances", INSTANCE_COLUMNS, **_given(asked), **parameters)

    def disks(self, **parameters: Value) -> Listing:
        """The disks; parameters are those of ECS.DescribeDisks."""
        return self.list("DescribeDisks", "disks", DISK_COLUMNS, **parameters)

    def snapshots(self, **parameters: Value) -> Listing:
        """The snapshots; parameters are those of ECS.DescribeSnapshots."""
        return self.list("DescribeSnapshots", "snapshots", SNAPSHOT_COLUMNS, **parameters)

    def images(self, **parameters: Value) -> Listing:
        """The images; parameters are those of ECS.DescribeImages."""
        return self.list("DescribeImages", "images", IMAGE_COLUMNS, **parameters)

    def snapshot_calendar(self, days: int = 28) -> Grid:
        """How many snapshots there are of each disk, by the day on which they were made."""
        from oos.app.app import now

        names = {row["InstanceId"]: row["InstanceName"] for row in self.instances()}
        disks = [{**row, "Name": _disk_name(row, names)} for row in self.disks()]
        return snapshot_calendar(self.snapshots(), disks, now().date(), days)

    def list(
        self, operation: str, title: str, columns: Iterable[str] = (), *, service: str = "ECS", **parameters: Value
    ) -> Listing:
        """Everything that a listing operation knows, all pages of it. Raises ApiError."""
        from oos.service.call import invoke_all_pages

        found = self._operation(service, operation)
        if found.list_field is None:
            raise ValueError(f"{service}.{operation} gives no list; use api()")
        value: Any = invoke_all_pages(found, parameters, self._context())
        for part in found.list_field.split("."):
            value = value[part]
        shown = [each for each in columns if any(row.get(each) not in (None, "") for row in value)]
        return Listing(value, title, shown or tuple(columns))

    def api(self, service: str, operation: str, /, **parameters: Value) -> dict[str, Value]:
        """Call one operation, by hand: it is not recorded. Raises ApiError."""
        from oos.service.call import invoke

        return invoke(self._operation(service, operation), parameters, self._context())

    # what is done

    def run(
        self,
        template: str,
        arguments: Mapping[str, Value] | None = None,
        /,
        *,
        wait: bool = True,
        check: bool = True,
        yes: bool = False,
        mode: str = "Automatic",
        loop_mode: str = "Automatic",
        client_token: str = "",
        description: str = "",
        **more: Value,
    ) -> Run:
        """Start an execution of a template (a file, a name, or text) and follow it to its end.

        Raises DiagnosticError for a template or arguments that do not fit, RunFailed when it does not succeed,
        RunWaits when it waits for a person; neither with `check=False`.
        """
        request = replace(
            self._request(template, {**(arguments or {}), **more}),
            mode=Mode(mode),
            loop_mode=LoopMode(loop_mode),
            safety_check=SafetyCheck.SKIP if yes else SafetyCheck.CONFIRM,
            client_token=client_token or next_token(),
            description=description,
        )
        return self.start(request, wait=wait, check=check)

    def plan(self, template: str, arguments: Mapping[str, Value] | None = None, /, **more: Value) -> Planned:
        """What an execution would do now, found out on a twin of the fleet; nothing is done. Raises DiagnosticError."""
        from oos.app.app import now
        from oos.notebook.planned import Planned
        from oos.plan.assumed import Assumed
        from oos.plan.live import live_of
        from oos.plan.make import make_plan

        request = self._request(template, {**(arguments or {}), **more})
        try:
            return Planned(make_plan(live_of(self.app), request, Assumed(), now()))
        except DiagnosticError as error:
            raise Faults(error.diagnostics) from None

    def exec(
        self, targets: str | Iterable[str], command: str, *, wait: bool = True, check: bool = False, **options: Any
    ) -> CommandRun:
        """Run a command on instances, as a recorded execution; `targets` as in `oos exec`: `tag:role=web`, `web-1`.

        Options: kind (`shell`, `python`), concurrency, max_errors, timeout, directory, user.
        """
        from oos.app.adhoc import KINDS, AdHoc, adhoc_template
        from oos.engine.ports import StartRequest

        named = (targets,) if isinstance(targets, str) else tuple(targets)
        if not named:
            raise NotebookError("no target is named", "write all, a name, tag:key=value, name:web-*, status:Running")
        options["kind"] = KINDS[str(options.get("kind", "shell"))]
        for name in ("concurrency", "max_errors"):
            if name in options:
                options[name] = str(options[name])
        asked = AdHoc(named, command, **options)
        checked = self.app.template_cache.checked(adhoc_template(asked, self.app.region), "exec")
        request = StartRequest(
            template=checked,
            parameters={},
            by=self.app.settings.user,
            region=self.app.region,
            template_name="exec",
            description=next(iter(command.splitlines()), "")[:100],
            client_token=next_token(),
        )
        run = CommandRun(self.app, self.watch, self.app.engine.start(request))
        if request.client_token:
            self._take_over_known(run)
        if wait:
            self._follow(run, live_display(run.id))
            if check:
                run.check()
        return run

    def start(self, request: StartRequest, *, wait: bool = True, check: bool = True) -> Run:
        """Start an execution and, unless told otherwise, follow it in place. Raises what run() raises."""
        run = Run(self.app, self.watch, self._started(request))
        if request.client_token:
            self._take_over_known(run)
        if wait:
            self._follow(run, live_display(run.id))
            if check:
                run.check()
        return run

    def _started(self, request: StartRequest) -> str:
        try:
            return self.app.engine.start(request)
        except DiagnosticError as error:
            raise Faults(error.diagnostics) from None

    @staticmethod
    def _follow(run: Run, display: Show | None) -> None:
        """Wait for the end of a run, or for its question; Ctrl-C, or the stop button, cancels it."""
        run.shown_in = cell_number() if display is not None else None
        try:
            run.wait(for_people=False, show=display)
        except KeyboardInterrupt:
            run.cancel("interrupted in the notebook").wait(30, show=display)
            raise

    def _take_over_known(self, run: Run) -> None:
        """Of an execution that the token had started before: go on with it, unless somebody does."""
        from oos.journal.port import OwnedElsewhere

        summary = self.app.journal.summary(run.id)
        if self.watch.version(run.id) == 0 and summary is not None and not summary.status.final:
            # Whoever drives it elsewhere goes on doing so, and this run follows the journal.
            with contextlib.suppress(OwnedElsewhere):
                run.resume()

    # what was done

    def execution(self, execution_id: str) -> Run:
        """A run by its id. Raises ExecutionAbsent."""
        run = Run(self.app, self.watch, execution_id)
        _ = run.status
        return run

    def executions(self, *, status: Iterable[str] = (), template: str = "", limit: int = 50) -> Listing:
        """Executions, newest first."""
        from oos.execution.status import Status
        from oos.journal.port import ExecutionFilter

        statuses = tuple(map(Status, [status] if isinstance(status, str) else status))
        found = self.app.journal.summaries(ExecutionFilter(statuses=statuses, template_name=template, limit=limit))
        rows = [
            {
                "ExecutionId": each.execution_id,
                "TemplateName": each.template_name,
                "Status": str(each.status),
                "StartedBy": each.by,
                "Started": each.started.isoformat(timespec="seconds"),
                "Ended": each.ended.isoformat(timespec="seconds") if each.ended else "",
                "Message": each.message,
            }
            for each in found
        ]
        return Listing(rows, "executions", EXECUTION_COLUMNS)

    def close(self) -> None:
        """Let go of the fleet and the journal; what is in flight is resumable."""
        self.app.close()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        settings = self.app.settings
        inventory = settings.inventory.name if settings.inventory else settings.libvirt_uri
        hosts = [host for region in self.app.inventory.regions for zone in region.zones for host in zone.hosts]
        counted = "1 host" if len(hosts) == 1 else f"{len(hosts)} hosts"
        return f"oos: {counted} of {inventory}, region {self.app.region}, as {settings.user}"

    def _request(self, template: str, parameters: Mapping[str, Value]) -> StartRequest:
        """The start of a template with these parameters. Raises DiagnosticError."""
        from oos.engine.ports import StartRequest

        checked, name = self._template(template)
        return StartRequest(
            template=checked,
            parameters=parameters,
            by=self.app.settings.user,
            region=self.app.region,
            template_name=name,
        )

    def _template(self, template: str) -> tuple[CheckedTemplate, str]:
        """A checked template, and what its executions are called. Raises DiagnosticError."""
        from oos.template.check import faults_at_start

        try:
            if "\n" in template:
                checked, name = self.app.template_cache.checked(template, "notebook"), "notebook"
            else:
                checked, name = self.app.open_template(template), "" if "/" in template else template
        except DiagnosticError as error:
            raise Faults(error.diagnostics) from None
        faults = faults_at_start(checked)
        if faults:
            raise Faults(faults)
        return checked, name

    def _operation(self, service: str, name: str) -> Any:

        found = self.app.catalog.operation(service, name)
        if found is None:
            known = [
                each.name for each in self.app.catalog.operations() if each.service.casefold() == service.casefold()
            ]
            raise UnknownOperation(f"no installed module offers {service}.{name}", did_you_mean(name, known))
        return found

    def _context(self) -> Any:
        return self.app.context(secrets.token_hex(20))


def _disk_name(disk: Mapping[str, Value], instances: Mapping[Value, Value]) -> str:
    """`web-1 system` for the disk of an instance, else the disk's own name or id."""
    owner = instances.get(disk.get("InstanceId"))
    own = disk.get("DiskName") or disk["DiskId"]
    return f"{owner} {disk.get('Type', '')}" if owner else str(own)


def _given(parameters: Mapping[str, Value]) -> dict[str, Value]:
    return {name: value for name, value in parameters.items() if value not in ("", [], None)}


def _tags(tag: str | Iterable[str]) -> list[dict[str, str]]:
    found = []
    for each in [tag] if isinstance(tag, str) else tag:
        key, sign, value = each.partition("=")
        found.append({"Key": key, "Value": value} if sign else {"Key": key})
    return found


_current: list[Connection] = []
"""The connection that `oos.run` and `%%oos` use: the last that was opened, as a notebook has one kernel."""


def connect(
    inventory: str | Path | None = None,
    *,
    state_dir: str | Path | None = None,
    region: str | None = None,
    user: str | None = None,
) -> Connection:
    """Connect this Python to the fleet: settings as on the command line (`oos.toml`, `OOS_*`), arguments win.

    The connection is what `oos.run`, `oos.exec` and `%%oos` use from here on. Raises DiagnosticError.
    """
    from oos.app.app import App
    from oos.app.settings import load_settings

    flags = {"inventory": inventory, "state_dir": state_dir, "region": region, "user": user}
    return use(Connection(App(load_settings(flags))))


def use(connection: Connection) -> Connection:
    """Make this the connection that the module-level functions use."""
    _current[:] = [connection]
    return connection


def current() -> Connection:
    """The connection in use; a first one is opened where there is none."""
    return _current[0] if _current else connect()


def run(template: str, arguments: Mapping[str, Value] | None = None, /, **options: Any) -> Run:
    """Start an execution of a template and follow it; see Connection.run."""
    return current().run(template, arguments, **options)


def exec(targets: str | Iterable[str], command: str, **options: Any) -> CommandRun:
    """Run a command on instances; see Connection.exec."""
    return current().exec(targets, command, **options)


def api(service: str, operation: str, /, **parameters: Value) -> dict[str, Value]:
    """Call one operation; see Connection.api."""
    return current().api(service, operation, **parameters)
