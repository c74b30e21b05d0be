"""What the OpenAPI page says of ``POST /v1/events`` beyond its answer."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from ingestion.collector.answers import EventsAnswer
from web.problems import CONTENT

_VIEW = {
    "event_id": "0b8f7c52-5d3e-4a4c-9c0f-1f8f6f0d2a11",
    "event_type": "product_viewed",
    "schema_version": 1,
    "occurred_at": "2026-11-21T10:15:30.125Z",
    "producer": "web",
    "visitor_id": "v-17",
    "product_id": "p-1004",
    "unit_price": "35.790",
}
_CART = _VIEW | {
    "event_id": "7d1c1f0e-52c3-4b9d-8f0a-3b1f5e0c9d22",
    "event_type": "product_added_to_cart",
    "quantity": 1,
}
_EVENT = {
    "type": "object",
    "description": "one event of a type and version in contracts/schemas",
    "required": ["event_id", "event_type", "schema_version", "occurred_at", "producer"],
}
_WHEN = {
    HTTPStatus.BAD_REQUEST: "The body is not JSON; the detail says where",
    HTTPStatus.REQUEST_TIMEOUT: "The body did not arrive in time",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body or the batch is beyond its limit",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is not sent as application/json, or compressed",
    HTTPStatus.SERVICE_UNAVAILABLE: "Kafka did not acknowledge, or the collector is busy: send the same again later",
}

REQUEST: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"oneOf": [_EVENT, {"type": "array", "minItems": 1, "items": _EVENT}]},
                "examples": {"one": {"value": _VIEW}, "batch": {"value": [_VIEW, _CART]}},
            }
        },
    }
}


def responses() -> dict[int | str, dict[str, Any]]:
    """Return the entries of every answer but 202."""
    none = {"model": EventsAnswer, "description": "No event was accepted: a problem that holds each event's result"}
    return {**{status.value: _problem(text) for status, text in _WHEN.items()}, 422: none}


def _problem(description: str) -> dict[str, Any]:
    return {"description": description, "content": dict(CONTENT)}
