"""A store that is away for a moment is waited for; one that stays away is an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from threading import Event
from typing import Any

import pytest

from contracts.errors import OnlineStoreUnavailableError
from stream_processing.patient_writes import PatientWrites

_ROWS = [{"visitor_id": "v-1"}]


class FlakyStore:
    """Fails so many times, then keeps what it is given."""

    def __init__(self, failures: int) -> None:
        self.failures = failures
        self.written: list[tuple[str, Sequence[Mapping[str, Any]]]] = []

    def write(self, view: str, rows: Sequence[Mapping[str, Any]]) -> None:
        self.failures -= 1
        if self.failures >= 0:
            raise OnlineStoreUnavailableError("Redis is away")
        self.written.append((view, rows))


def test_a_write_is_repeated_until_the_store_is_back() -> None:
    store = FlakyStore(failures=1)
    PatientWrites(store.write, timedelta(minutes=1), Event())("visitor_features", _ROWS)
    assert store.written == [("visitor_features", _ROWS)]


def test_patience_ends() -> None:
    store = FlakyStore(failures=9)
    with pytest.raises(OnlineStoreUnavailableError):
        PatientWrites(store.write, timedelta(0), Event())("visitor_features", _ROWS)
    assert store.failures == 8


def test_a_stop_ends_the_waiting() -> None:
    stop = Event()
    stop.set()
    store = FlakyStore(failures=9)
    with pytest.raises(OnlineStoreUnavailableError):
        PatientWrites(store.write, timedelta(hours=1), stop)("visitor_features", _ROWS)
    assert store.failures == 8
