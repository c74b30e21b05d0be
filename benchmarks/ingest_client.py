"""The other side of the collector: connections that each post one batch after the other, in a process of their own."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import count

from benchmarks.ingest_events import Template, templates

BATCH = 100
CONNECTIONS = 8
_HEADERS = {"content-type": "application/json"}
_ANSWER_WITHIN_S = 30
_REST_S = 0.5


@dataclass
class Posted:
    """What came of the batches numbered ``first`` to ``end``: those answered 202, and those sent more than once."""

    first: int
    end: int = 0
    seconds: float = 0.0
    accepted: set[int] = field(default_factory=set)
    retried: set[int] = field(default_factory=set)
    answered_ms: list[float] = field(default_factory=list)


def post(port: int, key: Mapping[str, str], first_batch: int, seconds: float) -> Posted:
    """Post for so long, then wait for the last answers; what is answered 503 or not at all is sent again.

    ``key``: the headers of a client that may post so much.
    """
    posted, numbers, pool = Posted(first_batch), count(first_batch), templates()
    started = time.perf_counter()
    arguments = (started + seconds, port, {**_HEADERS, **key}, numbers, pool, posted)
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        for each in [threads.submit(_post_until, *arguments) for _ in range(CONNECTIONS)]:
            each.result()
    posted.seconds = time.perf_counter() - started
    posted.end = next(numbers)
    return posted


def body_of(batch: int, pool: list[Template]) -> bytes:
    """Return the events of a batch as a JSON list; batch n holds the ids from n * BATCH on."""
    numbers = range(batch * BATCH, (batch + 1) * BATCH)
    return b"[" + b",".join(pool[number % len(pool)].event(number) for number in numbers) + b"]"


def _post_until(
    until: float, port: int, headers: Mapping[str, str], numbers: Iterator[int], pool: list[Template], posted: Posted
) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_ANSWER_WITHIN_S)
    while time.perf_counter() < until:
        batch = next(numbers)
        body = body_of(batch, pool)
        while not _is_accepted(connection, body, headers, posted, batch):
            posted.retried.add(batch)
            time.sleep(_REST_S)
    connection.close()


def _is_accepted(
    connection: http.client.HTTPConnection, body: bytes, headers: Mapping[str, str], posted: Posted, batch: int
) -> bool:
    started = time.perf_counter()
    try:
        connection.request("POST", "/v1/events", body, headers)
        answer = connection.getresponse()
        content = answer.read()
    except (OSError, http.client.HTTPException):
        connection.close()
        return False
    if answer.status == http.client.SERVICE_UNAVAILABLE:
        return False
    if answer.status != http.client.ACCEPTED or not content.startswith(b'{"accepted":%d,' % BATCH):
        msg = f"batch {batch} was answered {answer.status}: {content[:300]!r}"
        raise RuntimeError(msg)
    posted.answered_ms.append(1000 * (time.perf_counter() - started))
    posted.accepted.add(batch)
    return True
