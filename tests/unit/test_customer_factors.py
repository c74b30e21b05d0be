from __future__ import annotations

import numpy as np
import pytest
from implicit.cpu.als import AlternatingLeastSquares
from scipy import sparse

from ml_modeling.recommending.customer_factors import (
    CONFIDENCE,
    FACTORS,
    REGULARIZATION,
    customer_factors,
    tastes,
)
from ml_modeling.recommending.sessions import Sessions
from tests.fixtures.checkerboard import checkerboard


def test_somebody_who_saw_white_fields_likes_the_white_ones() -> None:
    factors = customer_factors(checkerboard())
    for colour in (0, 1):
        liked = tastes(factors, np.array([colour, colour + 2], np.int32))
        assert set(np.argsort(-liked)[:10] % 2) == {colour}


def test_nobody_likes_what_nobody_saw_and_who_saw_nothing_likes_nothing() -> None:
    factors = customer_factors(checkerboard())
    assert tastes(factors, np.array([0, 2], np.int32))[20] == 0
    assert (tastes(factors, np.empty(0, np.int32)) == 0).all()


def test_a_visitors_factors_are_those_that_the_library_solves_for() -> None:
    factors = customer_factors(checkerboard())
    library = AlternatingLeastSquares(FACTORS, REGULARIZATION, num_threads=1)
    library.item_factors = factors.products
    seen = sparse.csr_matrix(([CONFIDENCE, 2 * CONFIDENCE], ([0, 0], [3, 4])), shape=(1, 21), dtype=np.float32)
    expected = factors.products @ library.recalculate_user(0, seen)
    assert tastes(factors, np.array([4, 3, 4], np.int32)) == pytest.approx(expected, abs=1e-4)


def test_the_visits_of_one_visitor_belong_together() -> None:
    """Products 0 and 2 are never in one session; only who came ties them together."""
    sessions = [[0], [2], [1], [3]] * 40
    who = np.repeat(np.arange(80), 2)
    together = customer_factors(Sessions.of(sessions, 4, who))
    liked = tastes(together, np.array([0], np.int32))
    assert liked[2] > 0.5 > liked[1]
    apart = customer_factors(Sessions.of(sessions, 4))
    assert tastes(apart, np.array([0], np.int32))[2] == pytest.approx(0, abs=0.3)


def test_the_same_sessions_give_the_same_factors() -> None:
    assert (customer_factors(checkerboard()).products == customer_factors(checkerboard()).products).all()
