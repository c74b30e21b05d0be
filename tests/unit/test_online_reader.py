from __future__ import annotations

from typing import Any

import pytest

from contracts.errors import OnlineStoreUnavailableError
from feature_store.live.last_seen import LastSeen
from feature_store.request_reader import RequestFeatures
from model_serving.online_reader import PatientReader
from tests.fixtures.serving import FakeOnline, Watch


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


def test_while_one_request_asks_again_the_others_are_refused() -> None:
    online, watch = FakeOnline(reachable=False), Watch()
    meanwhile: list[int] = []

    class Slow:
        """Redis is slow to answer; another request comes while one waits."""

        def read(self, *asked: Any) -> RequestFeatures:
            if online.reachable and not meanwhile:
                with pytest.raises(OnlineStoreUnavailableError):
                    reader.read("v-2")
                meanwhile.append(online.reads)
            return online.read(*asked)

        def last_seen(self, visitor_id: str) -> LastSeen:
            return online.last_seen(visitor_id)

    reader = PatientReader(Slow(), watch)
    with pytest.raises(OnlineStoreUnavailableError):
        reader.read("v")
    watch.wait(2)
    online.reachable = True
    reader.read("v")
    assert meanwhile == [1]
    reader.read("v")
