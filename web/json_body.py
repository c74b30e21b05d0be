"""A body of JSON: of the right type, within a size and a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus

from fastapi import Request
from starlette.requests import ClientDisconnect

from web.problems import ProblemError

_JSON = "application/json"
_BODY_WITHIN_S = 20.0


async def read_json_body(request: Request, limit: int, take: Callable[[int], None] = lambda _size: None) -> bytes:
    """Return the bytes of a body that is said to be JSON, at most ``limit`` of them.

    ``take`` is called with the size of what is about to be kept. Raises ``ProblemError`` (400, 408, 413, 415) and what
    ``take`` raises.
    """
    _require_json(request)
    try:
        async with asyncio.timeout(_BODY_WITHIN_S):
            return await _read_body(request, limit, take)
    except TimeoutError:
        detail = f"the body did not arrive within {_BODY_WITHIN_S:g} s"
        raise ProblemError(HTTPStatus.REQUEST_TIMEOUT, "Too slow", detail) from None
    except ClientDisconnect:
        raise ProblemError(HTTPStatus.BAD_REQUEST, "Gone", "the client went away before the end of its body") from None


def too_large(detail: str) -> ProblemError:
    """Return the error of a body that holds more than it may."""
    return ProblemError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Too large", detail)


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
        raise too_large(detail)
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            detail = f"body is longer than {limit} bytes: expected at most {limit}"
            raise too_large(detail)
        take(len(chunk))
        chunks.append(chunk)
    return b"".join(chunks)
