from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from contracts.errors import NotReadyError
from ml_modeling.baseline_recommender import fit
from ml_modeling.evaluate_recommender import cases_of, evaluate_recommender
from ml_modeling.next_products import COLUMNS
from ml_modeling.recommender import Recommender
from tests.fixtures.training_tables import START

UNTIL = START + timedelta(hours=1)


def _sessions(*later: list[str]) -> pa.Table:
    rows = [("s0", "v0", START, ["a", "b"], False)]
    rows += [
        (f"s{place}", "v0", UNTIL + timedelta(hours=place), basket, False)
        for place, basket in enumerate(later, start=1)
    ]
    return pa.Table.from_pylist([dict(zip(COLUMNS, row, strict=True)) for row in rows])


def _model() -> Recommender:
    baskets = [["a", "b"], ["a", "b"], ["c", "d"], ["d"], ["d"], ["d"]]
    return fit(np.full(len(baskets), np.datetime64("2026-01-01", "us")), baskets)


def test_cases_are_what_was_seen_and_what_followed() -> None:
    assert cases_of(["a", "b", "a", "c"]) == [(["a"], frozenset({"b", "c"})), (["b", "a"], frozenset({"c"}))]
    assert cases_of(["a", "a"]) == []


def test_model_and_popularity_by_hand() -> None:
    # Two cases: b follows a, which the model puts first and popularity behind d; a follows d, which popularity puts
    # first and the model behind c.
    evaluation = evaluate_recommender(_model(), _sessions(["a", "b"], ["d", "a"]), UNTIL, 1, {})
    assert (evaluation.k, evaluation.sessions, evaluation.cases) == (1, 2, 2)
    assert evaluation.model["recall"] == evaluation.model["precision"] == evaluation.model["ndcg"] == 0.5
    assert evaluation.popularity["mrr"] == evaluation.popularity["map"] == 0.5
    assert evaluation.model["coverage"] == pytest.approx(2 / 4)
    assert evaluation.popularity["novelty_bits"] == 1


def test_recall_by_the_length_of_the_list_by_hand() -> None:
    """As above: what one of them has first, the other has second."""
    evaluation = evaluate_recommender(_model(), _sessions(["a", "b"], ["d", "a"]), UNTIL, 3, {})
    assert evaluation.model_recalls == evaluation.popularity_recalls == [0.5, 1.0, 1.0]
    assert (evaluation.model["recall"], evaluation.popularity["recall"]) == (1.0, 1.0)


def test_what_the_model_has_learned_from_does_not_judge_it() -> None:
    with pytest.raises(NotReadyError, match="no session after 2026-01-01 01:00 UTC"):
        evaluate_recommender(_model(), _sessions(), UNTIL, 10, {})
