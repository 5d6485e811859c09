"""The peers of benchmarks that are not ours to install: each in a virtual environment, or unpacked, of its own.

They want other versions of what we use (pyinfra an older paramiko), and servers for the whole machine. What is made
stays in `.state/peers` and is made once.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

HOME = Path(__file__).parents[2] / ".state" / "peers"
INSTALL_SECONDS = 600.0


def python_with(*requirements: str) -> Path | None:
    """A Python that has these distributions, and none of ours; None where they cannot be had."""
    digest = hashlib.sha256("\n".join((sys.version, *requirements)).encode()).hexdigest()[:12]
    home = HOME / f"python-{digest}"
    python = home / "bin" / "python"
    done = home / "done"
    if done.exists():
        return python
    shutil.rmtree(home, ignore_errors=True)
    for argv in (
        [sys.executable, "-m", "venv", home],
        [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements],
    ):
        if not _made(argv):
            return None
    done.touch()
    return python


def unpacked(*names: str) -> Path | None:
    """A directory with these Debian packages unpacked into it; their scripts did not run. None without apt."""
    home = HOME / "-".join(names)
    if home.exists():
        return home
    scratch = home.with_name(f".{home.name}")
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    if not _made(["apt-get", "-q", "download", *names], cwd=scratch):
        return None
    for package in scratch.glob("*.deb"):
        if not _made(["dpkg", "-x", package, scratch]):
            return None
        package.unlink()
    scratch.rename(home)
    return home


def _made(argv: Sequence[str | Path], cwd: Path | None = None) -> bool:
    try:
        done = subprocess.run(argv, cwd=cwd, capture_output=True, text=True, timeout=INSTALL_SECONDS, check=False)
    except OSError as error:
        print(f"  {argv[0]}: {error}", file=sys.stderr)
        return False
    if done.returncode:
        print(f"  {' '.join(map(str, argv[:4]))}: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
    return done.returncode == 0
