"""From an HTTP request to the JSON values in its body, within limits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

import orjson
from fastapi import Request
from starlette.requests import ClientDisconnect

from web.problems import ProblemError

_JSON = "application/json"
_BODY_WITHIN_S = 20.0


@dataclass(frozen=True)
class Limits:
    """What one request may hold."""

    body_bytes: int
    batch_events: int


async def read_events(request: Request, limits: Limits, take: Callable[[int], None]) -> list[object]:
    """Return the values of a batch, or the one value of a body that is no list.

    ``take`` is called with the size of what is about to be kept. Raises ``ProblemError`` (400, 408, 413, 415) and what
    ``take`` raises.
    """
    _require_json(request)
    try:
        async with asyncio.timeout(_BODY_WITHIN_S):
            body = await _read_body(request, limits.body_bytes, take)
    except TimeoutError:
        detail = f"the body did not arrive within {_BODY_WITHIN_S:g} s"
        raise ProblemError(HTTPStatus.REQUEST_TIMEOUT, "Too slow", detail) from None
    except ClientDisconnect:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "Gone", "the client went away before the end of its body") from None
    return _events_of(body, limits.batch_events)


def _require_json(request: Request) -> None:
    sent_as = request.headers.get("content-type", "")
    if sent_as.partition(";")[0].strip().lower() != _JSON:
        detail = f"content-type is {sent_as or 'missing'}: expected {_JSON}"
        raise _unsupported(detail)
    encoding = request.headers.get("content-encoding", "identity")
    if encoding.lower() != "identity":
        detail = f"content-encoding is {encoding}: expected none"
        raise _unsupported(detail)


def _unsupported(detail: str) -> ProblemError:
    return ProblemError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "Unsupported media type", detail, headers={"Accept": _JSON})


async def _read_body(request: Request, limit: int, take: Callable[[int], None]) -> bytes:
    announced = int(request.headers.get("content-length", 0))  # the server has checked that it is a number
    if announced > limit:
        detail = f"body is {announced} bytes long: expected at most {limit}"
        raise _too_large(detail)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            detail = f"body is longer than {limit} bytes: expected at most {limit}"
            raise _too_large(detail)
        take(len(chunk))
        chunks.append(chunk)
    return b"".join(chunks)


def _events_of(body: bytes, limit: int) -> list[object]:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        more = {"line": error.lineno, "column": error.colno}
        raise ProblemError(HTTPStatus.BAD_REQUEST, "Not JSON", f"body is not JSON: {error}", more) from error
    events = content if isinstance(content, list) else [content]
    if len(events) > limit:
        detail = f"batch is {len(events)} events long: expected at most {limit}"
        raise _too_large(detail)
    return events


def _too_large(detail: str) -> ProblemError:
    return ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Too large", detail)
