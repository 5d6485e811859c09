"""Several processes and hosts on one PostgreSQL."""
