"""May a server listen there? Asked before what is slow to build, so that the answer is one line."""

from __future__ import annotations

import socket

from contracts.errors import PortTakenError


def require_free(address: tuple[str, int], instead: str = "give --port") -> None:
    """Raise ``PortTakenError`` where no socket can be bound to ``address``; ``instead`` says how to have another."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(address)
        except OSError as error:
            msg = f"cannot listen on {address[0]}:{address[1]} ({error.strerror}): stop what runs there, or {instead}"
            raise PortTakenError(msg) from error
