"""Stages of a request: free where nobody watches, timed within one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from fastapi.testclient import TestClient
from prometheus_client import CollectorRegistry, Histogram

from contracts.stages import WATCH, stage
from model_serving.app import build_app
from model_serving.online_reader import PatientReader
from tests.fixtures.model_server import Shop, open_shop, shop
from web.stages import Stages

__all__ = ["open_shop", "shop"]


@pytest.fixture
def registry() -> Iterator[CollectorRegistry]:
    kept = CollectorRegistry()
    seconds = Histogram("stage_seconds", "Seconds", ["stage"], registry=kept)
    token = WATCH.set(Stages(seconds))
    yield kept
    WATCH.reset(token)


def test_outside_of_a_request_a_stage_is_nothing() -> None:
    with stage("ranking") as entered:
        assert entered is None


def test_a_stage_is_timed_also_where_it_fails(registry: CollectorRegistry) -> None:
    with stage("ranking"):
        pass
    with pytest.raises(ValueError, match="no candidates"), stage("ranking"):
        raise ValueError("no candidates")
    assert registry.get_sample_value("stage_seconds_count", {"stage": "ranking"}) == 2


def test_the_model_server_says_how_long_stages_took_and_how_old_features_were(open_shop: Shop) -> None:
    serving = replace(open_shop.serving, online=PatientReader(open_shop.online))
    with TestClient(build_app(serving)) as client:
        client.get("/v1/recommendations/v-1")
        page = client.get("/metrics").text
    for name in ("features", "facts", "impression"):
        assert f'aisle_stage_seconds_count{{stage="{name}"}} 1.0' in page
    route = 'route="/v1/recommendations/{visitor_id}"'
    assert f'aisle_feature_age_seconds_bucket{{le="1.0",{route}}} 0.0' in page
    assert f'aisle_feature_age_seconds_bucket{{le="5.0",{route}}} 1.0' in page
    assert "aisle_impressions_spooling 0.0" in page


def test_it_says_that_impressions_are_spooled(open_shop: Shop) -> None:
    open_shop.bus.reachable = False
    with TestClient(open_shop.app) as client:
        client.get("/v1/recommendations/v-1")
        deadline = time.monotonic() + 5
        while "aisle_impressions_spooling 1.0" not in client.get("/metrics").text:
            assert time.monotonic() < deadline
            time.sleep(0.01)
