"""The watchman's process: `python -m oos.app.watch FILE`. Waits for a confirmation, and takes the change back without.

It ends as soon as the change is confirmed or taken back. Run by hand on a file that says `armed` or `taking back`
(after a restart of the machine, say), it takes up the watch again, with the whole time before it.
"""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from oos.adapters.watchman import WatchFile, applying, locked, read, settle, watching, write
from oos.app.app import App
from oos.app.settings import Settings
from oos.service.watchman import ChangeState, take_back

LOOK_SECONDS: Final = 0.2
AGAIN_SECONDS: Final = 2.0
PATIENCE_SECONDS: Final = 24 * 3600.0
"""How long it goes on trying to take a change back from hosts that do not answer."""
_PATHS: Final = ("state_dir", "inventory", "lab_dir")


def settings_of(written: dict[str, str]) -> Settings:
    """The settings by which the installation was opened that made the change."""
    given = {name: Path(value) if name in _PATHS else value for name, value in written.items()}
    return Settings(**given)  # type: ignore[arg-type]  # written by `written_settings`


def written_settings(settings: Settings) -> dict[str, str]:
    """Those settings that a watchman opens the installation by."""
    paths = {name: getattr(settings, name) for name in _PATHS}
    plain = {name: getattr(settings, name) for name in ("database", "region", "user", "account", "libvirt_uri")}
    return {
        **{name: str(Path(path).absolute()) for name, path in paths.items() if path is not None},
        **{name: value for name, value in plain.items() if value},
    }


def main(path: Path) -> int:
    """Watch over the change in the file."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    known = read(path)
    if known is None:
        print(f"there is no {path}", file=sys.stderr)
        return 2
    with watching(path) as alone:
        return _watch_alone(path, known) if alone else 0


def _watch_alone(path: Path, known: WatchFile) -> int:
    with _opened(known) as app:
        try:
            # What cannot be opened now could not be opened at the deadline.
            for host in known.change.filters:
                named = next(each for each in app.fleet.hosts(known.change.region) if each.name == host)
                app.fleet.hypervisor(named).group_filters()
            app.registry.get("security-group", "")
        except Exception as error:
            with locked(path):
                write(path, replace(known, fault=f"{type(error).__name__}: {error}"))
            raise
    return _watch(path, known)


@contextmanager
def _opened(known: WatchFile) -> Iterator[App]:
    app = App(settings_of(dict(known.settings)))
    try:
        yield app
    finally:
        app.close()


def _watch(path: Path, known: WatchFile) -> int:
    deadline = time.monotonic() + known.change.seconds
    with locked(path):
        now = read(path) or known
        state = now.state or ChangeState.ARMED
        write(path, replace(now, state=state))
    _say(f"{known.change.id}: {state}, to be confirmed within {known.change.seconds:g} s")
    while time.monotonic() < deadline:
        now = read(path) or known
        if now.state in (ChangeState.CONFIRMED, ChangeState.TAKEN_BACK):
            _say(f"{known.change.id}: {now.state}")
            return 0
        time.sleep(LOOK_SECONDS)
    state = settle(path, ChangeState.TAKING_BACK)
    if state is not ChangeState.TAKING_BACK:
        _say(f"{known.change.id}: {state}")
        return 0
    return _take_back(path, known)


def _take_back(path: Path, known: WatchFile) -> int:
    end = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            _put_back(known)
            # Whoever makes the change may be slow rather than dead, and still at it: then it is put back once more.
            with applying(path):
                _put_back(known)
        except Exception as error:  # noqa: BLE001 (whatever it is, access is gone until the next try succeeds)
            _say(f"{known.change.id}: {type(error).__name__}: {error}")
            if time.monotonic() > end:
                return 1
            time.sleep(AGAIN_SECONDS)
        else:
            _say(f"{known.change.id}: {settle(path, ChangeState.TAKEN_BACK)}: it was not confirmed")
            return 0


def _put_back(known: WatchFile) -> None:
    # Opened anew each time: what was opened long ago may be gone, and what it knew may be old.
    with _opened(known) as app:
        take_back(app.context(f"take back {known.change.id}", region=known.change.region), known.change)


def _say(message: str) -> None:
    print(f"{time.strftime('%Y-%m-%dT%H:%M:%S%z')} {message}", flush=True)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
