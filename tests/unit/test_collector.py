from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
from fastapi.testclient import TestClient
from httpx import Response
from hypothesis import given
from hypothesis import strategies as st

from contracts import TOPICS, parse_event
from contracts.events import Event
from ingestion.collector.app import build_app
from ingestion.collector.checking import check
from ingestion.collector.collecting import Collector
from ingestion.collector.reading import Limits
from ingestion.collector.room import NoRoomError, Room
from tests.fixtures.collector import product_viewed
from tests.fixtures.fake_acknowledged_bus import FakeAcknowledgedBus

EXAMPLES = Path(__file__).parents[2] / "contracts" / "examples"
EVENT_TYPES = [event_type for topic in TOPICS for event_type in topic.event_types]
LIMITS = Limits(body_bytes=20_000, batch_events=50)
SHOP = "https://shop.example"
ASKING = {"origin": SHOP, "access-control-request-method": "POST", "access-control-request-headers": "content-type"}
JSON = {"content-type": "application/json"}


class Door:
    """A collector with a fake bus behind it, and a client before it that raises what the app does not handle."""

    def __init__(self, client: TestClient, collector: Collector, bus: FakeAcknowledgedBus) -> None:
        self.client, self.collector, self.bus = client, collector, bus

    def post(self, content: Any, **headers: str) -> Response:
        body = content if isinstance(content, bytes) else orjson.dumps(content)
        answer: Response = self.client.post("/v1/events", content=body, headers=JSON | headers)
        return answer

    def metric(self, line: str) -> float:
        page = self.client.get("/metrics").text.splitlines()
        return next((float(each.rpartition(" ")[2]) for each in page if each.startswith(line)), 0.0)


@pytest.fixture
def door() -> Iterator[Door]:
    with _open() as opened:
        yield opened


@contextmanager
def _open(*origins: str) -> Iterator[Door]:
    bus = FakeAcknowledgedBus()
    collector = Collector(bus, LIMITS)
    with TestClient(build_app(collector, origins)) as client:
        yield Door(client, collector, bus)


def _view(number: int = 0, **fields: Any) -> Event:
    return product_viewed(number) | fields


def test_one_event_is_accepted_and_published_like_any_other(door: Door) -> None:
    answer = door.post(_view(7))
    assert answer.status_code == 202
    assert answer.json() == {
        "accepted": 1,
        "duplicates": 0,
        "rejected": 0,
        "results": [{"index": 0, "result": "accepted", "event_id": "e-7"}],
    }
    (message,) = door.bus.messages
    assert (message.topic, message.key) == ("clickstream", b"v-7")
    assert list(message.headers) == [("producer", b"collector")]
    assert parse_event(message.value, "clickstream") == _view(7)


@pytest.mark.parametrize("event_type", EVENT_TYPES)
def test_examples_of_every_type_are_judged_as_their_files_say(door: Door, event_type: str) -> None:
    examples = json.loads((EXAMPLES / f"{event_type}.v1.good.json").read_text())
    good = [event | {"event_id": f"e-{number}"} for number, event in enumerate(examples)]
    bad = json.loads((EXAMPLES / f"{event_type}.v1.bad.json").read_text())
    answer = door.post(good + [row["event"] for row in bad])
    assert answer.status_code == 202
    results = answer.json()["results"]
    assert [result["result"] for result in results] == ["accepted"] * len(good) + ["rejected"] * len(bad)
    assert [(r["reason"], r["field"]) for r in results[len(good) :]] == [(row["reason"], row["field"]) for row in bad]
    assert [orjson.loads(message.value) for message in door.bus.messages] == good


def test_a_batch_with_some_bad_events_is_202_and_names_each(door: Door) -> None:
    answer = door.post([_view(1), _view(2, unit_price=3.5), "no event", _view(3)])
    assert answer.status_code == 202
    body = answer.json()
    assert (body["accepted"], body["duplicates"], body["rejected"]) == (2, 0, 2)
    assert [result["result"] for result in body["results"]] == ["accepted", "rejected", "rejected", "accepted"]
    assert body["results"][1] == {
        "index": 1,
        "result": "rejected",
        "reason": "wrong_type",
        "field": "unit_price",
        "message": 'unit_price is 3.5: expected a decimal text, 0 or more, with at most 4 places, such as "35.790"',
    }
    assert len(door.bus.messages) == 2


def test_a_batch_of_bad_events_is_422_and_names_each(door: Door) -> None:
    answer = door.post([_view(1, product_id=""), {}])
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["type"] == "urn:aisle:problem:nothing-accepted"
    assert [(result["reason"], result["field"]) for result in body["results"]] == [
        ("invalid_value", "product_id"),
        ("missing_field", "event_type"),
    ]
    assert not door.bus.messages


def test_an_empty_batch_is_422(door: Door) -> None:
    answer = door.post([])
    assert (answer.status_code, answer.json()["detail"]) == (422, "batch is empty: expected at least one event")


