"""Tests of rehearsals, and every rehearsal of the repository."""
