"""Machines over SSH: connections opened and configured by fabric, kept in a pool, used through paramiko's channels."""
