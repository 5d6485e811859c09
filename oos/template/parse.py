"""Parsing: text to a template, every fault of syntax and structure at once."""

from __future__ import annotations

from typing import Final

from oos.diagnostics import Diagnostic, DiagnosticError
from oos.source import NOWHERE, Source
from oos.template import codes, limits
from oos.template.document import Node, Unreadable, compose, decode, is_list, is_map, is_null, span_of
from oos.template.model import Template, TemplateKind
from oos.template.read_parameters import read_parameters
from oos.template.read_tasks import read_protect, read_tasks
from oos.template.structure import Entries, Structure

FORMAT_VERSION: Final = "OOS-2019-06-01"
STATE_FORMAT_VERSION: Final = "OOS-2019-06-01-State"

_FIELDS: Final = frozenset(
    {
        "FormatVersion",
        "Description",
        "Parameters",
        "RamRole",
        "Conditions",
        "Tasks",
        "Outputs",
        "Metadata",
        "Protect",
        "TemplateType",
    }
)


def parse(text: str | bytes, name: str) -> Template:
    """The template of a YAML or JSON text; `name` is how diagnostics call it.

    Raises DiagnosticError with all faults of syntax and structure. Names are not looked up: that is `check`.
    """
    template, faults = read_template(text, name)
    if faults or template is None:
        raise DiagnosticError(faults)
    return template


def read_template(text: str | bytes, name: str) -> tuple[Template | None, tuple[Diagnostic, ...]]:
    """As much of the template as can be read, and the faults. None when there is nothing to look at further."""
    try:
        source = decode(text, name)
        root = compose(source)
    except Unreadable as error:
        return None, (error.diagnostic,)
    except RecursionError:
        return None, (codes.TOO_DEEP.nowhere(name, "the template is nested too deeply", codes.TOO_DEEP.remedy),)
    if not is_map(root):
        found = "a list" if is_list(root) else "nothing" if root is None else "plain text"
        span = NOWHERE if root is None else span_of(root)
        message = f"a template is a map, but this document holds {found}"
        return None, (codes.NOT_A_MAP.at(name, span, message, codes.NOT_A_MAP.remedy),)
    structure = Structure(source)
    template = _read(structure, source, root)
    return template, tuple(structure.faults)


def _read(structure: Structure, source: Source, root: Node) -> Template:
    entries = structure.entries(root)
    version_node = entries["FormatVersion"][1] if "FormatVersion" in entries else None
    version = structure.text(version_node, "FormatVersion") if version_node is not None else None
    kind = _kind(version, frozenset(entries))
    if kind is not TemplateKind.AUTOMATION:
        return Template(
            source,
            version or "",
            structure.value(entries["Description"][1]) if "Description" in entries else None,
            kind=kind,
            data=structure.value(root),
            span=span_of(version_node or root),
        )
    meant = structure.unknown_fields(entries, _FIELDS, "a template", frozenset({"FormatVersion", "Tasks"}))
    if version_node is None:
        if "FormatVersion" not in meant:
            structure.missing(root, "the template", "FormatVersion", f"begin with FormatVersion: {FORMAT_VERSION}")
    elif version is not None and version != FORMAT_VERSION:
        message = f"{version} is no format version that is known"
        structure.fault(codes.FORMAT_VERSION, version_node, message, f"write {FORMAT_VERSION}")
    if len(source.text) > limits.TEMPLATE_SIZE // 4 and len(source.text.encode()) > limits.TEMPLATE_SIZE:
        message = f"the template has {len(source.text.encode()):,} bytes; the cloud accepts {limits.TEMPLATE_SIZE:,}"
        structure.warn(codes.TOO_LARGE, NOWHERE, message, codes.TOO_LARGE.remedy)
    tasks_node = entries["Tasks"][1] if "Tasks" in entries else None
    if tasks_node is None and "Tasks" not in meant:
        structure.missing(root, "the template", "Tasks", "list the tasks under Tasks")
    parameters = read_parameters(structure, entries["Parameters"][1]) if "Parameters" in entries else {}
    unread = {"Parameters"} if parameters is None else set()
    if tasks_node is None or not is_list(tasks_node):
        unread.add("Tasks")
    return Template(
        source,
        version or FORMAT_VERSION,
        structure.value(entries["Description"][1]) if "Description" in entries else None,
        parameters or {},
        structure.expression(entries["RamRole"][1]) if _is_given(entries, "RamRole") else None,
        structure.conditions(entries["Conditions"][1]) if "Conditions" in entries else {},
        read_tasks(structure, tasks_node) if tasks_node is not None else (),
        structure.template_outputs(entries["Outputs"][1]) if "Outputs" in entries else {},
        structure.value(entries["Metadata"][1]) if "Metadata" in entries else None,
        read_protect(structure, entries["Protect"][1], "the template") if _is_given(entries, "Protect") else None,
        span=span_of(version_node or root),
        diagnostics=tuple(structure.notes),
        unread=frozenset(unread),
    )


def _is_given(entries: Entries, field: str) -> bool:
    return field in entries and not is_null(entries[field][1])


def _kind(version: str | None, fields: frozenset[str]) -> TemplateKind:
    """What a template is for, by its format version (spec 1.12)."""
    if version is None or "Tasks" in fields:
        return TemplateKind.AUTOMATION
    if version.endswith("-State") or (version.startswith("OOS-") and "States" in fields):
        return TemplateKind.STATE
    if version.endswith("-Package") or (version.startswith("OOS-") and "Packages" in fields):
        return TemplateKind.PACKAGE
    return TemplateKind.AUTOMATION
