"""What only a real Debian guest shows: its packages, its boot loader, its cloud-init. `make test-debian`."""
