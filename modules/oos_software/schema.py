"""Schema: the types of inventory entries, and the attributes of each (spec 7.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

VERSION: Final = "1.0"

ATTRIBUTES: Final[Mapping[str, tuple[str, ...]]] = {
    "ACS:InstanceInformation": (
        "InstanceId",
        "ComputerName",
        "PlatformType",
        "PlatformName",
        "PlatformVersion",
        "AgentType",
        "AgentVersion",
        "IpAddress",
    ),
    "ACS:Application": (
        "Name",
        "Version",
        "Release",
        "Architecture",
        "Publisher",
        "ApplicationType",
        "InstalledTime",
        "Summary",
        "PackageId",
        "URL",
    ),
    "ACS:File": ("Name", "InstalledDir", "Size", "ModificationTime", "LastAccessTime", "FileVersion", "Description"),
    "ACS:Network": ("Name", "MacAddress", "IPV4", "IPV6", "SubnetMask", "Gateway", "DNSServer", "DHCPServer"),
    "ACS:Service": ("Name", "DisplayName", "Status", "StartType", "ServiceType", "DependentServices"),
    "ACS:WindowsRole": ("Name", "DisplayName", "Installed", "FeatureType", "Path", "Parent"),
    "ACS:WindowsRegistry": ("KeyPath", "ValueName", "ValueType", "Value"),
    "ACS:WindowsUpdate": ("HotFixId", "Description", "InstalledBy", "InstalledTime"),
}
"""Attributes by type; all of them are texts."""
