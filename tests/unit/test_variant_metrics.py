"""What the model server counts by variant; and a variant whose model fails, for which the champion answers."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from contracts.experiments import Bounds
from experiments.lifecycle import stopped
from model_serving.model_source import ModelAlias
from model_serving.model_store import LoadedModel
from tests.fixtures.model_server import Shop, open_shop, shop
from tests.fixtures.trial_of_models import CHALLENGER, TRIAL, run, tried, variant_of
from tests.fixtures.trials import STARTED

__all__ = ["open_shop", "shop", "tried"]

CHAMPION = ModelAlias("recommender")
VISITORS = [f"v-{number}" for number in range(30)]
STRANGER = next(name for name in map("stranger-{}".format, range(100)) if variant_of(name) is None)
IN_TRIAL = [variant["name"] for variant in map(variant_of, VISITORS) if variant]
OLD, NEW, OUTSIDE = ("two-stage", "old", "3"), ("two-stage", "new", "4"), ("", "", "3")
LISTS = {OLD: IN_TRIAL.count("old"), NEW: IN_TRIAL.count("new"), OUTSIDE: 30 - len(IN_TRIAL)}


class _Failing:
    """A recommender that raises whenever it is asked."""

    def __getattr__(self, name: str) -> Any:
        msg = f"no {name} today"
        raise ArithmeticError(msg)


def _break(shop: Shop, alias: ModelAlias) -> None:
    loaded = shop.models.current(*alias)
    assert loaded is not None
    shop.models._models[alias] = LoadedModel(loaded.version, _Failing(), "mlflow")


@pytest.fixture
def api(tried: Shop, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    # Feast sets it for whoever is in the same process; with it, no label can be removed.
    monkeypatch.delenv("PROMETHEUS_MULTIPROC_DIR", raising=False)
    return TestClient(tried.app, raise_server_exceptions=False)


def _ask_all(api: TestClient) -> list[dict[str, Any]]:
    return [api.get(f"/v1/recommendations/{each}", params={"product_id": "w1"}).json() for each in VISITORS]


def _counted(api: TestClient, name: str) -> dict[tuple[str, ...], float]:
    """The values of a metric by experiment, variant, version, and what more labels it has."""
    return {
        tuple(map(sample.labels.pop, ("experiment", "variant", "model_version"))) + tuple(sample.labels.values()): (
            sample.value
        )
        for family in text_string_to_metric_families(api.get("/metrics").text)
        for sample in family.samples
        if sample.name == name
    }


def test_lists_are_counted_and_timed_by_variant_version_and_rung(api: TestClient) -> None:
    _ask_all(api)
    api.get(f"/v1/recommendations/{STRANGER}")
    lists = _counted(api, "aisle_variant_lists_total")
    assert lists.pop((*OUTSIDE, "unknown_visitor", "popularity")) == 1
    assert lists == {(*by, "", "model"): count for by, count in LISTS.items()}
    assert _counted(api, "aisle_variant_list_seconds_count") == LISTS | {OUTSIDE: LISTS[OUTSIDE] + 1}
    within = _counted(api, "aisle_variant_list_seconds_bucket")
    assert {labels[-1] for labels in within} == {
        *("0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "+Inf")
    }
    assert within[*NEW, "2.5"] == LISTS[NEW]


def test_who_answers_no_more_is_forgotten(api: TestClient, tried: Shop) -> None:
    _ask_all(api)
    tried.experiments_file.change(lambda all_: stopped(all_, "two-stage", STARTED))
    tried.models.refresh()
    _ask_all(api)
    assert _counted(api, "aisle_variant_lists_total") == {(*OUTSIDE, "", "model"): 30 + LISTS[OUTSIDE]}
    assert _counted(api, "aisle_variant_list_seconds_count") == {OUTSIDE: 30 + LISTS[OUTSIDE]}


def test_a_variant_on_hold_keeps_what_was_counted(api: TestClient, tried: Shop) -> None:
    _ask_all(api)
    run(tried, TRIAL.model_copy(update={"bounds": Bounds()}))
    assert _counted(api, "aisle_variant_list_seconds_count") == LISTS


def test_what_a_variants_model_fails_at_the_champion_answers_for_no_variant(
    api: TestClient, tried: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    _break(tried, CHALLENGER)
    with caplog.at_level(logging.ERROR):
        answers = _ask_all(api)
    assert {answer["model"]["version"] for answer in answers} == {"3"}
    assert [answer["variant"] for answer in answers].count({"experiment": "two-stage", "name": "old"}) == LISTS[OLD]
    assert [answer["variant"] for answer in answers].count(None) == 30 - LISTS[OLD]
    assert _counted(api, "aisle_variant_failures_total") == {NEW: LISTS[NEW]}
    assert _counted(api, "aisle_variant_list_seconds_count") == {OLD: LISTS[OLD], OUTSIDE: 30 - LISTS[OLD]}
    assert len(caplog.records) == LISTS[NEW]
    assert "two-stage" in caplog.records[0].message


def test_where_the_champion_fails_it_is_an_error_and_counted(api: TestClient, tried: Shop) -> None:
    _break(tried, CHAMPION)
    assert api.get("/v1/recommendations/v-1").status_code == 500
    assert sum(_counted(api, "aisle_variant_failures_total").values()) == 1
