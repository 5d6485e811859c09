"""Channels: names that point at one image of a family (`web/stable`), and the template that moves one. Pure.

A channel is a parameter of the parameter store, so a template reads it as it reads any other, and its versions say what
it pointed at before.
"""

from __future__ import annotations

import re
from typing import Any, Final

_NAME: Final = re.compile(r"[A-Za-z0-9_-]+/[A-Za-z0-9_-]+")


def is_channel(name: str) -> bool:
    """Whether this is the name of a channel: FAMILY/CHANNEL."""
    return _NAME.fullmatch(name) is not None


def parameter_name(channel: str) -> str:
    """The stored parameter that is the channel."""
    return f"images/{channel}"


def publish_template(channel: str, image_id: str, *, is_new: bool) -> str:
    """The template that puts an image on every host of the region, and lets a channel point at it."""
    import yaml

    name = parameter_name(channel)
    point: dict[str, Any] = {"Name": name, "Value": image_id}
    if is_new:
        point |= {"Type": "String", "Description": f"The image that the channel {channel} points at"}
    document = {
        "FormatVersion": "OOS-2019-06-01",
        "Description": f"Publication of {image_id} as {channel}, as oos image publish made it",
        "Tasks": [
            {
                "Name": "spread",
                "Action": "ACS::ExecuteAPI",
                "Properties": {"Service": "OOS", "API": "SpreadImage", "Parameters": {"ImageId": image_id}},
                "Outputs": {"hosts": {"Type": "List", "ValueSelector": "Hosts[]"}},
            },
            {
                "Name": "point",
                "Action": "ACS::ExecuteAPI",
                "Description": "Last, so that a channel never points at what is not everywhere.",
                "Properties": {
                    "Service": "OOS",
                    "API": "CreateParameter" if is_new else "UpdateParameter",
                    "Parameters": point,
                },
            },
        ],
        "Outputs": {"hosts": {"Type": "List", "Value": "{{ spread.hosts }}"}},
    }
    return str(yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120))
