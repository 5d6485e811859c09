"""oos carries out operations runbooks on a fleet of libvirt virtual machines."""
