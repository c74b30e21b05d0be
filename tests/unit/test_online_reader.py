from __future__ import annotations

import pytest

from contracts.errors import OnlineStoreUnavailableError
from model_serving.online_reader import PatientReader
from tests.fixtures.serving import FakeOnline


def test_it_reads() -> None:
    online = FakeOnline(lives={"v": {"event_count": 3}})
    assert PatientReader(online).read("v").live.life.values == {"event_count": 3}


def test_an_outage_is_not_asked_about_by_every_request() -> None:
    online = FakeOnline()
    reader = PatientReader(online)
    online.reachable = False
    for _ in range(20):
        with pytest.raises(OnlineStoreUnavailableError, match="fake does not answer"):
            reader.read("v")
    assert online.reads == 1
