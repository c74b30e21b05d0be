"""Products that nobody has touched, and known visitors, in the whole recommender. Here, because it compiles."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ml_modeling.recommending.candidate_features import FEATURES
from ml_modeling.recommending.catalogue import Catalogue, catalogue_of
from ml_modeling.recommending.product_facts import ProductFacts
from ml_modeling.recommending.ranking_rows import FOLD_SHARE, FOLDS, ranking_rows
from ml_modeling.recommending.retrieval import Retrieval
from ml_modeling.recommending.session_embedding import taught, untrained
from ml_modeling.recommending.sessions import Sessions
from ml_modeling.recommending.shop_retrieval import fit_retrieval
from ml_modeling.recommending.two_stage import TwoStage

# Four families of ten products; the last one of each is new.
FAMILIES = ("running shoe", "iron pan", "board game", "rose seed")
NEW = (9, 19, 29, 39)


def _session(*products: int) -> NDArray[np.int32]:
    return np.array(products, np.int32)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return catalogue_of(
        [
            ProductFacts(f"{words} {number}", words, f"b{number % 2}", number + 1)
            for words in FAMILIES
            for number in range(10)
        ]
    )


def _tasteful(count: int, seed: int = 3) -> Sessions:
    """Each visitor likes even or odd numbers of whatever family the session is about, but for its first product."""
    rng = np.random.default_rng(seed)
    who = rng.integers(count // 8, size=count)
    sessions = []
    for visitor in who:
        family, length = rng.integers(4), rng.integers(1, 5)
        liked = 2 * rng.integers(0, 4, length) + visitor % 2
        sessions.append((10 * family + np.concatenate([[8], liked])).tolist())
    return Sessions.of(sessions, 40, who)


def _retrieval(sessions: Sessions, catalogue: Catalogue) -> Retrieval:
    return fit_retrieval(sessions, taught(untrained(sessions.product_count), sessions), catalogue)


def test_what_nobody_has_touched_is_a_candidate_beside_what_is_alike(catalogue: Catalogue) -> None:
    candidates = _retrieval(_tasteful(400), catalogue).candidates(_session(8, 2), 12)
    assert NEW[0] in candidates.products
    assert np.isfinite(candidates.features).all()


def test_features_of_catalogue_and_past_by_hand(catalogue: Catalogue) -> None:
    candidates = _retrieval(_tasteful(400), catalogue).candidates(_session(8, 2), 40, past=_session(14, 14, 23))
    assert sorted(candidates.products) == list(range(40))
    row = dict(zip(FEATURES, candidates.features[candidates.products.tolist().index(14)], strict=True))
    assert (row["same_category"], row["same_brand"]) == (0, 1)
    # The price levels of a family's ten products are 0.05, 0.15, … 0.95.
    assert row["price_gap"] == pytest.approx(0.45 - 0.25)
    assert row["session_price_gap"] == pytest.approx(0.45 - (0.25 + 0.8 * 0.85) / 1.8)
    assert row["past_category"] == pytest.approx(2 / 3)
    assert row["past_brand"] == pytest.approx(2 / 3)
    assert (row["past_seen"], row["past_length"]) == (2, 3)


def test_the_past_decides_where_the_session_says_nothing_yet(catalogue: Catalogue) -> None:
    model = TwoStage.fit(_tasteful(2000), catalogue=catalogue)
    for taste in (0, 1):
        past = _session(*(10 * family + 2 * number + taste for family in (1, 2) for number in range(3)))
        ranked = [product for product in model.next_products(_session(8), 6, past) if product not in (8, NEW[0])]
        assert {product % 2 for product in ranked[:3]} == {taste}
        assert {product // 10 for product in ranked[:3]} == {0}


def test_no_row_changes_with_what_came_after_it(catalogue: Catalogue) -> None:
    """The leak test with catalogue and past: a feature that looks at later sessions breaks it."""
    sessions = _tasteful(500)
    second = round(500 * (1 - FOLD_SHARE * (FOLDS - 1)))
    assert sessions.past is not None
    altered = sessions.products.copy()
    altered[sessions.offsets[second] :] = (altered[sessions.offsets[second] :] + 17) % 40
    lists = [altered[first:last].tolist() for first, last in zip(sessions.offsets, sessions.offsets[1:], strict=False)]
    others = Sessions.of(lists, 40, sessions.past.visitors)
    (rows, _), (changed, _) = ranking_rows(sessions, catalogue=catalogue), ranking_rows(others, catalogue=catalogue)
    cases = sum(len(sessions[which]) - 1 for which in range(round(500 * (1 - FOLD_SHARE * FOLDS)), second))
    unchanged = int(rows.groups[:cases].sum())
    assert unchanged > 0
    assert (rows.features[:unchanged] == changed.features[:unchanged]).all()
    assert (rows.labels[:unchanged] == changed.labels[:unchanged]).all()
    assert not np.array_equal(rows.features[unchanged:], changed.features[unchanged:])
