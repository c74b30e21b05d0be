"""Explanations of real models: what is added sums to what was answered. Here, because the recommender compiles."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi.testclient import TestClient

from contracts.tables import SESSION_FEATURE_NAMES
from ml_modeling import lightgbm_booster, neural_net, xgboost_booster
from ml_modeling.average import Average
from ml_modeling.calibration import PlattScaling
from ml_modeling.purchase import AVERAGE, PurchaseModel
from ml_modeling.purchase_explanation import shap_values
from ml_modeling.purchase_rows import closed_rows, of_people
from ml_modeling.ranking_reasons import ranking_reasons
from ml_modeling.recommending.candidate_features import FEATURES
from ml_modeling.shapley import background_of, shapley_values
from ml_modeling.training_set import LabelledRows
from ml_modeling.two_stage_fitting import fit_two_stage
from ml_modeling.two_stage_recommender import TwoStageRecommender, load_recommender
from tests.fixtures.model_server import Shop
from tests.fixtures.training_tables import NOW, of_training_sessions, training_rows_table

_ROUNDS = 20
_SEEN = ["p05", "p06", "p03"]


@pytest.fixture(scope="module")
def rows() -> LabelledRows:
    return closed_rows(of_people(training_rows_table(1500), of_training_sessions(1500)), NOW)


@pytest.fixture(scope="module")
def purchase(rows: LabelledRows) -> PurchaseModel:
    members = [module.fit(rows, _ROUNDS) for module in (lightgbm_booster, xgboost_booster, neural_net)]
    return PurchaseModel(AVERAGE, Average(members), 0.3, PlattScaling(0.8, 0.1), background_of(rows.features))


@pytest.fixture(scope="module")
def recommender() -> TwoStageRecommender:
    rng = np.random.default_rng(5)
    walks = [(start + np.cumsum(rng.integers(1, 4, 5))) % 30 for start in rng.integers(30, size=300)]
    return fit_two_stage([[f"p{code:02d}" for code in walk] for walk in walks])[0]


@pytest.fixture
def shop(tmp_path: Path, purchase: PurchaseModel, recommender: TwoStageRecommender) -> Shop:
    loaders = {"recommender": load_recommender, "purchase": PurchaseModel.load}
    shop = Shop(tmp_path / "model_snapshots", loaders=loaders)
    shop.source.set_champion("purchase", "2", purchase)
    shop.source.set_champion("recommender", "3", recommender)
    shop.models.refresh()
    return shop


def _post(shop: Shop, path: str, body: dict[str, Any]) -> httpx.Response:
    answer: httpx.Response = TestClient(shop.app).post(path, json=body, headers={"X-Request-ID": "r-1"})
    return answer


def _sum(explained: dict[str, Any]) -> float:
    added = sum(each["contribution"] for each in explained["contributions"])
    return float(explained["base"] + added + explained.get("others", 0))


def test_values_are_those_of_shaps_permutation_explainer(purchase: PurchaseModel, rows: LabelledRows) -> None:
    some = rows.features[[3, 700]]
    expected, bases = shap_values(purchase.predict_matrix, some, rows.features, permutations=30)
    for row, values, base in zip(some, expected, bases, strict=True):
        found, added = shapley_values(purchase.predict_matrix, row, purchase.background)
        assert found == pytest.approx(base)
        assert added == pytest.approx(values, abs=0.01)
        assert np.abs(values).max() > 0.02


def test_a_saved_model_explains_as_before(purchase: PurchaseModel, rows: LabelledRows, tmp_path: Path) -> None:
    purchase.save(tmp_path)
    session = dict(zip(SESSION_FEATURE_NAMES, rows.features[3].tolist(), strict=True))
    assert PurchaseModel.load(tmp_path).contributions(session) == purchase.contributions(session)


def test_a_prediction_over_http_is_the_sum_of_what_its_features_add(shop: Shop, rows: LabelledRows) -> None:
    given = dict(zip(SESSION_FEATURE_NAMES, rows.features[3].tolist(), strict=True)) | {"mean_viewed_price": None}
    explained = _post(shop, "/v1/purchase-prediction/explanation", {"features": given}).json()
    assert explained["answer"] == _post(shop, "/v1/purchase-prediction", {"features": given}).json()
    assert _sum(explained) == pytest.approx(explained["answer"]["probability"])
    assert {each["feature"]: each["value"] for each in explained["contributions"]} == given
    sizes = [abs(each["contribution"]) for each in explained["contributions"]]
    assert sizes == sorted(sizes, reverse=True)


def test_a_model_of_before_says_that_it_cannot(shop: Shop, purchase: PurchaseModel) -> None:
    old = PurchaseModel(purchase.algorithm, purchase.classifier, purchase.base_rate, purchase.calibration)
    shop.source.set_champion("purchase", "4", old)
    shop.models.refresh()
    answer = _post(shop, "/v1/purchase-prediction/explanation", {"features": dict.fromkeys(SESSION_FEATURE_NAMES, 1)})
    assert answer.status_code == 503
    assert answer.json()["detail"].startswith("version 4: the model was saved without rows to compare with")


@pytest.mark.parametrize("past", [[], ["p20", "p21"]])
def test_a_rank_over_http_is_the_sum_of_what_its_features_add(shop: Shop, past: list[str]) -> None:
    shop.online.lives = {"v-1": {"recent_product_ids": [*_SEEN, *past]}}
    shop.online.last_products = {"v-1": _SEEN}
    body = {"placement": "home", "visitor_id": "v-1", "limit": 8}
    explained = _post(shop, "/v1/recommendations/explanation", body).json()
    assert explained["answer"] == _post(shop, "/v1/recommendations", body).json()
    assert (explained["recent"], explained["past"]) == (_SEEN, past)
    assert len(explained["products"]) == 8
    for item, product in zip(explained["answer"]["items"], explained["products"], strict=True):
        assert (product["product_id"], product["source"]) == (item["product_id"], item["source"])
        assert _sum(product) == pytest.approx(math.log(item["score"]))
        assert len(product["contributions"]) == 10
        assert {each["feature"] for each in product["contributions"]} <= set(FEATURES)


def test_the_source_of_an_item_is_the_one_that_says_most_of_it(recommender: TwoStageRecommender) -> None:
    ranked = recommender.recommend(_SEEN, 10)
    reasons = ranking_reasons(recommender, _SEEN, [], [product.product_id for product in ranked])
    for product in ranked:
        sources = reasons[product.product_id].sources
        assert next(iter(sources), "popularity") == product.source
        assert list(sources.values()) == sorted(sources.values(), reverse=True)


def test_reasons_are_given_for_what_was_asked_and_ranked(recommender: TwoStageRecommender) -> None:
    best = recommender.recommend(_SEEN, 1)[0].product_id
    assert set(ranking_reasons(recommender, _SEEN, [], [best, "unheard-of"])) == {best}
    assert ranking_reasons(recommender, ["unheard-of"], [], [best]) == {}


def test_without_a_ranking_the_sources_speak() -> None:
    unranked, _ = fit_two_stage([["a", "b", "c"], ["a", "b"], ["b", "c"]])
    assert unranked.ranker is None
    [(product_id, reasons)] = ranking_reasons(unranked, ["a"], [], ["b"]).items()
    assert (product_id, reasons.contributions) == ("b", None)
    assert reasons.sources
