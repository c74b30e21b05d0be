"""An experiment of two models from the model server's answers to the report."""

from __future__ import annotations

import threading
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from contracts import Event, Rejection, parse_event
from data_lake.arrow_lake import ArrowLake
from deployment.bootstrap.experiment_report import report_on
from deployment.settings import Settings
from experiments.lifecycle import stopped
from tests.fixtures.model_server import Shop, open_shop, shop
from tests.fixtures.serving import NOW
from tests.fixtures.simulated_silver import land_trade
from tests.fixtures.trial_of_models import TRIAL, tried, variant_of

__all__ = ["open_shop", "shop", "tried"]

VISITORS = [f"v-{number}" for number in range(600)]


def test_outcomes_land_under_the_variant_whose_model_answered(tried: Shop, tmp_path: Path) -> None:
    with TestClient(tried.app) as api:
        for visitor in VISITORS:
            assert api.get(f"/v1/recommendations/{visitor}", params={"product_id": "w1"}).status_code == 200
        shown = _shown(tried, len(VISITORS))
    assert {event["visitor_id"]: _variant(event) for event in shown} == {each: variant_of(each) for each in VISITORS}
    settings = Settings(data_dir=tmp_path)
    land_trade(ArrowLake(settings.lake), [*shown, *_clicks(shown)])
    found = report_on(settings, TRIAL.name, NOW + timedelta(days=2))
    inside = [variant["name"] for variant in map(variant_of, VISITORS) if variant]
    assert found.ratio.seen == {"old": inside.count("old"), "new": inside.count("new")}
    assert found.switched_visitors == 0
    [verdict] = found.verdicts
    assert verdict.startswith("new is better (new against old in click_ratio: ")


def test_an_experiment_ends_while_the_registry_stands_still(tried: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on = threading.Event()
    monkeypatch.setattr(tried.source, "find", lambda _wanted: goes_on.wait(30))
    inside = next(visitor for visitor in VISITORS if variant_of(visitor))
    with TestClient(tried.app) as api:
        assert api.get(f"/v1/recommendations/{inside}").json()["variant"] == variant_of(inside)
        tried.experiments_file.change(lambda all_: stopped(all_, TRIAL.name, NOW))
        deadline = time.monotonic() + 5
        while api.get(f"/v1/recommendations/{inside}").json()["variant"]:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        goes_on.set()


def _shown(of: Shop, number: int) -> list[Event]:
    deadline = time.monotonic() + 10
    while len(of.bus.messages) < number:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    events = [parse_event(message.value, message.topic) for message in of.bus.messages]
    return [event for event in events if not isinstance(event, Rejection)]


def _variant(event: Event) -> dict[str, str] | None:
    return {"experiment": event["experiment"], "name": event["variant"]} if "variant" in event else None


def _clicks(shown: list[Event]) -> list[Event]:
    """Every second visitor clicks on what the challenger puts first, and nobody on what the champion does."""
    return [
        {
            **{name: event[name] for name in ("visitor_id", "request_id", "schema_version", "producer")},
            "event_type": "recommendation_clicked",
            "event_id": f"click-{number}",
            "occurred_at": (datetime.fromisoformat(event["occurred_at"]) + timedelta(minutes=1)).isoformat(),
            "product_id": "b1",
        }
        for number, event in enumerate(shown)
        if number % 2 and event["product_ids"][0] == "b1"
    ]
