"""Does a Kafka broker answer? One ApiVersions request over a socket: no client, no thread, nothing left behind."""

from __future__ import annotations

import socket
import struct
from datetime import timedelta

from contracts.errors import BrokerUnavailableError

_REQUEST = struct.Struct(">ihhih")  # size, api key, api version, correlation id, length of a null client id
_API_VERSIONS_KEY = 18
_CORRELATION_ID = 0x41534C45
_ANSWER = struct.Struct(">iih")  # size, correlation id, error code
_DEFAULT_PORT = 9092
_ANSWER_WITHIN = timedelta(seconds=4)


def broker_answers(servers: str, timeout: timedelta) -> bool:
    """Say whether one of ``servers`` (``host:port,host:port``) speaks Kafka; ``timeout`` is for each."""
    return any(_answers(server.strip(), timeout.total_seconds()) for server in servers.split(","))


def _answers(server: str, timeout_s: float) -> bool:
    request = _REQUEST.pack(_REQUEST.size - 4, _API_VERSIONS_KEY, 0, _CORRELATION_ID, -1)
    try:
        with socket.create_connection(_address(server), timeout=timeout_s) as connection:
            connection.sendall(request)
            answer = connection.makefile("rb").read(_ANSWER.size)
        return _ANSWER.unpack(answer)[1:] == (_CORRELATION_ID, 0)
    except (OSError, ValueError, struct.error):
        return False


def _address(server: str) -> tuple[str, int]:
    host, colon, port = server.rpartition(":")
    return (host.strip("[]"), int(port)) if colon else (server, _DEFAULT_PORT)


def require_broker(servers: str, timeout: timedelta = _ANSWER_WITHIN) -> None:
    """Raise ``BrokerUnavailableError`` with what to do unless ``broker_answers``.

    Asked before a kafka-python client is built: one that finds no broker leaves a thread behind.
    """
    if not broker_answers(servers, timeout):
        msg = f"no Kafka broker answers at {servers}: start the stack with `aisle up`, or set AISLE_KAFKA__SERVERS"
        raise BrokerUnavailableError(msg)
