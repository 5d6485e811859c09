"""Adapters: what fills the ports, each in a package of its own; only oos.app names them."""
