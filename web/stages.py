"""Stages of requests: timed, and within a traced request spans of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache

from opentelemetry.trace import Tracer, get_current_span
from prometheus_client import Histogram


class Stages:
    """A ``contracts.stages.Watch``: ``seconds`` has the label ``stage``; without a ``tracer`` nothing is traced."""

    def __init__(self, seconds: Histogram, tracer: Tracer | None = None) -> None:
        self._seconds_of = cache(seconds.labels)
        self._tracer = tracer

    def __call__(self, name: str) -> AbstractContextManager[object]:
        """Return what the stage runs within."""
        timer = self._seconds_of(name).time()
        if self._tracer is None or not get_current_span().is_recording():
            return timer
        return _both(timer, self._tracer.start_as_current_span(name))


@contextmanager
def _both(timer: AbstractContextManager[object], span: AbstractContextManager[object]) -> Iterator[None]:
    with span, timer:
        yield
