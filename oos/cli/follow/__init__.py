"""Following executions: what is seen while they run, questions on the way, and how they end."""
