"""Retention: which snapshots (or images) a policy keeps, which it lets go of, and why. Pure."""
