from __future__ import annotations

import time

import pytest

from contracts.errors import OnlineStoreUnavailableError
from model_serving.online_reader import PatientReader
from tests.fixtures.serving import FakeOnline


def _connected(online: FakeOnline) -> PatientReader:
    reader = PatientReader(lambda: online)
    reader.start()
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            reader.read("visitor_features", ["v"])
        except OnlineStoreUnavailableError:
            time.sleep(0.01)
        else:
            return reader
    pytest.fail("the reader was not built within 5 s")


def test_refuses_before_it_is_built() -> None:
    with pytest.raises(OnlineStoreUnavailableError, match="not connected yet"):
        PatientReader(FakeOnline).read("visitor_features", ["v"])


def test_reads_once_it_is_built() -> None:
    online = FakeOnline({("visitor_features", "v"): {"event_count": 3}})
    assert _connected(online).read("visitor_features", ["v", "w"]) == [{"event_count": 3}, None]


def test_an_outage_is_not_asked_about_by_every_request() -> None:
    online = FakeOnline()
    reader = _connected(online)
    online.reachable, online.reads = False, 0
    for _ in range(20):
        with pytest.raises(OnlineStoreUnavailableError, match="fake does not answer"):
            reader.read("visitor_features", ["v"])
    assert online.reads == 1
