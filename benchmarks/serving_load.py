"""An open loop of HTTP requests: each is due at its time and timed from then, whatever became of those before it.

A server that falls behind is so charged with all that waits for it: no coordinated omission (Tene 2013, "How NOT to
measure latency"). One thread over raw sockets: as much processor time as asyncio, sent less late.
"""

from __future__ import annotations

import select
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from http import HTTPStatus

import numpy as np
from numpy.typing import NDArray

from benchmarks.serving_connection import NOT_DUE, Connection

CONNECTIONS = 64
# A request that waited so long for a free connection is not sent: it failed. So the memory of the past is bounded.
_GIVE_UP_S = 5.0
_LAST_ANSWERS_WITHIN_S = 10.0
_START_IN_S = 0.1


@dataclass
class Answers:
    """Keeps the first answer to each of the first ``cases`` requests, and counts those that hold ``marker``."""

    cases: int = 0
    marker: bytes = b""
    marked: int = 0
    first: dict[int, bytes] = field(default_factory=dict)

    def take(self, request: int, body: bytes) -> None:
        """Note the answer to one of the requests, by its place among them."""
        self.marked += self.marker in body
        if request < self.cases:
            self.first.setdefault(request, body)


@dataclass(frozen=True)
class Loaded:
    """What came of n requests, in the order in which they were due.

    ``took_ms`` (n): from when each was due to the last byte of its answer, NaN where it failed. ``late_ms`` (n): how
    late the generator itself sent it, a connection being free. ``cpu_s``: its processor time. ``seconds``: from the
    first being due to the last answer.
    """

    took_ms: NDArray[np.float64]
    late_ms: NDArray[np.float64]
    cpu_s: float
    seconds: float
    answers: Answers

    @property
    def errors(self) -> int:
        """How many failed: no connection, no answer, or one that is not 200."""
        return int(np.isnan(self.took_ms).sum())


class _Loop:
    """Sends what is due and reads what has come, until all is answered."""

    def __init__(self, port: int, requests: Sequence[bytes], rate: float, total: int, answers: Answers) -> None:
        self._port, self._requests, self._answers = port, requests, answers
        self._poll = select.epoll()
        self._open: dict[int, Connection] = {}
        self._free: deque[Connection] = deque()
        self._rate, self._due_s = rate, [0.0] * total
        self._next = 0
        self._freed_at_s = 0.0
        self.took_ms = np.full(total, np.nan)
        self.late_ms = np.full(total, np.nan)

    def connect(self) -> None:
        connection = Connection(self._port)
        self._open[connection.fileno()] = connection
        self._poll.register(connection.fileno(), select.EPOLLIN)
        self._free.append(connection)

    def run(self) -> float:
        """Return the seconds from when the first was due."""
        total, starts_s = len(self._due_s), time.perf_counter() + _START_IN_S
        self._due_s = (starts_s + np.arange(total) / self._rate).tolist()
        ends_s = self._due_s[-1] + _LAST_ANSWERS_WITHIN_S
        while (now_s := time.perf_counter()) < ends_s:
            self._send_due(now_s)
            if self._next == total and len(self._free) == len(self._open):
                break
            until_s = self._due_s[self._next] if self._next < total and self._free else ends_s
            # Of the two only ``select`` waits for less than a millisecond.
            if select.select([self._poll], [], [], max(until_s - time.perf_counter(), 0.0))[0]:
                self._receive()
        for connection in self._open.values():
            connection.close()
        return now_s - starts_s

    def _send_due(self, now_s: float) -> None:
        while self._next < len(self._due_s) and (due_s := self._due_s[self._next]) <= now_s:
            if now_s - due_s <= _GIVE_UP_S:
                if not self._free:
                    return
                self.late_ms[self._next] = 1000 * (now_s - max(due_s, self._freed_at_s))
                self._send(self._next)
            self._next += 1

    def _send(self, number: int) -> None:
        connection = self._free.popleft()
        try:
            connection.send(number, self._requests[number % len(self._requests)])
        except OSError:
            self._replace(connection)

    def _receive(self) -> None:
        for file, _ in self._poll.poll(0):
            connection = self._open[file]
            try:
                answer = connection.receive()
            except OSError:
                self._replace(connection)
                continue
            if answer is not None:
                self._note(connection, *answer)

    def _note(self, connection: Connection, status: int, body: bytes) -> None:
        now_s, number = time.perf_counter(), connection.number
        if not self._free:
            self._freed_at_s = now_s
        connection.number = NOT_DUE
        self._free.append(connection)
        if status == HTTPStatus.OK:
            self.took_ms[number] = 1000 * (now_s - self._due_s[number])
            self._answers.take(number % len(self._requests), body)

    def _replace(self, gone: Connection) -> None:
        """Connect anew; what was on its way failed."""
        del self._open[gone.fileno()]
        if gone.number == NOT_DUE:
            self._free.remove(gone)
        gone.close()
        self.connect()


def load(
    port: int,
    requests: Sequence[bytes],
    rate: float,
    seconds: float,
    answers: Answers,
    connections: int = CONNECTIONS,
) -> Loaded:
    """Send ``rate`` of the requests a second, one after the other and again from the first, over these connections.

    Returns once all are answered, or ten seconds after the last was due.
    """
    loop = _Loop(port, requests, rate, round(rate * seconds), answers)
    for _ in range(connections):
        loop.connect()
    cpu_before = time.process_time()
    seconds = loop.run()
    return Loaded(loop.took_ms, loop.late_ms, time.process_time() - cpu_before, seconds, answers)
