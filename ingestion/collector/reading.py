"""From an HTTP request to the JSON values in its body, within limits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

import orjson
from fastapi import Request

from web.json_body import read_json_body, too_large
from web.problems import ProblemError


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
    return _events_of(await read_json_body(request, limits.body_bytes, take), limits.batch_events)


def _events_of(body: bytes, limit: int) -> list[object]:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        more = {"line": error.lineno, "column": error.colno}
        raise ProblemError(HTTPStatus.BAD_REQUEST, "Not JSON", f"body is not JSON: {error}", more) from error
    events = content if isinstance(content, list) else [content]
    if len(events) > limit:
        detail = f"batch is {len(events)} events long: expected at most {limit}"
        raise too_large(detail)
    return events
