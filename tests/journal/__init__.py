"""The journal: its contract, its bytes, and what it survives."""
