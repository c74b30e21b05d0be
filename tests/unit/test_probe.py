from __future__ import annotations

import socket
import threading
from datetime import timedelta

import pytest

from contracts.errors import BrokerUnavailableError
from ingestion.probe import broker_answers, require_broker
from tests.fixtures.kafka import free_ports

SOON = timedelta(seconds=0.3)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 400 Bad Request\r\n\r\n", None])
def test_another_program_on_the_port_is_not_a_broker(answer: bytes | None) -> None:
    """``None``: it takes the connection and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        served = threading.Thread(target=_serve, args=[server, answer])
        served.start()
        assert not broker_answers(f"127.0.0.1:{server.getsockname()[1]}", SOON)
        served.join()


@pytest.mark.parametrize("servers", ["nonsense:port", "127.0.0.1:99999999", "", "[::1]:1"])
def test_an_address_that_cannot_be_is_not_a_broker(servers: str) -> None:
    assert not broker_answers(servers, SOON)


def test_the_error_names_the_servers_and_what_to_do() -> None:
    servers = f"127.0.0.1:{free_ports(1)[0]}"
    with pytest.raises(BrokerUnavailableError, match=f"{servers}: start the stack with `aisle up`"):
        require_broker(servers, SOON)


def _serve(server: socket.socket, answer: bytes | None) -> None:
    connection, _ = server.accept()
    with connection:
        connection.recv(100)
        if answer is None:
            connection.recv(100)
        else:
            connection.sendall(answer)
