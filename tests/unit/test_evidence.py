"""Evidence of more faults than may be: seldom where there are none, soon where there are, however long it was well."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from experiments.evidence import Count, Evidence, log_evidence
from experiments.moments import Array

BOUND = 0.01


@pytest.mark.parametrize(("bad", "good"), [(0, 0), (0, 10), (1, 0), (3, 40), (20, 900)])
def test_it_is_the_mean_likelihood_above_the_bound_over_that_at_the_bound(bad: int, good: int) -> None:
    mean = quad(
        lambda ratio: (ratio / BOUND) ** bad * ((1 - ratio) / (1 - BOUND)) ** good, BOUND, 1, points=[0.02, 0.1]
    )[0]
    found = log_evidence(np.asarray(float(bad)), np.asarray(float(good)), BOUND)
    assert float(found) == pytest.approx(float(np.log(mean / (1 - BOUND))), abs=1e-6)


def _ever_beyond(ratio: float, answers: int, evidence: float) -> float:
    """The share of 500 streams that reach it, looked at after every tenth of ``answers``."""
    drawn = np.random.default_rng(3).binomial(10, ratio, (500, answers // 10))
    bad = drawn.cumsum(axis=1, dtype=np.float64)
    total: Array = np.arange(10, answers + 1, 10, dtype=np.float64)
    return float((log_evidence(bad, total - bad, BOUND) >= np.log(evidence)).any(axis=1).mean())


@pytest.mark.parametrize("ratio", [BOUND, BOUND / 2])
def test_within_the_bound_it_reaches_20_in_at_most_a_20th_of_the_streams_at_any_look(ratio: float) -> None:
    assert _ever_beyond(ratio, 2000, 20) <= 1 / 20


def test_beyond_the_bound_it_is_found() -> None:
    assert _ever_beyond(5 * BOUND, 2000, 1e6) >= 0.99


def _looks_until_found(evidence: Evidence, before: Count, bad: int, good: int) -> int:
    now = before
    for look in range(1, 1000):
        now = Count(now.bad + bad, now.good + good)
        if evidence.fault(now):
            return look
    return 1000


def test_a_fault_after_a_million_good_answers_is_found_as_fast_as_one_at_the_start() -> None:
    fresh, old = Evidence(BOUND), Evidence(BOUND)
    long_well = Count(2_000, 998_000)
    assert old.fault(Count(1_000, 499_000)) is None
    assert old.fault(long_well) is None
    assert _looks_until_found(old, long_well, 1, 0) == _looks_until_found(fresh, Count(), 1, 0) <= 4
    assert _looks_until_found(Evidence(BOUND), Count(), 5, 45) <= 10


def test_what_is_found_is_what_came_since_it_was_well() -> None:
    evidence = Evidence(BOUND)
    assert evidence.fault(Count(1, 9_999)) is None
    assert str(evidence.fault(Count(11, 9_999))) == "10 of 10"


@pytest.mark.parametrize("restarted", [Count(0, 5), Count(3, 0), Count(0, 0)])
def test_counts_that_fell_begin_anew(restarted: Count) -> None:
    evidence = Evidence(BOUND)
    assert evidence.fault(Count(1, 1_000)) is None
    assert evidence.fault(restarted) is None
    found = evidence.fault(Count(20, 30))
    assert found is not None
    assert found.bad in (20, 20 - restarted.bad)
