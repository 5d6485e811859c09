"""Rehearsals: templates carried out by the real engine on a simulated fleet, and held against what was expected."""
