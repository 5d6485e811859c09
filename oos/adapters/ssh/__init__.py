"""Machines over SSH: connections opened as ssh_config says, kept in a pool, used through paramiko's channels."""