def test_the_same_id_twice_is_accepted_once_and_said_so(door: Door) -> None:
    answer = door.post([_view(1), _view(2), _view(1, product_id="p-2")])
    assert answer.status_code == 202
    assert answer.json()["duplicates"] == 1
    assert answer.json()["results"][2] == {"index": 2, "result": "duplicate", "event_id": "e-1"}
    assert [orjson.loads(message.value)["product_id"] for message in door.bus.messages] == ["p-1", "p-1"]


def test_a_rejected_event_does_not_use_up_its_id(door: Door) -> None:
    answer = door.post([_view(1, product_id=""), _view(1)])
    assert [result["result"] for result in answer.json()["results"]] == ["rejected", "accepted"]


def test_an_id_on_two_topics_is_two_events_as_in_silver(door: Door) -> None:
    sale = json.loads((EXAMPLES / "pos_transaction_completed.v1.good.json").read_text())[0]
    answer = door.post([_view(1), sale | {"event_id": "e-1"}])
    assert answer.json()["accepted"] == 2
    assert [message.topic for message in door.bus.messages] == ["clickstream", "pos"]


@pytest.mark.parametrize(
    ("body", "line", "column"),
    [
        (b"", 1, 1),
        (b'{"a":', 1, 6),
        (b'[{},\n {"a":}]', 2, 7),
        (b"\xff", 1, 1),
        (b'[{"a": NaN}]', 1, 8),
        (b"[" * 5000, 1, 1026),
    ],
)
def test_what_is_not_json_is_400_with_its_position(door: Door, body: bytes, line: int, column: int) -> None:
    answer = door.post(body)
    assert answer.status_code == 400
    problem = answer.json()
    assert (problem["type"], problem["line"], problem["column"]) == ("urn:aisle:problem:not-json", line, column)
    assert f"line {line} column {column}" in problem["detail"]


@pytest.mark.parametrize(
    ("sent_as", "detail"),
    [
        ({"content-type": "text/plain"}, "content-type is text/plain: expected application/json"),
        ({"content-type": ""}, "content-type is missing: expected application/json"),
        ({"content-encoding": "gzip"}, "content-encoding is gzip: expected none"),
    ],
)
def test_another_content_type_is_415(door: Door, sent_as: dict[str, str], detail: str) -> None:
    answer = door.post(_view(), **sent_as)
    assert (answer.status_code, answer.json()["detail"]) == (415, detail)
    assert answer.headers["accept"] == "application/json"


def test_parameters_of_the_content_type_do_not_matter(door: Door) -> None:
    assert door.post(_view(), **{"content-type": "Application/JSON; charset=utf-8"}).status_code == 202


def test_a_batch_at_its_limit_is_taken_and_beyond_it_413(door: Door) -> None:
    assert door.post([_view(number) for number in range(50)]).json()["accepted"] == 50
    answer = door.post([_view(number) for number in range(51)])
    assert (answer.status_code, answer.json()["detail"]) == (413, "batch is 51 events long: expected at most 50")
    assert len(door.bus.messages) == 50


def test_a_body_at_its_limit_is_taken_and_beyond_it_413(door: Door) -> None:
    body = orjson.dumps(_view()).ljust(LIMITS.body_bytes)
    assert door.post(body).status_code == 202
    announced = door.post(body + b" ")
    assert announced.json()["detail"] == "body is 20001 bytes long: expected at most 20000"
    in_chunks = door.client.post("/v1/events", content=iter([body, b" "]), headers=JSON)
    assert in_chunks.json()["detail"] == "body is longer than 20000 bytes: expected at most 20000"
    assert announced.status_code == in_chunks.status_code == 413


def test_without_kafka_it_is_503_with_retry_after(door: Door) -> None:
    door.bus.reachable = False
    answer = door.post([_view(1), {}])
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert answer.json()["detail"].startswith("no Kafka broker answers at fake:9092: send the whole request again")
    assert "results" not in answer.json()
    assert door.post([{}]).status_code == 422


def test_without_room_it_is_503_with_retry_after(door: Door) -> None:
    door.collector.room = Room(100)
    answer = door.post([_view()])
    assert (answer.status_code, answer.json()["title"]) == (503, "Busy")
    assert int(answer.headers["retry-after"]) > 0


def test_room_is_given_back_whatever_happens(door: Door) -> None:
    door.collector.room = Room(300)
    for _ in range(5):
        assert door.post(_view()).status_code == 202
        assert door.post(b"{" * 200).status_code == 400
        assert door.post(b"{" * 400).status_code == 503


def test_room_is_shared() -> None:
    room = Room(10)
    with room.visit() as first, room.visit() as second:
        first(6)
        with pytest.raises(NoRoomError):
            second(5)
        second(4)
    with room.visit() as third:
        third(10)


def test_other_paths_and_methods_are_problems(door: Door) -> None:
    answers = [door.client.get("/v1/events"), door.client.get("/v2"), door.client.options("/v1/events", headers=ASKING)]
    assert [answer.status_code for answer in answers] == [405, 404, 405]
    assert all(answer.headers["content-type"] == "application/problem+json" for answer in answers)


