"""`oos security`: security groups held against a baseline, explained, and hardened."""

from __future__ import annotations

from oos.cli.lazy import LazyGroup

security = LazyGroup(
    "security",
    {
        "check": ("oos.cli.security_check:check", "Hold security groups against a baseline; a score and a report."),
        "explain": ("oos.cli.security_check:explain", "Tell what a check looks for, and why that is bad."),
        "harden": ("oos.cli.security_harden:harden", "Mend what was found; taken back unless it proves well."),
    },
    help="Find and mend what security groups should not let through.",
)
