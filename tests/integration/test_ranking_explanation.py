"""SHAP values of a ranking. Here, because it compiles."""

from __future__ import annotations

import numpy as np
import pytest

from ml_modeling.next_products import BrowsedSessions, NextProducts, browsed_sessions, next_products
from ml_modeling.ranking_explanation import mean_contributions
from ml_modeling.recommending.candidate_features import FEATURES
from ml_modeling.two_stage_fitting import fit_two_stage
from ml_modeling.two_stage_recommender import TwoStageRecommender
from tests.fixtures.training_tables import sessions_table


@pytest.fixture(scope="module")
def browsed() -> BrowsedSessions:
    return browsed_sessions(sessions_table(600))


@pytest.fixture(scope="module")
def model(browsed: BrowsedSessions) -> TwoStageRecommender:
    return fit_two_stage(browsed.baskets)[0]


@pytest.fixture(scope="module")
def cases(browsed: BrowsedSessions) -> NextProducts:
    return next_products(browsed, np.arange(len(browsed)) >= 590)


def test_the_values_of_a_row_sum_to_its_score_less_what_all_rows_have(
    model: TwoStageRecommender, cases: NextProducts
) -> None:
    assert model.ranker is not None
    features = model.retrieval.candidates(model.known(cases.seen[0])).features
    contributions, scores = model.ranker.contributions(features), model.ranker.scores(features)
    assert contributions.shape == (len(features), len(FEATURES))
    sums = contributions.sum(axis=1)
    assert sums - sums.mean() == pytest.approx(scores - scores.mean())


def test_of_one_list_it_is_what_tells_its_candidates_apart(model: TwoStageRecommender, cases: NextProducts) -> None:
    assert model.ranker is not None
    (seen,) = cases.where(np.arange(len(cases)) == 0).seen
    contributions = model.ranker.contributions(model.retrieval.candidates(model.known(seen)).features)
    expected = np.abs(contributions - contributions.mean(axis=0)).mean(axis=0)
    found = mean_contributions(model, cases.where(np.arange(len(cases)) == 0))
    assert found == pytest.approx(expected)
    assert found is not None
    assert found.max() > 0


def test_without_a_ranking_or_a_known_product_there_is_none(browsed: BrowsedSessions, cases: NextProducts) -> None:
    unranked, _ = fit_two_stage(browsed.baskets[:40])
    assert mean_contributions(unranked, cases) is None
    others, _ = fit_two_stage([[f"other {product}" for product in basket] for basket in browsed.baskets])
    assert others.ranker is not None
    assert mean_contributions(others, cases) is None
