"""The zone: a libvirtd in mount, network and process namespaces of its own.

Nothing of it shows on the host, and nothing of it can outlive it: the first process of the process namespace (see
zone.sh) is the life of all others. Facts about the zone are read from the kernel; the notes in the lab directory only
say where to look. A note is believed if pid, start time, boot and namespace all still fit.

virtlogd is not needed: QEMU writes its logs to files itself (`stdio_handler`), and so does not depend on a daemon
that might be killed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

from oos.lab.config import POOLS, LabConfig
from oos.lab.errors import CommandFailed, ForeignDirectory, LabError, ZoneDown
from oos.lab.guest import Report
from oos.lab.process import (
    ProcessIdentity,
    children,
    end,
    identify,
    is_alive,
    is_stopped,
    namespace,
    processes_in,
    run,
    run_unchecked,
    send,
    start_time,
    wait_until,
)
from oos.lab.zone_files import PROGRAMS, write_files

SCRIPT = Path(__file__).parent / "zone.sh"
MARKER = ".oos-lab"
CLEAN_ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root"}
EMULATOR_NAME = "qemu-system-x86"
"""The kernel cuts the name of a process after 15 letters."""
PID_FILE = "/run/libvirt/libvirtd.pid"
"""Where the first host's libvirtd notes its pid, as the zone sees it."""
ANSWER_SECONDS = 30.0
"""How long a healthy libvirtd may take to answer a trivial question on a host under heavy load."""
START_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Zone:
    """A living zone."""

    keeper: ProcessIdentity
    """unshare(1), outside; it dies with the first process inside, and takes it along."""
    init: ProcessIdentity
    """The first process inside, as seen from outside."""
    pid_namespace: str
    net_namespace: str

    def enter(self) -> tuple[str, ...]:
        """The command that runs the rest of its line inside the zone, as one of the zone's processes."""
        return ("nsenter", f"--target={self.init.pid}", "--mount", "--net", "--pid", "--wd=/", "--")

    def pids(self) -> tuple[int, ...]:
        """All processes of the zone."""
        return processes_in("pid", self.pid_namespace)

    def named(self, program: str) -> tuple[ProcessIdentity, ...]:
        """The zone's processes that run this program."""
        found = (identify(pid) for pid in self.pids() if _program(pid) == program)
        return tuple(process for process in found if process)

    def daemons(self, pid_file: str) -> tuple[ProcessIdentity, ...]:
        """The zone's libvirtd processes that were told to note their pid here; each host's has a place of its own."""
        return tuple(each for each in self.named("libvirtd") if pid_file.encode() in _words(each.pid))


def _words(pid: int) -> list[bytes]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return []


