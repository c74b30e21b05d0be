"""The collector behind its guard: who may send events, and whose."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from fastapi.testclient import TestClient

from contracts import Event
from ingestion.collector.app import build_app
from ingestion.collector.collecting import Collector
from ingestion.collector.reading import Limits
from tests.fixtures.access import AccessDesk
from tests.fixtures.collector import product_viewed
from tests.fixtures.fake_acknowledged_bus import FakeAcknowledgedBus
from web.access.clients import Scope

_PATH = "/v1/events"
_SHOP = "https://shop.example"
_EXAMPLES = Path(__file__).parents[2] / "contracts" / "examples"


@pytest.fixture
def desk(tmp_path: Path) -> AccessDesk:
    return AccessDesk(tmp_path / "access")


@pytest.fixture
def bus() -> FakeAcknowledgedBus:
    return FakeAcknowledgedBus()


@pytest.fixture
def client(desk: AccessDesk, bus: FakeAcknowledgedBus) -> Iterator[TestClient]:
    collector = Collector(bus, Limits(body_bytes=20_000, batch_events=50))
    with TestClient(build_app(collector, [_SHOP], desk.access())) as client:
        yield client


@pytest.fixture
def browser(client: TestClient, desk: AccessDesk) -> dict[str, str]:
    """What a browser of v-1 sends."""
    key = desk.key("backend", Scope.EVENTS, Scope.ADMIN)["X-API-Key"]
    form = {"grant_type": "client_credentials", "visitor_id": "v-1"}
    token = client.post("/oauth2/token", data=form, auth=("backend", key)).json()["access_token"]
    return {"Authorization": f"Bearer {token}"}


def _said(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["detail"]


def test_a_key_for_events_lets_them_in(client: TestClient, desk: AccessDesk, bus: FakeAcknowledgedBus) -> None:
    answer = client.post(_PATH, json=product_viewed(7), headers=desk.key("till", Scope.EVENTS))
    assert (answer.status_code, len(bus.messages)) == (202, 1)


def test_nobody_elses_events_are_read(client: TestClient, desk: AccessDesk, bus: FakeAcknowledgedBus) -> None:
    nobody = client.post(_PATH, content=b"{" * 2_000_000)
    assert nobody.status_code == 401
    assert nobody.headers["www-authenticate"].startswith("Bearer")
    assert nobody.headers["content-type"] == "application/problem+json"
    reader = client.post(_PATH, json=product_viewed(1), headers=desk.key("storefront", Scope.READ))
    assert _said(reader) == (403, "scope is read: expected events")
    assert not bus.messages


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready", "/metrics", "/docs", "/openapi.json"])
def test_what_an_operator_asks_is_open(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 200


def test_a_browser_may_send_what_its_visitor_did(
    client: TestClient, browser: dict[str, str], bus: FakeAcknowledgedBus
) -> None:
    own = [product_viewed(1), product_viewed(51)]
    assert client.post(_PATH, json=own, headers=browser).json()["accepted"] == 2
    assert len(bus.messages) == 2


def _of_the_shop() -> Event:
    sale: Event = json.loads((_EXAMPLES / "price_changed.v1.good.json").read_text())[0]
    return sale


@pytest.mark.parametrize(
    ("foreign", "detail"),
    [
        (product_viewed(2), "visitor_id is 'v-2': expected 'v-1', whom the token is for"),
        (_of_the_shop(), "an event of the topic prices: expected a token that is not for one visitor"),
    ],
)
def test_a_browser_may_send_nothing_else(
    client: TestClient, browser: dict[str, str], bus: FakeAcknowledgedBus, foreign: Event, detail: str
) -> None:
    assert _said(client.post(_PATH, json=[product_viewed(1), foreign], headers=browser)) == (403, detail)
    assert not bus.messages


def test_a_page_of_the_shop_may_ask_first_and_read_why_it_is_refused(client: TestClient) -> None:
    asking = {"access-control-request-method": "POST", "access-control-request-headers": "authorization,content-type"}
    assert client.options(_PATH, headers={"origin": _SHOP} | asking).status_code == 200
    refused = client.post(_PATH, json=product_viewed(1), headers={"origin": _SHOP})
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, _SHOP)


def test_the_page_says_what_for(client: TestClient) -> None:
    flows = client.get("/openapi.json").json()["components"]["securitySchemes"]["Token"]["flows"]
    assert flows["clientCredentials"]["scopes"] == {"events": "send events"}
