"""Tests of the modules, on the simulated hypervisor."""
