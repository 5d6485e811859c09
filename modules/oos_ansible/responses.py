"""Responses about Ansible content."""

from __future__ import annotations

from typing import TypedDict


class TaskShape(TypedDict):
    """One task in one guest."""

    Name: str
    Module: str
    Status: str
    """`Ok`, `Failed`, `Ignored` (failed, and the playbook does not mind), `Skipped` or `Unreachable`."""
    Changed: bool
    Message: str
    Diff: str


class HostShape(TypedDict):
    """One guest."""

    InstanceId: str
    Status: str
    """`Success`, `Failed` or `Unreachable`."""
    Changed: bool
    Tasks: list[TaskShape]


class PlaybookApplied(TypedDict):
    """What became of a playbook."""

    Changed: bool
    Hosts: list[HostShape]
