"""The poller with a real server and real files; only Kafka is a fake."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from contracts import ManualClock, Message, parse_event
from contracts.errors import BrokerUnavailableError, UnusableAnswerError
from data_sources.connectors.delivering import Counts, Delivery
from data_sources.connectors.fetching import Fetcher
from data_sources.connectors.polling import Poller
from data_sources.connectors.rate_limit import HostLimits
from data_sources.connectors.state import ConnectorState, PollState
from tests.fixtures.api_server import ApiServer, Reply, http_client, running_api
from tests.fixtures.connectors import START, Slept, http_source, ids_of, observation
from tests.fixtures.fake_acknowledged_bus import FakeAcknowledgedBus


class BusThatBreaks(FakeAcknowledgedBus):
    """Takes one batch after it broke down, as a broker does whose acknowledgement was lost."""

    breaks = False

    async def publish(self, messages: Sequence[Message]) -> None:
        await super().publish(messages)
        if self.breaks:
            self.reachable = False
            self.require_ready()


class Polling:
    """Polls one source; every poll is a new process as far as the poller can tell."""

    def __init__(self, directory: Path, api: ApiServer) -> None:
        self.api = api
        self.bus = BusThatBreaks()
        self.more: dict[str, Any] = {}
        self.kept = directory / "state"
        self._directory = directory

    def poll(self) -> Counts:
        return asyncio.run(self._poll())

    def state(self) -> PollState:
        state = ConnectorState(self.kept / "state.sqlite")
        try:
            return self._poller(state, None).state
        finally:
            state.close()

    async def _poll(self) -> Counts:
        state = ConnectorState(self.kept / "state.sqlite")
        try:
            async with http_client() as client:
                return await self._poller(state, client).poll()
        finally:
            state.close()

    def _poller(self, state: ConnectorState, client: Any) -> Poller:
        clock = ManualClock(START)
        fetcher = Fetcher(client, HostLimits({}), {}, clock, Slept(clock))
        source = http_source(self._directory, f"{self.api.url}/v1", **self.more)
        return Poller(source, fetcher, Delivery(self.bus, 1000), state, self.kept, clock)


@pytest.fixture
def polling(tmp_path: Path) -> Iterator[Polling]:
    with running_api() as api:
        yield Polling(tmp_path, api)


def answer(*numbers: int, etag: str = "") -> Reply:
    body = json.dumps([observation(number) for number in numbers]).encode()
    return Reply(body=body, headers={"ETag": etag} if etag else {})


def test_records_become_events_of_the_contract(polling: Polling) -> None:
    polling.api.replies = [answer(1, 2)]
    assert polling.poll() == Counts(messages=2)
    events = [parse_event(each.value, each.topic) for each in polling.bus.messages]
    first, second = events
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert first["event_id"] != second["event_id"]
    assert second == {
        "event_id": second["event_id"],
        "event_type": "weather_observed",
        "schema_version": 1,
        "occurred_at": "2026-11-21T09:02:00Z",
        "producer": "connect:weather_api",
        "location_id": "s-2",
        "location_kind": "store",
        "temperature_c": 1.0,
    }
    assert dict(polling.bus.messages[0].headers)["source_file"] == b"weather.answer"


def test_the_same_record_polled_twice_is_one_event(polling: Polling) -> None:
    polling.api.replies = [answer(1, 2), answer(2, 3)]
    polling.poll()
    polling.poll()
    assert sorted(ids_of(polling.bus.messages).values()) == [1, 1, 2]


@pytest.mark.parametrize("second", [Reply(304), answer(1, etag='"b"'), Reply(body=b"[]"), Reply(204)])
def test_nothing_new_sends_nothing_and_is_a_success(polling: Polling, second: Reply) -> None:
    polling.api.replies = [answer(1, etag='"a"'), second, Reply(304)]
    polling.poll()
    assert polling.poll() == Counts()
    assert len(polling.bus.messages) == 1
    polling.poll()
    assert polling.state().succeeded_at == START
    asked = [each.headers["if-none-match"] for each in polling.api.asked]
    assert asked[:2] == [None, '"a"']


def test_nothing_counts_as_taken_until_kafka_has_it_and_the_kept_answer_is_sent_first(polling: Polling) -> None:
    polling.api.replies = [answer(1, 2, etag='"a"'), answer(3)]
    polling.bus.breaks = True
    with pytest.raises(BrokerUnavailableError):
        polling.poll()
    assert polling.state().taken.sha256 == ""
    polling.bus.breaks, polling.bus.reachable = False, True
    assert polling.poll() == Counts(messages=2)
    assert len(polling.api.asked) == 1
    assert polling.poll() == Counts(messages=1)
    assert polling.api.asked[1].headers["if-none-match"] == '"a"'
    assert len(ids_of(polling.bus.messages)) == 3
    assert list(polling.kept.glob("*.answer")) == []


def test_the_cursor_moves_to_the_greatest_value_that_kafka_has(polling: Polling) -> None:
    polling.more = {"cursor": {"column": "at", "parameter": "since", "start": "2026"}}
    polling.api.replies = [answer(2, 9, 4), answer(10), Reply(body=b"[]")]
    for _ in range(3):
        polling.poll()
    minutes = [each.path.removeprefix("/v1?since=2026-11-21T09%3A")[:2] for each in polling.api.asked[1:]]
    assert (polling.api.asked[0].path, minutes) == ("/v1?since=2026", ["09", "10"])


def test_a_cursor_of_whole_numbers_is_compared_as_numbers(polling: Polling) -> None:
    polling.more = {"cursor": {"column": "id", "parameter": "after", "start": "0"}}
    records = [{**observation(number), "id": number} for number in (9, 10)]
    polling.api.replies = [Reply(body=json.dumps(records).encode()), Reply(304)]
    polling.poll()
    assert polling.state().cursor == "10"


def test_another_configuration_starts_anew_and_other_manners_do_not(polling: Polling) -> None:
    polling.api.replies = [answer(1, etag='"a"')]
    polling.poll()
    polling.more = {"every_s": 5, "deadline_s": 5}
    assert polling.poll() == Counts()
    polling.more = {"headers": {"accept": "text/csv"}}
    assert polling.poll() == Counts(messages=1)
    assert polling.api.asked[-1].headers["if-none-match"] is None


@pytest.mark.parametrize(
    ("reply", "more", "message"),
    [
        (Reply(body=b'[{"a": 1}, {"a"'), {}, "is not JSON"),
        (Reply(body=b"<html>sorry</html>"), {}, r"column 'station' is not there in weather.answer"),
        (
            Reply(body=b'[{"at": "never"}, {"station": "s-1"}]'),
            {},
            "2 of 2 messages cannot .* line 1: station",
        ),
        (Reply(body=json.dumps([observation(1) | {"wind": "9" * 2000}]).encode()), {}, "line 1 makes a message of"),
        (answer(1), {"cursor": {"column": "id", "parameter": "after", "start": "0"}}, "has no column 'id'"),
    ],
)
def test_an_answer_that_cannot_be_used_is_kept_to_be_looked_at_and_asked_for_again(
    polling: Polling, reply: Reply, more: dict[str, Any], message: str
) -> None:
    polling.more = more
    reply.headers["ETag"] = '"bad"'
    polling.api.replies = [reply]
    for _ in range(2):
        with pytest.raises(UnusableAnswerError, match=message) as caught:
            polling.poll()
        assert str(caught.value).startswith(f"the answer of {polling.api.url}/v1 ")
    assert polling.bus.messages == []
    assert (polling.kept / "weather.refused").read_bytes()[:5] in (reply.body[:5], b'{"at"', b'{"air')
    assert polling.api.asked[1].headers["if-none-match"] is None


def test_a_few_bad_records_are_sent_as_they_are(polling: Polling) -> None:
    bad = {"station": "s-9", "at": "never"}
    polling.api.replies = [Reply(body=json.dumps([observation(1), bad, observation(2)]).encode())]
    counts = polling.poll()
    assert (counts.messages, counts.unmapped) == (3, 1)
    assert counts.first_error == "line 2: at is 'never': expected a time as iso"
    assert polling.bus.messages[1].value == b'{"at":"never","station":"s-9"}'
    assert dict(polling.bus.messages[1].headers)["mapping_error"] == b"at is 'never': expected a time as iso"
