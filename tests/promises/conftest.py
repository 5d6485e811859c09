"""What the tests of the promises share: the world of the command line."""

from tests.cli.conftest import world

__all__ = ["world"]
