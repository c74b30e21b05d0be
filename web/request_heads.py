"""The head of a request, its line and headers, within limits; beyond them an answer before any of the app's code.

uvicorn has none for httptools, unlike for h11: it keeps a head of any size in memory, and waits for its end for ever.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from web.problems import ProblemError, problem_response

MAX_HEAD_BYTES = 32 * 1024
MAX_HEADERS = 100
_HEAD_WITHIN_S = 20.0
# A connection that is closed while its client still sends is reset, and the answer is lost.
_READ_ON_S = 1.0
_TOO_LARGE = ProblemError(
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
    "Headers too large",
    f"request line and headers: expected at most {MAX_HEAD_BYTES} bytes and {MAX_HEADERS} headers",
)
_TOO_SLOW = ProblemError(
    HTTPStatus.REQUEST_TIMEOUT, "Too slow", f"request line and headers did not arrive within {_HEAD_WITHIN_S:g} s"
)
_NOT_HTTP = ProblemError(HTTPStatus.BAD_REQUEST, "Not HTTP", "the request is not HTTP/1.1: RFC 9112 says what is")


class _TooLargeError(Exception):
    """Ends the parsing of a head."""


class LimitedHeads(HttpToolsProtocol):
    """uvicorn's protocol over httptools; answers 431, 408 and 400 itself, and closes the connection."""

    _is_in_head = True
    _is_refused = False
    _unfinished_bytes = 0
    _refusal = _NOT_HTTP
    _patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for the first head."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing more."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Parse, and count what belongs to a head that has not ended."""
        if self._is_refused:
            return
        self._unfinished_bytes += len(data)
        super().data_received(data)
        if self._is_in_head and not self._is_refused:
            if self._unfinished_bytes > MAX_HEAD_BYTES:
                self._refuse(_TOO_LARGE)
            elif self._patience is None:
                self._wait()

    def on_message_begin(self) -> None:
        """Begin a head; what came together with its beginning may be of the request before it, and does not count."""
        self._is_in_head, self._unfinished_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """Begin the request, unless its head is too large."""
        self._is_in_head = False
        self._stop_waiting()
        size = len(self.url) + sum(len(name) + len(value) for name, value in self.headers)
        if size > MAX_HEAD_BYTES or len(self.headers) > MAX_HEADERS:
            self._refusal = _TOO_LARGE
            raise _TooLargeError
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the problem says it
        """Answer what could not be parsed."""
        self._refuse(self._refusal)

    def _refuse(self, error: ProblemError) -> None:
        self._is_refused = True
        self._stop_waiting()
        response = problem_response(error)
        headers = [*self.server_state.default_headers, *response.raw_headers, (b"connection", b"close")]
        lines = [f"HTTP/1.1 {error.status.value} {error.status.phrase}".encode()]
        lines += [name + b": " + value for name, value in headers]
        self.transport.write(b"\r\n".join([*lines, b"", bytes(response.body)]))
        self.loop.call_later(_READ_ON_S, self.transport.close)

    def _wait(self) -> None:
        self._patience = self.loop.call_later(_HEAD_WITHIN_S, self._refuse, _TOO_SLOW)

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
