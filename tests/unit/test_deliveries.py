from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.errors import BrokerUnavailableError
from ingestion.deliveries import Deliveries

NOW, SOON = timedelta(0), timedelta(seconds=10)


@given(outcomes=st.lists(st.booleans(), max_size=30))
def test_every_message_is_counted_as_acknowledged_or_as_failed(outcomes: list[bool]) -> None:
    deliveries = Deliveries("server", 1000)
    for acknowledged in outcomes:
        deliveries.take(10, NOW)
        if acknowledged:
            deliveries.succeeded(10)
        else:
            deliveries.failed("no leader", 10)
    assert deliveries.acknowledged == outcomes.count(True)
    if False in outcomes:
        with pytest.raises(BrokerUnavailableError, match=f"server .*{outcomes.count(False)} messages: no leader"):
            deliveries.raise_failure()
    deliveries.raise_failure()


def test_a_full_buffer_is_an_error_after_its_time() -> None:
    deliveries = Deliveries("server", 100)
    deliveries.take(60, NOW)
    with pytest.raises(BrokerUnavailableError, match="server acknowledged nothing for 0 s"):
        deliveries.take(60, NOW)
    deliveries.take(40, NOW)


def test_an_acknowledgement_lets_the_next_message_in() -> None:
    deliveries = Deliveries("server", 100)
    deliveries.take(100, NOW)
    waiting = threading.Thread(target=deliveries.take, args=[100, SOON])
    waiting.start()
    deliveries.succeeded(100)
    waiting.join(5)
    assert not waiting.is_alive()


def test_a_message_larger_than_the_buffer_goes_alone() -> None:
    deliveries = Deliveries("server", 100)
    deliveries.take(500, NOW)
    with pytest.raises(BrokerUnavailableError):
        deliveries.take(1, NOW)
    deliveries.give_back(500)
    deliveries.take(1, NOW)
