"""Notebooks: runbooks as documents that run, and executions as documents that read."""
