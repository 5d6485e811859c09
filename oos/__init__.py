"""oos carries out operations runbooks on a fleet of libvirt virtual machines."""

from __future__ import annotations

__all__ = ["api", "connect", "current", "exec", "load_ipython_extension", "run"]

# By name: where it is. The names are resolved when they are first asked for, so that `import oos` stays fast, and by
# text, since this file is below everything else: types are in __init__.pyi.
_PLACES = {
    **dict.fromkeys(("api", "connect", "current", "exec", "run"), "oos.notebook.connection"),
    "load_ipython_extension": "oos.notebook.magics",
}


def __getattr__(name: str) -> object:
    """What notebooks use: connect, run, exec, api, and the extension behind `%load_ext oos`."""
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module 'oos' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(place), name)
