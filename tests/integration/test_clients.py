"""The clients fit the servers: their types are made of what these say now, and their calls are answered."""

from __future__ import annotations

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import cast

import pytest
from aisle_client import Collector, ModelServer, ProblemError, api_key
from aisle_client.model_server_types import SessionFeatures
from client_types import CLIENTS, DOCUMENTS, pages, types_of, write_types
from fastapi.testclient import TestClient

from ingestion.collector import app as collector_app
from ingestion.collector.collecting import Collector as Collecting
from ingestion.collector.reading import Limits
from model_serving.app import build_app
from tests.fixtures.access import AccessDesk
from tests.fixtures.collector import product_viewed
from tests.fixtures.fake_acknowledged_bus import FakeAcknowledgedBus
from tests.fixtures.model_server import FEATURES, Shop, open_shop, shop
from web.access.clients import Scope

__all__ = ["open_shop", "shop"]

_URL = "http://testserver"
# Forms for caches and for who operates the servers, and what only makes tokens.
_NOT_CALLED = {
    *("/v1/recommendations/{visitor_id}", "/v1/products/{product_id}/similar"),
    *("/v1/products/{product_id}/bought-together", "/v1/trending"),
    *("/health/live", "/health/ready", "/metrics", "/oauth2/token", "/.well-known/jwks.json"),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_documents_are_what_the_servers_say(name: str) -> None:
    assert json.loads(DOCUMENTS[name].read_text()) == pages()[name], "run make clients"


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_types_are_made_of_the_documents(name: str, tmp_path: Path) -> None:
    write_types(DOCUMENTS[name], tmp_path / types_of(name).name)
    assert types_of(name).read_text() == (tmp_path / types_of(name).name).read_text(), "run make clients"


def test_so_are_those_of_typescript() -> None:
    made_from = json.loads((CLIENTS / "typescript" / "src" / "made-from.json").read_text())
    assert made_from == {document.stem: sha256(document.read_bytes()).hexdigest() for document in DOCUMENTS.values()}, (
        "run make clients"
    )


@pytest.fixture
def desk(tmp_path: Path) -> AccessDesk:
    return AccessDesk(tmp_path / "access")


@pytest.fixture
def http(open_shop: Shop, desk: AccessDesk) -> Iterator[TestClient]:
    with TestClient(build_app(open_shop.serving, desk.access())) as client:
        yield client


def _key(desk: AccessDesk, scope: Scope) -> dict[str, str]:
    return api_key(desk.key("backend", scope)["X-API-Key"])


def test_every_call_of_the_model_server_is_answered(http: TestClient, desk: AccessDesk) -> None:
    server = ModelServer(_URL, _key(desk, Scope.READ), http)
    asked: list[str] = []
    http.event_hooks = {"request": [lambda request: asked.append(request.url.path)]}
    answer = server.recommend({"placement": "home", "visitor_id": "v-1", "limit": 2})
    assert [item["product_id"] for item in answer["items"]] == ["w2", "w3"]
    assert len(server.recommend_all([{"placement": "trending"}] * 2)["answers"]) == 2
    assert server.explain_recommendations({"placement": "trending"})["answer"]["placement"] == "trending"
    assert server.predict_purchase({"features": cast(SessionFeatures, FEATURES)})["probability"] == 0.9
    assert len(server.predict_purchases([{"visitor_id": "v-1"}])["answers"]) == 1
    assert server.explain_purchase({"visitor_id": "v-1"})["base"] == 0.25
    assert set(server.features("v-1", ["p/1", "p 2"])["products"]) == {"p/1", "p 2"}
    assert server.health()["live"]
    called = {path.replace("/v-1", "/{visitor_id}") for path in asked}
    assert called | _NOT_CALLED >= set(json.loads(DOCUMENTS["model_server"].read_text())["paths"])


def test_what_is_wrong_is_raised_as_a_problem(http: TestClient, desk: AccessDesk) -> None:
    with pytest.raises(ProblemError, match="422: body/placement is 'shelf'") as raised:
        ModelServer(_URL, _key(desk, Scope.READ), http).recommend({"placement": "shelf"})  # type: ignore[typeddict-item]
    assert (raised.value.status, raised.value.problem["title"]) == (422, "Invalid request")
    with pytest.raises(ProblemError, match="401: X-API-Key is the key of no client"):
        ModelServer(_URL, api_key("mine"), http).recommend({"placement": "trending"})


def test_events_are_sent(desk: AccessDesk) -> None:
    bus = FakeAcknowledgedBus()
    app = collector_app.build_app(Collecting(bus, Limits(20_000, 50)), access=desk.access())
    with TestClient(app) as http:
        collector = Collector(_URL, _key(desk, Scope.EVENTS), http)
        answer = collector.send([product_viewed(1), {}])
        with pytest.raises(ProblemError) as raised:
            collector.send([{}])
    assert [result["result"] for result in answer["results"]] == ["accepted", "rejected"]
    assert len(bus.messages) == len(raised.value.problem["results"]) == 1
