"""The lab: a throw-away fleet of real tiny guests under a libvirtd of its own."""
