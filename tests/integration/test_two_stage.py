"""The recommender's sources and stages: known answers, no look ahead, the same again. Here, because they compile."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from contracts.errors import NotReadyError
from ml_modeling.recommending.candidate_features import FEATURES
from ml_modeling.recommending.context import MAX_DISTINCT, context_of
from ml_modeling.recommending.neighbour_lists import NEXT, Weighting, co_visitation, recency, two_steps
from ml_modeling.recommending.product_statistics import STATISTICS, product_statistics
from ml_modeling.recommending.ranking_rows import FOLD_SHARE, FOLDS, ranking_rows
from ml_modeling.recommending.retrieval import Retrieval
from ml_modeling.recommending.session_embedding import scores, taught, untrained
from ml_modeling.recommending.sessions import Sessions
from ml_modeling.recommending.two_stage import TwoStage

A, B, C, D, E = range(5)


def _session(*products: int) -> NDArray[np.int32]:
    return np.array(products, np.int32)


def _families(count: int, seed: int = 3) -> Sessions:
    """Sessions that stay within one of four families of ten products, and step up within it most of the time."""
    rng = np.random.default_rng(seed)
    sessions = []
    for _ in range(count):
        family, length = rng.integers(4), rng.integers(2, 8)
        steps = np.cumsum(rng.choice([1, 1, 1, 2, 5], length)) + rng.integers(10)
        sessions.append((10 * family + steps % 10).tolist())
    return Sessions.of(sessions, 40)


def _retrieval(sessions: Sessions) -> Retrieval:
    return Retrieval.fit(sessions, taught(untrained(sessions.product_count), sessions))


def test_co_visitation_by_hand() -> None:
    lists = co_visitation(Sessions.of([[A, B, C]], 5), Weighting(window=2, gamma=1, backward=0.5, alpha=0))
    scores = {(i, j): s for i in range(5) for j, s in zip(lists.neighbours[i], lists.scores[i], strict=True) if j >= 0}
    assert scores == {(A, B): 1, (A, C): 0.5, (B, C): 1, (B, A): 0.5, (C, B): 0.5, (C, A): 0.25}


def test_a_pair_counts_once_a_session_with_its_best_weight_and_older_sessions_less() -> None:
    lists = co_visitation(Sessions.of([[A, B], [A, C, A, B]], 5), Weighting(window=9, gamma=1, backward=0, alpha=0))
    assert lists.neighbours[A, :2].tolist() == [B, C]
    older, newest = recency(2)
    assert lists.scores[A, :2] == pytest.approx([older * 1 + newest * 1, newest * 1])


def test_next_counts_the_direct_successors_only() -> None:
    lists = co_visitation(Sessions.of([[A, B, C], [A, A, D]], 5), NEXT)
    assert sorted(lists.neighbours[A][lists.neighbours[A] >= 0]) == [B, D]
    assert (lists.neighbours[C] < 0).all()


def test_two_steps_reach_what_was_never_seen_together() -> None:
    near = co_visitation(Sessions.of([[A, B], [B, C]], 5))
    walk = two_steps(near)
    assert C not in near.neighbours[A]
    assert walk.neighbours[A, 0] == C
    # From A only B, from B to A or C: what is not a return is C's share.
    assert walk.scores[A, 0] == pytest.approx(near.scores[B, near.neighbours[B] == C][0] / near.scores[B].sum())


def test_context_is_distinct_latest_first() -> None:
    context = context_of(_session(A, B, A, C, C))
    assert context.products.tolist() == [C, A, B]
    assert context.since.tolist() == [0, 2, 3]
    assert context.seen.tolist() == [2, 2, 1]
    assert (context.length, context.run) == (5, 2)
    assert len(context_of(np.arange(100, dtype=np.int32)).products) == MAX_DISTINCT


def test_statistics_by_hand() -> None:
    statistics = product_statistics(Sessions.of([[A, B], [A, A, B, A]], 5))
    named = {name: statistics[:, place] for place, name in enumerate(STATISTICS)}
    assert np.expm1(named["log_sightings"]) == pytest.approx([4, 2, 0, 0, 0], abs=1e-5)
    assert (named["newest"][B], named["oldest"][B], named["newest"][C]) == (1, 0, 0)
    # One of six sightings is followed by itself, one by itself later, two end a session; ten sightings at the mean.
    assert named["again_rate"][A] == pytest.approx((1 + 10 / 6) / 14)
    assert named["return_rate"][A] == pytest.approx((1 + 10 / 6) / 14)
    assert named["exit_rate"][B] == pytest.approx((1 + 10 * 2 / 6) / 12)


def test_candidates_are_the_sessions_own_products_then_its_family_then_popular_ones() -> None:
    retrieval = _retrieval(_families(200))
    candidates = retrieval.candidates(_session(3, 4), 25)
    assert candidates.products[:2].tolist() == [4, 3]
    assert set(candidates.products[:10]) == set(range(10))
    assert len(set(candidates.products)) == 25
    assert candidates.features.shape == (25, len(FEATURES))
    assert np.isfinite(candidates.features).all()


def test_features_of_the_sessions_own_products() -> None:
    candidates = _retrieval(_families(200)).candidates(_session(3, 4, 3), 12)
    column = {name: candidates.features[:, place] for place, name in enumerate(FEATURES)}
    assert column["seen"][:3].tolist() == [2, 1, 0]
    assert column["since"][:3].tolist() == [0, 1, -1]
    assert set(column["length"]) == {3}
    assert column["near_rank"].argmin() == column["near_share"].argmax()


def test_the_embedding_puts_a_session_near_its_family_and_leaves_the_one_given_as_it_was() -> None:
    sessions, first = _families(1500), untrained(40)
    before = first.product.copy()
    embedding = taught(first, sessions)
    assert (first.product == before).all()
    everything = np.arange(40, dtype=np.int32)
    for family in range(4):
        by_whole = scores(embedding, _session(10 * family + 3, 10 * family + 4), everything)[:, 0]
        assert set(np.argsort(-by_whole)[:5] // 10) == {family}


def test_more_learning_follows_what_changed() -> None:
    embedding = taught(untrained(4), Sessions.of([[A, B]] * 50, 4))
    later = taught(embedding, Sessions.of([[A, C]] * 200, 4))
    before, after = (scores(each, _session(A), np.array([B, C], np.int32))[:, 0] for each in (embedding, later))
    assert before[0] > before[1]
    assert after[1] - after[0] > before[1] - before[0]


def test_no_row_changes_with_what_came_after_its_fold() -> None:
    """The leak test: a feature that looks at later sessions, in retrieval, statistics or embedding, breaks it."""
    sessions = _families(500)
    second = round(500 * (1 - FOLD_SHARE * (FOLDS - 1)))
    altered = sessions.products.copy()
    altered[sessions.offsets[second] :] = (altered[sessions.offsets[second] :] + 17) % 40
    (rows, _), (others, _) = ranking_rows(sessions), ranking_rows(Sessions(altered, sessions.offsets, 40))
    cases = sum(len(sessions[which]) - 1 for which in range(round(500 * (1 - FOLD_SHARE * FOLDS)), second))
    unchanged = int(rows.groups[:cases].sum())
    assert unchanged > 0
    assert (rows.features[:unchanged] == others.features[:unchanged]).all()
    assert (rows.labels[:unchanged] == others.labels[:unchanged]).all()
    assert not np.array_equal(rows.features[unchanged:], others.features[unchanged:])


def test_no_feature_of_a_case_changes_with_its_own_fold() -> None:
    """Only sessions before the fold may speak: whatever the fold's others hold, the row is the same."""
    sessions = _families(500)
    first = round(500 * (1 - FOLD_SHARE))
    altered = sessions.products.copy()
    altered[sessions.offsets[first + 1] :] = (altered[sessions.offsets[first + 1] :] + 17) % 40
    (rows, _), (others, _) = ranking_rows(sessions), ranking_rows(Sessions(altered, sessions.offsets, 40))
    earlier = sum(len(sessions[which]) - 1 for which in range(round(500 * (1 - FOLD_SHARE * FOLDS)), first + 1))
    assert len(rows.groups) == sum(len(sessions[which]) - 1 for which in range(400, 500))
    unchanged = int(rows.groups[:earlier].sum())
    assert (rows.features[:unchanged] == others.features[:unchanged]).all()


def test_learns_the_steps_of_the_families_and_does_the_same_again() -> None:
    sessions = _families(1500)
    model, again = TwoStage.fit(sessions), TwoStage.fit(sessions)
    hits = [
        family * 10 + 5 in model.next_products(_session(family * 10 + 3, family * 10 + 4), 3) for family in range(4)
    ]
    assert all(hits)
    for which in range(40):
        session = sessions[which]
        assert model.next_products(session, 20).tolist() == again.next_products(session, 20).tolist()


def test_too_little_to_learn_from_is_refused_with_the_numbers() -> None:
    with pytest.raises(NotReadyError, match=r"3 sessions: a ranking needs at least 50"):
        TwoStage.fit(_families(3))
    with pytest.raises(NotReadyError, match=r"no session of the newest 20% goes on after 1 products"):
        TwoStage.fit(Sessions.of([[A]] * 60, 5))
