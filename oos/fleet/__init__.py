"""The fleet: nouns of virtual machines, and the port that a hypervisor fills."""
