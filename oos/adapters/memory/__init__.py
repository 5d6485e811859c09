"""A simulated hypervisor: passes the same contract suite as libvirt, with faults on request and effects counted."""
