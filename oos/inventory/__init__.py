"""The inventory: which regions, zones, hosts and instance types there are."""
