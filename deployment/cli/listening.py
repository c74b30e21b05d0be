"""May a server listen there? Asked before what is slow to build, so that the answer is one line."""

from __future__ import annotations

import socket

from contracts.errors import PortTakenError


def require_free(address: tuple[str, int]) -> None:
    """Raise ``PortTakenError`` where no socket can be bound to ``address``."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            msg = f"cannot listen on {address[0]}:{address[1]} ({error.strerror}): stop what runs there, or give --port"
            raise PortTakenError(msg) from error
