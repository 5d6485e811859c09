"""Plans: what an execution would do to the live fleet, found out by carrying it out on a twin (DESIGN 5, 9)."""
