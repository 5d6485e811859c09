"""Hardening: what is wrong with security groups by a baseline, what would mend it, and what that would cut. Pure."""
