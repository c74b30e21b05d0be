"""Heads of requests that are too large, too slow, or none, over real connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
import pytest
from starlette.types import Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.server import ServerState

from web import request_heads
from web.request_heads import MAX_HEAD_BYTES, MAX_HEADERS, LimitedHeads

_LINE = b"GET / HTTP/1.1\r\nhost: here\r\n"
_POST = b"POST / HTTP/1.1\r\nhost: here\r\ncontent-length: 100000\r\n\r\n" + b"x" * 100_000


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_heads, "_HEAD_WITHIN_S", 0.2)
    monkeypatch.setattr(request_heads, "_READ_ON_S", 0.1)


async def _app(_scope: Scope, receive: Receive, send: Send) -> None:
    size, is_there = 0, True
    while is_there:
        message = await receive()
        size += len(message["body"])
        is_there = message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"6")]})
    await send({"type": "http.response.body", "body": b"%06d" % size})


@asynccontextmanager
async def _listening() -> AsyncIterator[int]:
    config, state = Config(_app, ws="none", log_config=None), ServerState()
    config.load()
    server = await asyncio.get_running_loop().create_server(lambda: LimitedHeads(config, state, {}), "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def _answer(*parts: bytes, pause_s: float = 0) -> bytes:
    """Send the parts over one connection, and return all that comes until it is closed."""

    async def exchange() -> bytes:
        async with _listening() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause_s)
            answer = await asyncio.wait_for(reader.read(), 10)
            writer.close()
            await writer.wait_closed()
            return answer

    return asyncio.run(exchange())


def _headers(count: int, size: int = 1) -> bytes:
    return b"".join(b"x-%d: %s\r\n" % (number, b"v" * size) for number in range(count))


def _status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def test_what_is_within_the_limits_is_answered_by_the_app() -> None:
    few = _headers(MAX_HEADERS - 2) + b"connection: close\r\n\r\n"
    assert _status(_answer(_LINE + few)) == 200
    long = b"x-long: " + b"v" * (MAX_HEAD_BYTES - 200) + b"\r\nconnection: close\r\n\r\n"
    assert _status(_answer(_LINE, long[:9000], long[9000:])) == 200


@pytest.mark.parametrize(
    "head",
    [
        _LINE + _headers(1000) + b"\r\n",
        _LINE + b"x-long: " + b"v" * 2**20 + b"\r\n\r\n",
        _LINE + _headers(90, 1000) + b"\r\n",
        _LINE + b"x-endless: " + b"v" * 2**20,
        b"GET /" + b"v" * 2**20,
        b"GET /" + b"v" * 40_000 + b" HTTP/1.1\r\nhost: here\r\n\r\n",
    ],
    ids=[
        "a thousand headers",
        "a header of a MiB",
        "many that are long",
        "no end",
        "a line without end",
        "a long line",
    ],
)
def test_what_is_too_large_is_431(head: bytes) -> None:
    answer = _answer(head)
    assert _status(answer) == 431
    top, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in top
    assert b"connection: close" in top
    assert orjson.loads(body)["detail"] == "request line and headers: expected at most 32768 bytes and 100 headers"


def test_a_head_that_does_not_end_is_408() -> None:
    assert _status(_answer(_LINE, b"x", b": 1\r\n", pause_s=0.02)) == 408
    assert _status(_answer()) == 408


def test_what_is_not_http_is_400() -> None:
    answer = _answer(b"\x16\x03\x01 hello\r\n\r\n")
    assert (_status(answer), b'"title":"Not HTTP"' in answer) == (400, True)


def test_bodies_do_not_count_nor_what_follows_them_in_one_piece() -> None:
    end = b"connection: close\r\n\r\n"
    answer = _answer(_POST + _LINE, b"x-1: 1\r\n", _headers(10, 2000), end)
    assert [answer.count(b"100000"), answer.count(b"HTTP/1.1 200")] == [1, 2]


def test_a_second_request_on_a_connection_has_limits_too() -> None:
    answer = _answer(_LINE + b"\r\n", _LINE + _headers(1000) + b"\r\n", pause_s=0.02)
    assert [answer.count(b"HTTP/1.1 200"), answer.count(b"HTTP/1.1 431")] == [1, 1]
    assert [_answer(_LINE + b"\r\n", _LINE, pause_s=0.02).count(status) for status in (b" 200 ", b" 408 ")] == [1, 1]
