"""One event through everything: published → bronze → silver → session, → Redis → an answer of the model.

The steps are those of the README's reader's path, in its order.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import httpx
import pyarrow.compute as pc
import pytest

from contracts.clock import SystemClock
from contracts.ports import Message
from contracts.tables import (
    BRONZE_CLICKSTREAM,
    SILVER_CLICKSTREAM_EVENTS,
    SILVER_REJECTED_EVENTS,
    SILVER_SESSIONS,
)
from contracts.topics import CLICKSTREAM, PRODUCER_HEADER
from data_lake.arrow_lake import ArrowLake
from deployment.bootstrap.access import local_headers
from deployment.bootstrap.bus import build_bus
from deployment.bootstrap.live import build_live_features
from deployment.demo.storefront import known_product_ids
from deployment.settings import Settings
from tests.fixtures.stack import RunningStack, until

_VISITOR = "v-followed"
_EVENT_ID = "followed-0000000001"
_SENT_BY = "e2e"
_BY_VISITOR = pc.field("visitor_id") == _VISITOR


@pytest.fixture(scope="module")
def traded(running_stack: RunningStack, traded_day: str) -> RunningStack:  # noqa: ARG001 - it must have traded
    """Return the stack after two simulated days, with a recommender trained on them."""
    running_stack.run("train", "recommender")
    return running_stack


def _viewed(product_id: str) -> dict[str, Any]:
    return {
        "event_id": _EVENT_ID,
        "event_type": "product_viewed",
        "schema_version": 1,
        "occurred_at": SystemClock().now().isoformat().replace("+00:00", "Z"),
        "producer": "web",
        "visitor_id": _VISITOR,
        "product_id": product_id,
        "unit_price": "9.99",
    }


def _publish(stack: RunningStack, *values: bytes) -> None:
    bus = build_bus(stack.settings)
    for value in values:
        bus.publish(Message(CLICKSTREAM.name, _VISITOR.encode(), value, [(PRODUCER_HEADER, _SENT_BY.encode())]))
    bus.flush(timedelta(seconds=20))
    assert bus.acknowledged == len(values)
    bus.close()


def _popular_product(stack: RunningStack) -> str:
    viewed = stack.lake.read(SILVER_CLICKSTREAM_EVENTS, ["product_id"], pc.field("event_type") == "product_viewed")
    counts = pc.value_counts(viewed.column("product_id")).to_pylist()
    return str(max(counts, key=lambda pair: pair["counts"])["values"])


def test_follow_one_event(traded: RunningStack) -> None:
    product_id = _popular_product(traded)
    raw = json.dumps(_viewed(product_id)).encode()
    broken = raw[:-1]

    _publish(traded, raw, raw, broken)
    _bronze_keeps_all_as_they_came(traded.lake, [broken, raw, raw])
    event = _silver_has_it_once_and_the_broken_one_beside_it(traded.lake, product_id, broken)
    _its_session_is_there(traded.lake, product_id)
    _the_features_online_are_those_of_the_lake(traded.settings, product_id, event)
    _the_model_answers_with_other_products(traded, product_id)


def _bronze_keeps_all_as_they_came(lake: ArrowLake, published: list[bytes]) -> None:
    def landed() -> list[bytes]:
        return [
            row["value"]
            for row in lake.read(BRONZE_CLICKSTREAM, ["key", "value"]).to_pylist()
            if row["key"] == _VISITOR.encode()
        ]

    until(lambda: len(landed()) == len(published))
    assert sorted(landed(), key=len) == published


def _silver_has_it_once_and_the_broken_one_beside_it(lake: ArrowLake, product_id: str, broken: bytes) -> dict[str, Any]:
    until(lambda: lake.read(SILVER_SESSIONS, where=_BY_VISITOR).num_rows)
    [event] = lake.read(SILVER_CLICKSTREAM_EVENTS, where=_BY_VISITOR).to_pylist()
    assert (event["event_id"], event["product_id"], event["sent_by"]) == (_EVENT_ID, product_id, _SENT_BY)
    by_sender = pc.field("sent_by") == _SENT_BY
    until(lambda: lake.read(SILVER_REJECTED_EVENTS, where=by_sender).num_rows)
    [rejected] = lake.read(SILVER_REJECTED_EVENTS, where=by_sender).to_pylist()
    assert (rejected["reason"], rejected["value"]) == ("not_json", broken)
    return dict(event)


def _its_session_is_there(lake: ArrowLake, product_id: str) -> None:
    [session] = lake.read(SILVER_SESSIONS, where=_BY_VISITOR).to_pylist()
    assert (session["event_count"], session["product_ids"]) == (1, [product_id])


def _the_features_online_are_those_of_the_lake(settings: Settings, product_id: str, event: dict[str, Any]) -> None:
    online = build_live_features(settings)
    until(lambda: online.read(_VISITOR).life.values)
    answer = online.read(_VISITOR)
    assert (answer.life.values["product_view_count"], answer.life.values["recent_product_ids"]) == (1, [product_id])
    assert answer.session.values["product_view_count"] == answer.visitor.values["product_views_10m"] == 1
    assert answer.life.age
    assert answer.at - answer.life.age == event["occurred_at"]


def _the_model_answers_with_other_products(stack: RunningStack, product_id: str) -> None:
    url = f"http://127.0.0.1:{stack.settings.api.port}/v1/recommendations/{_VISITOR}"
    headers = local_headers(stack.settings, stack.settings.api.access)
    until(lambda: httpx.get(url, headers=headers, timeout=5).json()["source"] == "model")
    answer = httpx.get(url, headers=headers, timeout=5).json()
    recommended = {product["product_id"] for product in answer["items"]}
    assert recommended
    assert recommended <= known_product_ids(stack.lake)
    assert product_id not in recommended
