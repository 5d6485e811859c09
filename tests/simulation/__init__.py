"""Deterministic simulation: one seed decides time, the order of everything, and what fails."""
