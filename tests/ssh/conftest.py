"""What the tests over SSH share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.ssh_server import SshServer, ssh_server


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshServer]:
    """A real SSH server, one for each file of tests."""
    with ssh_server(tmp_path_factory.mktemp("sshd")) as made:
        yield made