def _program(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except (FileNotFoundError, ProcessLookupError):
        return ""


# looking


def find(config: LabConfig) -> Zone | None:
    """The living zone of this lab, if there is one and it is set up to the end."""
    keeper = _keeper(config)
    if keeper is None:
        return None
    ready = _notes(config.directory / "zone.ready")
    for pid in children(keeper.pid):
        init = identify(pid)
        names = {kind: namespace(pid, kind) for kind in ("pid", "net", "mnt")}
        if init and [f"{kind} {name}" for kind, name in names.items()] == ready:
            return Zone(keeper, init, names["pid"], names["net"])
    return None


def require(config: LabConfig) -> Zone:
    """The living zone of this lab. Raises `ZoneDown`."""
    zone = find(config)
    if zone is None:
        raise ZoneDown(str(config.directory), "the lab is not up", "oos lab up")
    return zone


def _keeper(config: LabConfig) -> ProcessIdentity | None:
    """The keeper of this lab's namespaces, as its note says, or, the note lost, as its command line says."""
    notes = _notes(config.directory / "zone.keeper")
    if len(notes) == 2:
        boot, stat = notes
        noted = ProcessIdentity(int(stat.split()[0]), start_time(stat), boot)
        if is_alive(noted):
            return noted
    return next((each for each in _by_command_line(config) if _program(each.pid) == "unshare"), None)


def _by_command_line(config: LabConfig) -> tuple[ProcessIdentity, ...]:
    """Keeper and first process of this lab's zone, known by the directory in their command line."""
    wanted = [b"inner", bytes(config.directory), bytes(config.runtime)]
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            continue
        at = next((at for at, word in enumerate(words) if word.endswith(b"/zone.sh")), len(words))
        if words[at + 1 : at + 4] == wanted:
            found.append(identify(int(entry.name)))
    return tuple(process for process in found if process)


def _notes(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except FileNotFoundError:
        return []


# raising


def refuse_foreign(config: LabConfig) -> None:
    """Raises `ForeignDirectory` if the lab's directory holds what no lab made: a lab deletes what is in it."""
    if (config.directory / MARKER).exists() or not config.directory.exists():
        return
    foreign = sorted({path.name for path in config.directory.iterdir()} - {"lab.lock", "cache"})
    if foreign:
        raise ForeignDirectory(
            str(config.directory), f"holds {foreign[0]}, which no lab made", "name an empty directory"
        )


def raise_zone(config: LabConfig, lock: int, *, kvm: bool, report: Report) -> Zone:
    """A living zone whose libvirtd answers: what lives is kept, what died is started. Needs the lab's lock."""
    zone = find(config)
    if zone is None:
        end_zone(config, report)  # one that was never set up to the end
        report("starting the zone's namespaces")
        _clear(config)
        (config.directory / MARKER).touch()
        zone = _start_namespaces(config, lock, kvm=kvm)
    _write_entrance(config, zone)
    _start_libvirtd(config, zone, report)
    started = ensure_objects(zone, config.uri, "qemu:///system", Path("/etc/libvirt/oos"))
    if "default" in started and zone.named(EMULATOR_NAME):
        # The cards of running guests hang in the air now; a libvirtd that starts puts them back on the bridge.
        for process in zone.named("libvirtd"):
            end(process)
        _start_libvirtd(config, zone, report)
    _mend_dhcp(config, zone, report)
    return zone


ENTRANCE = """\
#!/bin/sh
# Runs the rest of its line in the lab's namespaces. The process that it enters by may be gone, and its number be
# another's: it enters only where the network is that of the lab.
[ "$(readlink /proc/{pid}/ns/net)" = '{net}' ] || {{ echo "the lab is not up" >&2; exit 1; }}
exec {enter} "$@"
"""


def _write_entrance(config: LabConfig, zone: Zone) -> None:
    """By this an inventory says how programs are run on the lab's host."""
    text = ENTRANCE.format(pid=zone.init.pid, net=zone.net_namespace, enter=" ".join(zone.enter()))
    fresh = config.entrance.with_suffix(".new")
    fresh.write_text(text)
    fresh.chmod(0o700)
    fresh.replace(config.entrance)


def _start_namespaces(config: LabConfig, lock: int, *, kvm: bool) -> Zone:
    write_files(config)
    words = [config.directory, config.runtime, config.cache, "yes" if kvm else "no"]
    log_path = config.directory / "log/zone.log"
    with log_path.open("ab") as log:
        # setsid(1) forks: the zone outlives our terminal and is nobody's child here. See zone.sh for the lock.
        subprocess.run(
            ["setsid", "--fork", "/bin/sh", str(SCRIPT), "outer", *map(str, words)],
            stdin=lock,
            stdout=log,
            stderr=log,
            cwd="/",
            env=CLEAN_ENVIRONMENT,
            check=True,
        )
    note = config.directory / "zone.keeper"
    wait_until(lambda: find(config) is not None or (note.exists() and _keeper(config) is None), timeout=10, pause=0.01)
    zone = find(config)
    if zone is None:
        cause = f"the zone did not start: {log_path.read_text()[-500:].strip()}"
        raise LabError(str(config.directory), cause, "oos doctor")
    return zone


def _start_libvirtd(config: LabConfig, zone: Zone, report: Report) -> None:
    living = zone.daemons(PID_FILE)
    # One that an `up` killed a moment ago has just started gets the time to come up.
    if living and not any(map(is_stopped, living)) and wait_until(lambda: answers(config), timeout=START_SECONDS):
        return
    for process in living:
        report("libvirtd does not answer: starting it anew")
        end(process)
    report("starting libvirtd")
    programs = {"PATH": f"{PROGRAMS}:{CLEAN_ENVIRONMENT['PATH']}"}
    environment = [f"{name}={value}" for name, value in {**CLEAN_ENVIRONMENT, **programs}.items()]
    daemon = ["libvirtd", "--daemon", "--pid-file", PID_FILE]
    # Whether it started is seen by its answering; its own word may be that another is there already.
    said = run_unchecked([*zone.enter(), "env", "-i", *environment, *daemon], timeout=START_SECONDS).stderr
    if not wait_until(lambda: answers(config), timeout=START_SECONDS):
        log = config.directory / "log/libvirtd.log"
        known = log.read_text(errors="replace")[-500:] if log.exists() else said.decode(errors="replace")
        raise LabError(config.uri, f"libvirtd does not answer; it says: {known.strip()}", "oos doctor")


def answers(config: LabConfig) -> bool:
    """Whether the lab's libvirtd answers now."""
    zone = find(config)
    if zone is None or not config.socket.exists() or any(map(is_stopped, zone.daemons(PID_FILE))):
        return False
    return answers_at(config.uri)


def answers_at(uri: str) -> bool:
    """Whether a libvirtd answers at this URI now."""
    try:
        return run_unchecked(["virsh", "-c", uri, "uri"], timeout=ANSWER_SECONDS).returncode == 0
    except CommandFailed:
        return False


def virsh(config: LabConfig, *command: str, timeout: float = 30) -> str:
    """What virsh(1) says to a command on the lab."""
    return run(["virsh", "-q", "-c", config.uri, *command], timeout=timeout)


def _mend_dhcp(config: LabConfig, zone: Zone, report: Report) -> None:
    """libvirt does not notice that a network's dnsmasq died, but looks after it when it reloads (SIGHUP)."""
    if zone.named("dnsmasq") or not (config.runtime / "network/default.xml").exists():
        return
    report("the DHCP server is gone: starting it anew")
    for process in zone.daemons(PID_FILE):
        send(process, signal.SIGHUP)
    if not wait_until(lambda: bool(zone.named("dnsmasq")), timeout=10):
        raise LabError(config.uri, "the DHCP server of network default does not start")


def ensure_objects(zone: Zone, uri: str, inside: str, files: Path) -> tuple[str, ...]:
    """Network and storage pools of a host are defined and active; the names of those that had to be started.

    `inside` is the host's URI as processes of the zone use it, and `files` is where these find the definitions.
    """
    started: list[str] = []
    said = ""
    for _ in range(5):
        commands = _missing_objects(uri, files)
        if not commands:
            return tuple(started)
        started += [name for name, _ in commands]
        # Some may fail, where a client of an `up` that was killed still does the same: the next look tells.
        for _, command in commands:
            done = run_unchecked([*zone.enter(), "virsh", "-q", "-c", inside, command])
            said = done.stderr.decode(errors="replace").strip() or said
    raise LabError(uri, f"cannot start {', '.join(started)}: {said}")


def _missing_objects(uri: str, files: Path) -> list[tuple[str, str]]:
    """Name of each object that is not active, and what it takes."""
    missing = []
    for kind, names in (("net", ("default",)), ("pool", POOLS)):
        said = run(["virsh", "-q", "-c", uri, f"{kind}-list --name; echo //; {kind}-list --all --name"], timeout=30)
        active, _, defined = (part.split() for part in said.partition("//"))
        for name in names:
            if name not in defined:
                define = f"{kind}-define '{files}/{kind}-{name}.xml'; {kind}-autostart {name}"
                missing.append((name, f"{define}; {kind}-start {name}"))
            elif name not in active:
                missing.append((name, f"{kind}-start {name}"))
    return missing


# ending


def end_zone(config: LabConfig, report: Report) -> None:
    """End every process of the zone and wait until the kernel has cleared away all that was theirs. Needs the lock."""
    keeper = _keeper(config)
    within = [process for process in map(identify, children(keeper.pid) if keeper else ()) if process]
    # A keeper killed in the moment of its birth may leave a child that no note tells of.
    processes = {*within, *_by_command_line(config), *([keeper] if keeper else [])}
    if not processes:
        return
    report("ending the zone")
    kinds = ("pid", "net")
    held = {(kind, namespace(process.pid, kind)) for process in processes for kind in kinds}
    held -= {(kind, namespace(os.getpid(), kind)) for kind in kinds}
    for process in processes:
        if not end(process):
            raise LabError(f"process {process.pid}", "does not die")
    wait_until(lambda: not any(processes_in(kind, name) for kind, name in held), timeout=5)


def is_anything_left(config: LabConfig) -> bool:
    """Whether a zone of this lab, or files of one, are still there."""
    places = (config.directory, config.runtime)
    return any(place.exists() for place in places) or bool(_by_command_line(config))


def remove(config: LabConfig) -> None:
    """Delete all that the lab keeps, its cache excepted. Needs the lock, and a zone that has ended."""
    _clear(config)
    (config.directory / MARKER).unlink(missing_ok=True)
    (config.directory / "lab.lock").unlink(missing_ok=True)
    with contextlib.suppress(OSError):  # the cache is still in it
        config.directory.rmdir()


def _clear(config: LabConfig) -> None:
    """Delete what a zone left behind."""
    if config.runtime != config.directory / "run" and config.runtime.exists():
        shutil.rmtree(config.runtime)
    if not (config.directory / MARKER).exists():
        return
    kept = {MARKER, "lab.lock", "cache"}
    for path in config.directory.iterdir():
        if path.name in kept or path == config.cache:
            continue
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
