"""Product actions of a module: its templates, one a file, named for the action."""

from __future__ import annotations

from pathlib import Path

from oos.service.operation import ActionSource


def actions_beside(module_file: str) -> tuple[ActionSource, ...]:
    """The templates in the folder `actions` beside a module's `__init__.py`.

    `ACS.ECS.StartInstance.yml` holds the action `ACS::ECS::StartInstance`: a colon has no place in a file name.
    `ACS.ECS.StartInstance.rehearsal.yml` beside it is no action, but how that one is tried out.
    """
    folder = Path(module_file).with_name("actions")
    return tuple(
        ActionSource(path.stem.replace(".", "::"), path.read_text(encoding="utf-8"), str(path))
        for path in sorted(folder.glob("*.yml"))
        if not path.name.endswith(".rehearsal.yml")
    )
