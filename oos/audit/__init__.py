"""The audit: what the journal proves, and what it tells."""
