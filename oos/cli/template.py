"""`oos template`: check templates, look at them, and keep them."""

from __future__ import annotations

from oos.cli.lazy import LazyGroup

template = LazyGroup(
    "template",
    {
        "validate": ("oos.cli.template_validate:validate", "Check templates; every fault with its place."),
        "rehearse": ("oos.cli.template_rehearse:rehearse", "Carry templates out on a simulated fleet, and compare."),
        "list": ("oos.cli.template_show:list_templates", "List runbooks, registered templates or product actions."),
        "register": ("oos.cli.template_registry:register", "Keep a template in the registry, by name."),
        "versions": ("oos.cli.template_registry:versions", "List the versions of a registered template."),
        "show": ("oos.cli.template_show:show", "Show what a template asks for, does and gives."),
        "schema": ("oos.cli.template_text:schema", "Print a JSON Schema for editors."),
        "fmt": ("oos.cli.template_text:fmt", "Put templates into canonical form; comments stay."),
    },
    help="Check templates, look at them, and keep them.",
)
