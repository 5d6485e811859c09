"""Runbooks whose real process is killed: they are resumed by the command line, and end as if nothing had happened."""
