"""The simulated guest agent: programs and files inside a guest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from datetime import timedelta

from oos.adapters.memory.host import SimulatedHost
from oos.adapters.memory.state import Files, Guest
from oos.fleet.errors import AgentFailed, AgentUnavailable
from oos.fleet.hypervisor import MOST_STDIN
from oos.fleet.instance import GuestInfo, GuestProcess, Instance, Power
from oos.service.guest_command import BOOT_ID


class MountedFiles(MutableMapping[str, bytes]):
    """The files of a guest: `/mnt/vdX/…` is on the disk vdX where there is one, all else on the system disk."""

    def __init__(self, system: Files, disks: Mapping[str, Files]) -> None:
        self._system = system
        self._disks = disks

    def _place(self, path: str) -> tuple[Files, str]:
        parts = path.split("/", 3)
        if len(parts) == 4 and parts[:2] == ["", "mnt"] and parts[2] in self._disks:
            return self._disks[parts[2]], f"/{parts[3]}"
        return self._system, path

    def __getitem__(self, path: str) -> bytes:
        files, name = self._place(path)
        return files[name]

    def __setitem__(self, path: str, content: bytes) -> None:
        files, name = self._place(path)
        files[name] = content

    def __delitem__(self, path: str) -> None:
        files, name = self._place(path)
        del files[name]

    def __iter__(self) -> Iterator[str]:
        yield from self._system
        for device, files in self._disks.items():
            yield from (f"/mnt/{device}{name}" for name in files if files is not self._system)

    def __len__(self) -> int:
        return sum(1 for _ in self)


class SimulatedAgents(SimulatedHost):
    """The half of the port that is about the guest agent."""

    def _agent(self, instance_id: str) -> tuple[Instance, Guest]:
        instance = self._instance(instance_id)
        if instance.power is not Power.RUNNING:
            raise AgentUnavailable(instance_id, f"the instance is {instance.power}")
        if not instance.has_agent:
            raise AgentUnavailable(instance_id, "it is not connected")
        return instance, self.state.guests[instance_id]

    def _working_agent(self, instance_id: str) -> tuple[Instance, Guest]:
        instance, guest = self._agent(instance_id)
        if guest.frozen:
            raise AgentFailed(instance_id, "file systems are frozen")
        return instance, guest

    def _guest_files(self, instance: Instance) -> MountedFiles:
        disks = [self.state.disks[id] for id in instance.disk_ids if id in self.state.disks]
        mounted = {disk.device: self.state.files.setdefault(disk.id, {}) for disk in disks}
        return MountedFiles(mounted.get(disks[0].device, {}) if disks else {}, mounted)

    def guest_info(self, instance_id: str) -> GuestInfo:
        with self._call("guest_info", instance_id):
            instance, guest = self._agent(instance_id)
            kept = self._guest_files(instance).get("/etc/hostname", b"").decode().strip()
            name = kept or instance.host_name or instance.domain
            return GuestInfo("Simulated Linux", "1", "6.1.0-simulated", name, guest.ready_at)

    def guest_execute(self, instance_id: str, argv: Sequence[str], *, stdin: bytes = b"") -> int:
        with self._call("guest_execute", instance_id), self._lock:
            instance, guest = self._working_agent(instance_id)
            if len(stdin) > MOST_STDIN:
                raise AgentFailed(instance_id, f"{len(stdin)} bytes of input are more than {MOST_STDIN}; write a file")
            if not argv or not argv[0]:
                raise AgentFailed(instance_id, "no program was named")
            with self._change():
                outcome = self._program(tuple(argv), stdin, self._guest_files(instance))
                guest.last_pid += 1
                pid = guest.last_pid
                guest.processes[str(pid)] = GuestProcess(
                    pid, exited=True, exit_code=outcome.exit_code, stdout=outcome.stdout, stderr=outcome.stderr
                )
                guest.ends[str(pid)] = self._clock.now() + timedelta(seconds=outcome.seconds)
                self._count("guest_execute", instance_id)
            return pid

    def guest_process(self, instance_id: str, pid: int) -> GuestProcess:
        with self._call("guest_process", instance_id), self._lock:
            _, guest = self._working_agent(instance_id)
            process = guest.processes.get(str(pid))
            if process is None:
                raise AgentFailed(instance_id, f"PID {pid} does not exist")
            if guest.ends[str(pid)] > self._clock.now():
                return GuestProcess(pid, exited=False)
            with self._change():
                del guest.processes[str(pid)], guest.ends[str(pid)]
            return process

    def guest_read(self, instance_id: str, path: str, *, limit: int = 1 << 20) -> bytes:
        with self._call("guest_read", instance_id), self._lock:
            instance, guest = self._working_agent(instance_id)
            if path == BOOT_ID and guest.boot:
                return f"{guest.boot}\n".encode()[:limit]
            files = self._guest_files(instance)
            if path not in files:
                raise AgentFailed(instance_id, f"failed to open file '{path}': No such file or directory")
            return files[path][:limit]

    def guest_write(self, instance_id: str, path: str, content: bytes) -> None:
        with self._call("guest_write", instance_id), self._lock:
            instance, _ = self._working_agent(instance_id)
            with self._change():
                self._guest_files(instance)[path] = bytes(content)
                self._count("guest_write", instance_id)
