"""One kept connection of the load generator: a request goes out, its answer comes back, then the next may go."""

from __future__ import annotations

import re
import socket
from http import HTTPStatus

_LOOPBACK = "127.0.0.1"
_HEAD_ENDS = b"\r\n\r\n"
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_STATUS = slice(9, 12)  # behind "HTTP/1.1 "
_CHUNK = 65_536
NOT_DUE = -1


class Connection:
    """To a port of this machine. ``number``: of the request that is on its way, ``NOT_DUE`` where there is none."""

    def __init__(self, port: int) -> None:
        self.number = NOT_DUE
        self._received = b""
        self._socket = socket.create_connection((_LOOPBACK, port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)

    def fileno(self) -> int:
        """Return the number that says whether something has come."""
        return self._socket.fileno()

    def send(self, number: int, request: bytes) -> None:
        """Send a request, which fits into the socket's buffer; raises ``OSError``."""
        self.number, self._received = number, b""
        self._socket.sendall(request)

    def receive(self) -> tuple[int, bytes] | None:
        """Return status and body of the answer once all of it is there; raises ``OSError`` where the server hung up."""
        chunk = self._socket.recv(_CHUNK)
        if not chunk:
            msg = "the server closed the connection"
            raise ConnectionResetError(msg)
        self._received += chunk
        return _answer(self._received)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


def get(path: str) -> bytes:
    """Return a request for a path."""
    return f"GET {path} HTTP/1.1\r\nHost: {_LOOPBACK}\r\n\r\n".encode()


def post(path: str, body: bytes) -> bytes:
    """Return a request that sends JSON."""
    head = f"POST {path} HTTP/1.1\r\nHost: {_LOOPBACK}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n".encode() + body


def _answer(received: bytes) -> tuple[int, bytes] | None:
    head_ends = received.find(_HEAD_ENDS)
    if head_ends < 0:
        return None
    length = _LENGTH.search(received, 0, head_ends)
    if length is None:
        msg = f"expected an answer with its length: {received[:head_ends]!r}"
        raise ConnectionResetError(msg)
    body = received[head_ends + len(_HEAD_ENDS) :]
    if len(body) < int(length[1]):
        return None
    return HTTPStatus(int(received[_STATUS])), body
