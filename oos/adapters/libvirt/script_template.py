"""Programs of the shell written from templates beside this file; who fills one in has checked every value."""

from __future__ import annotations

from functools import cache

import jinja2


def script_of(name: str, **values: object) -> str:
    """The program that a template and these values make."""
    return _environment().get_template(name).render(values)


@cache
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("oos.adapters.libvirt", "."),
        autoescape=False,  # noqa: S701 (a shell script; its values are checked before)
        undefined=jinja2.StrictUndefined,
    )
