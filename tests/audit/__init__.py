"""The audit: tampering shows, and an execution can be read as a story."""
