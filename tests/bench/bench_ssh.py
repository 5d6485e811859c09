"""Commands over SSH beside paramiko alone, fabric, pyinfra and ansible-playbook, against sshd on loopback (DESIGN 11).

Each peer runs in a process of its own; CPU of the client's side is counted, its children included, sshd not. What is
compared within a bar is measured by turns, some rounds, and the least of each counts: others use this machine, too.
pyinfra wants an older paramiko than ours, and has a virtual environment of its own, made at the first time.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from tests.bench.peers import python_with

PYINFRA = ("pyinfra==3.10.0",)
HOSTS = 100
COMMANDS = 10
MANY_HOSTS = 500
ON_ONE = 100
ROUNDS = 3
WORKERS = 32
DESCRIPTORS = 256
COMMAND = "echo here"


def addresses(count: int) -> list[str]:
    """So many addresses of this machine."""
    return [f"127.0.{1 + number // 250}.{1 + number % 250}" for number in range(count)]


# peers: each a function from hosts and commands a host to nothing


def ours(config: Path, hosts: Sequence[str], commands: int) -> None:
    """What `oos.adapters.ssh` does."""
    from oos.adapters.ssh.channel import run
    from oos.adapters.ssh.pool import SshPool
    from oos.inventory.model import SshAccess

    pool = SshPool()

    def work(host: str) -> None:
        access = SshAccess(host, config=str(config))
        for _ in range(commands):
            assert run(pool, access, COMMAND, target=host).stdout == b"here\n"

    with ThreadPoolExecutor(WORKERS) as many:
        list(many.map(work, hosts))
    pool.close()


def paramiko_alone(config: Path, hosts: Sequence[str], commands: int) -> None:
    """The library below, with nothing around it."""
    import paramiko

    settings = paramiko.SSHConfig.from_path(str(config)).lookup("127.0.1.1")
    key = paramiko.Ed25519Key.from_private_key_file(settings["identityfile"][0])

    def work(host: str) -> None:
        client = paramiko.SSHClient()
        client.set_missing_host_key_policy(paramiko.AutoAddPolicy())
        client.connect(host, int(settings["port"]), settings["user"], pkey=key, allow_agent=False, look_for_keys=False)
        for _ in range(commands):
            _, out, _ = client.exec_command(COMMAND)
            assert out.read() == b"here\n"
            assert out.channel.recv_exit_status() == 0
        client.close()

    with ThreadPoolExecutor(WORKERS) as many:
        list(many.map(work, hosts))


def fabric_runner(config: Path, hosts: Sequence[str], commands: int) -> None:
    """fabric, with its own runner."""
    import fabric

    settings = fabric.Config(runtime_ssh_path=str(config))

    def work(host: str) -> None:
        with fabric.Connection(host, config=settings) as connection:
            for _ in range(commands):
                assert connection.run(COMMAND, hide=True, in_stream=False).stdout == "here\n"

    with ThreadPoolExecutor(WORKERS) as many:
        list(many.map(work, hosts))


def pyinfra_api(config: Path, hosts: Sequence[str], commands: int) -> None:
    """pyinfra, by its API."""
    from pyinfra.api import Config, Inventory, State
    from pyinfra.api.connect import connect_all, disconnect_all

    data = {"ssh_config_file": str(config), "ssh_strict_host_key_checking": "no"}
    state = State(Inventory((list(hosts), data)), Config(PARALLEL=WORKERS))
    connect_all(state)

    def work(host: Any) -> None:
        for _ in range(commands):
            done, output = host.run_shell_command(COMMAND)
            assert done
            assert output.stdout == "here"

    for greenlet in [state.pool.spawn(work, host) for host in state.inventory]:
        greenlet.get()
    disconnect_all(state)


def ansible_playbook(config: Path, hosts: Sequence[str], commands: int) -> None:
    """ansible-playbook, with pipelining and kept connections."""
    with tempfile.TemporaryDirectory() as folder:
        inventory, play = Path(folder) / "hosts", Path(folder) / "play.yml"
        inventory.write_text("".join(f"{host}\n" for host in hosts))
        tasks = [{"name": f"n{number}", "ansible.builtin.command": COMMAND} for number in range(commands)]
        play.write_text(json.dumps([{"hosts": "all", "gather_facts": False, "tasks": tasks}]))
        environment = {
            **os.environ,
            "ANSIBLE_PIPELINING": "1",
            "ANSIBLE_FORKS": str(WORKERS),
            "ANSIBLE_SSH_ARGS": f"-F {config} -o ControlMaster=auto -o ControlPersist=60",
            "ANSIBLE_SSH_CONTROL_PATH_DIR": folder,
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "LC_ALL": "C.UTF-8",
        }
        subprocess.run(
            ["ansible-playbook", "-i", inventory, play], env=environment, check=True, capture_output=True, text=True
        )


PEERS: dict[str, Callable[[Path, Sequence[str], int], None]] = {
    "paramiko": paramiko_alone,
    "ours": ours,
    "fabric": fabric_runner,
    "pyinfra": pyinfra_api,
    "ansible": ansible_playbook,
}


def interpreter(peer: str) -> Path | None:
    """The Python that has a peer; None where nobody has."""
    if peer == "pyinfra" and find_spec("pyinfra") is None:
        return python_with(*PYINFRA)
    return Path(sys.executable) if peer in ("ours", "paramiko") or find_spec(peer) else None


def cpu_seconds() -> float:
    """Processor time of this process and its children so far."""
    total = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        used = resource.getrusage(who)
        total += used.ru_utime + used.ru_stime
    return total


def measure(peer: str, config: Path, hosts: int, commands: int) -> dict[str, float] | None:
    """What a peer takes in a process of its own. None where it is not to be had, or fails."""
    python = interpreter(peer)
    if python is None:
        return None
    argv = [python, "-m", "tests.bench.bench_ssh", peer, str(config), str(hosts), str(commands)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        print(f"  {peer}: failed: {done.stderr.strip().splitlines()[-1:]}")
        return None
    told: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return told


def play(peer: str, config: Path, hosts: int, commands: int) -> None:
    """Be a peer: one command first, so that imports and keys are not counted; then the work."""
    work = PEERS[peer]
    if peer != "ansible":
        work(config, addresses(1), 1)
    most = [0, 0]
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(0.05):
            most[0] = max(most[0], sum(1 for _ in Path("/proc/self/fd").iterdir()))
            most[1] = max(most[1], threading.active_count())

    if hosts == MANY_HOSTS:
        resource.setrlimit(resource.RLIMIT_NOFILE, (DESCRIPTORS, DESCRIPTORS))
        threading.Thread(target=watch, daemon=True).start()
    cpu, wall = cpu_seconds(), time.monotonic()
    work(config, addresses(hosts), commands)
    told = {"cpu": cpu_seconds() - cpu, "wall": time.monotonic() - wall, "descriptors": most[0], "threads": most[1]}
    ended.set()
    told["rss"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(told))


def table(
    title: str, config: Path, peers: Sequence[str], hosts: int, commands: int, rounds: int = 1
) -> dict[str, dict[str, float]]:
    """Measure peers by turns, and print what a command costs each: the least of the rounds."""
    print(title, flush=True)
    found: dict[str, dict[str, float]] = {}
    for _ in range(rounds):
        for peer in peers:
            told = measure(peer, config, hosts, commands)
            if told is not None and (peer not in found or told["cpu"] < found[peer]["cpu"]):
                found[peer] = told
    for peer in peers:
        if peer not in found:
            print(f"  {peer:<10} not measured")
            continue
        told = found[peer]
        each = told["cpu"] * 1000 / (hosts * commands)
        ratio = told["cpu"] / found["paramiko"]["cpu"] if "paramiko" in found else 1.0
        print(
            f"  {peer:<10}{each:>9.2f} ms CPU a command{told['wall']:>8.1f} s wall{ratio:>8.2f} × paramiko", flush=True
        )
    return found


def main() -> None:
    """Measure, and print ratios."""
    from tests.ssh_server import ssh_server

    with tempfile.TemporaryDirectory() as folder, ssh_server(Path(folder)) as server:
        config = server.config
        cold = ("paramiko", "ours", "fabric", "pyinfra")
        table(f"one command on {HOSTS} hosts, cold", config, cold, HOSTS, 1, ROUNDS)
        print("  bar: ours ≤ 1.25 × paramiko")
        found = table(f"{COMMANDS} commands on {HOSTS} hosts", config, tuple(PEERS), HOSTS, COMMANDS)
        for peer, bar in (("pyinfra", "≤ 0.6"), ("ansible", "≤ 0.05")):
            if peer in found and "ours" in found:
                print(f"  ours / {peer}: {found['ours']['cpu'] / found[peer]['cpu']:.3f} (bar {bar})")
        one = f"{ON_ONE} commands on one open connection"
        table(one, config, ("paramiko", "ours", "fabric"), 1, ON_ONE, ROUNDS)
        print("  bar: ours ≤ 1.25 × paramiko")
        print(f"{MANY_HOSTS} hosts, at most {DESCRIPTORS} descriptors")
        told = measure("ours", config, MANY_HOSTS, 1)
        if told is not None:
            print(
                f"  ours       {told['wall']:.1f} s wall, at most {told['descriptors']:.0f} descriptors and "
                f"{told['threads']:.0f} threads, {told['rss']:.0f} MiB"
            )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        play(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
    else:
        main()