def test_no_page_may_post_unless_its_origin_is_set(door: Door) -> None:
    answer = door.post(_view(), origin=SHOP)
    assert "access-control-allow-origin" not in answer.headers


def test_a_page_of_an_allowed_origin_may_post() -> None:
    with _open(SHOP) as door:
        preflight = door.client.options("/v1/events", headers=ASKING)
        assert (preflight.status_code, preflight.headers["access-control-allow-origin"]) == (200, SHOP)
        assert door.post(_view(), origin=SHOP).headers["access-control-allow-origin"] == SHOP
        door.bus.reachable = False
        unavailable = door.post(_view(), origin=SHOP)
        assert unavailable.headers["access-control-allow-origin"] == SHOP
        assert "retry-after" in unavailable.headers["access-control-expose-headers"]
        foreign = door.client.options("/v1/events", headers=ASKING | {"origin": "https://evil.example"})
        assert foreign.status_code == 400
        assert "access-control-allow-origin" not in foreign.headers


def test_health_says_why_it_is_not_ready(door: Door) -> None:
    assert door.client.get("/health/ready").json() == {
        "live": True,
        "ready": True,
        "dependencies": {"kafka": {"ok": True, "reason": ""}},
    }
    door.bus.reachable = False
    assert [door.client.get(path).status_code for path in ("/health/live", "/health", "/health/ready")] == [
        200,
        200,
        503,
    ]
    kafka = door.client.get("/health").json()["dependencies"]["kafka"]
    assert kafka == {"ok": False, "reason": "no Kafka broker answers at fake:9092"}


def test_events_are_counted_by_what_became_of_them(door: Door) -> None:
    door.post([_view(1), _view(2), _view(1), {}, _view(3, product_id="")])
    door.bus.reachable = False
    door.post([_view(4), {}])
    counted = "aisle_collected_events_total"
    assert door.metric(counted + '{reason="",result="accepted"}') == 2
    assert door.metric(counted + '{reason="",result="duplicate"}') == 1
    assert door.metric(counted + '{reason="missing_field",result="rejected"}') == 1
    assert door.metric(counted + '{reason="invalid_value",result="rejected"}') == 1
    assert door.metric(counted + '{reason="",result="unavailable"}') == 1
    assert door.metric('aisle_requests_total{route="/v1/events",status="503"}') == 1
    assert door.metric('aisle_request_seconds_count{route="/v1/events"}') == 2
    assert door.metric("aisle_requests_in_flight") == 1, "the page's own request"


def test_the_bus_runs_as_long_as_the_app() -> None:
    with _open() as door:
        assert door.bus.is_running
    assert not door.bus.is_running


def test_the_examples_of_the_openapi_page_are_accepted(door: Door) -> None:
    page = door.client.get("/openapi.json").json()
    operation = page["paths"]["/v1/events"]["post"]
    examples = operation["requestBody"]["content"]["application/json"]["examples"]
    assert all(door.post(example["value"]).status_code == 202 for example in examples.values())
    assert set(operation["responses"]) == {"202", "400", "408", "413", "415", "422", "503"}


def test_a_body_that_does_not_come_is_408(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("web.json_body._BODY_WITHIN_S", 0.05)
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(30)
        raise AssertionError

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/events",
        "query_string": b"",
        "headers": [(b"content-type", b"application/json")],
    }
    asyncio.run(build_app(Collector(FakeAcknowledgedBus(), LIMITS))(scope, receive, send))  # type: ignore[arg-type]
    assert sent[0]["status"] == 408


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
GARBAGE = st.binary(max_size=200) | ANY_JSON.map(lambda value: json.dumps(value).encode())
FIELDS = sorted({*_view(), "customer_id", "unknown"})
DAMAGED = st.lists(
    st.tuples(st.sampled_from(FIELDS), ANY_JSON).map(lambda change: _view(1) | dict([change])), max_size=5
).map(lambda events: json.dumps(events).encode())
NESTED = st.integers(1, 2000).map(lambda depth: b'[{"event_type":' + b"[" * depth + b"]" * depth + b"}]")


@given(st.one_of(GARBAGE, DAMAGED, NESTED))
def test_no_body_is_a_500(body: bytes) -> None:
    with _open() as door:
        assert door.post(body).status_code in {202, 400, 422}


@given(st.lists(st.tuples(st.sampled_from(FIELDS), ANY_JSON).map(lambda change: _view(1) | dict([change])), max_size=5))
def test_what_is_published_is_what_silver_will_accept(events: list[Event]) -> None:
    decoded = [event for event in map(_through_json, events) if event is not None]
    checked = check(decoded)
    silver = [parse_event(message.value, message.topic) for message in checked.messages]
    assert all(isinstance(event, dict) and event in decoded for event in silver)
    assert len(checked.results) == len(decoded)


def _through_json(event: Event) -> Event | None:
    try:
        decoded: Event = orjson.loads(json.dumps(event))
    except orjson.JSONDecodeError:
        return None
    return decoded
