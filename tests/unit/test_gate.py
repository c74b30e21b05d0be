from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ml_modeling.fairness import Fairness
from ml_modeling.gate import MARGIN, Comparison, judge
from ml_modeling.paired_bootstrap import Difference
from ml_modeling.purchase import PurchaseModel
from ml_modeling.purchase_champion import PurchaseChampion, compare_with_champion
from ml_modeling.training_set import LabelledRows
from tests.fixtures.labelled_rows import labelled_rows

_ABOVE, _AROUND = Difference(0.1, 0.05, 0.15), Difference(0.001, -0.004, 0.006)
_BELOW, _UNSURE = Difference(-0.05, -0.08, -0.02), Difference(0.0, -MARGIN - 0.01, 0.03)


def _fairness(odds_difference: float) -> Fairness:
    return Fairness("device", [], 0.5, odds_difference)


@pytest.mark.parametrize(
    ("over_baseline", "champion", "fairness", "passes", "said"),
    [
        (_ABOVE, Comparison(), [], True, "AUC over the baseline +0.1000 [+0.0500, +0.1500]"),
        (_ABOVE, Comparison(_ABOVE), [_fairness(0.2)], True, "over the champion +0.1000"),
        (_ABOVE, Comparison(_AROUND), [], True, "over the champion +0.0010"),
        (_AROUND, Comparison(), [], False, "refused: AUC over the baseline +0.0010"),
        (None, Comparison(), [], False, "refused: too little data to compare with the baseline"),
        (_ABOVE, Comparison(_BELOW), [], False, "refused: AUC over the champion -0.0500"),
        (_ABOVE, Comparison(_UNSURE), [], False, "refused: AUC over the champion +0.0000"),
        (_ABOVE, Comparison(why_not="nothing new"), [], False, "refused: nothing new"),
        (_ABOVE, Comparison(), [_fairness(0.21)], False, "refused: equalised odds differ by 0.210 over device"),
    ],
)
def test_what_the_gate_lets_pass(
    over_baseline: Difference | None, champion: Comparison, fairness: list[Fairness], passes: bool, said: str
) -> None:
    verdict = judge({"the baseline": over_baseline} if over_baseline else {}, champion, fairness)
    assert verdict.passed is passes
    assert said in str(verdict)


def test_only_a_group_treated_worse_makes_it_unfair() -> None:
    assert judge({"carts": _AROUND}, Comparison(_BELOW), [_fairness(0.1)]).is_fair
    assert not judge({"carts": _ABOVE}, Comparison(), [_fairness(0.3)]).is_fair


def test_every_baseline_must_be_beaten_and_is_named_with_the_metric() -> None:
    verdict = judge({"popularity": _ABOVE, "co-visitation": _AROUND}, Comparison(), metric="recall_at_20")
    assert not verdict.passed
    assert list(verdict.reasons) == [
        "recall_at_20 over popularity +0.1000 [+0.0500, +0.1500], must be above 0",
        "refused: recall_at_20 over co-visitation +0.0010 [-0.0040, +0.0060], must be above 0",
    ]


class ByCart:
    """The cart's value as the score, turned round where ``sign`` is −1."""

    def __init__(self, sign: int) -> None:
        self.sign = sign

    def predict(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(1 / (1 + np.exp(-self.sign * features.sum(axis=1))))

    def save(self, directory: Path) -> None: ...


def _test_rows(per_label: int) -> LabelledRows:
    """Half of the sessions start on the first day, half on the second; both have as many of either label."""
    labels = np.tile([True, False], 2 * per_label)
    days = np.repeat(np.array(["2026-01-01", "2026-01-02"], dtype="datetime64[us]"), 2 * per_label)
    generator = np.random.default_rng(2)
    return labelled_rows(labels, starts=days, cart_value=labels + generator.normal(0, 0.5, len(labels)))


def _champion(sign: int, trained_until: str) -> PurchaseChampion:
    return PurchaseChampion("3", PurchaseModel("lightgbm", ByCart(sign), 0.5), np.datetime64(trained_until))


def test_a_challenger_is_compared_on_what_the_champion_has_not_learned_from() -> None:
    rows = _test_rows(per_label=40)
    scores = ByCart(1).predict(rows.features)
    against_good = compare_with_champion(rows, scores, _champion(1, "2026-01-01"))
    against_bad = compare_with_champion(rows, scores, _champion(-1, "2026-01-01"))
    assert against_good.over_champion == Difference(0.0, 0.0, 0.0)
    assert against_bad.over_champion is not None
    assert against_bad.over_champion.low > 0.3


def test_without_new_sessions_there_is_no_comparison() -> None:
    rows = _test_rows(per_label=40)
    scores = ByCart(1).predict(rows.features)
    assert compare_with_champion(rows, scores, None) == Comparison()
    none_new = compare_with_champion(rows, scores, _champion(1, "2026-01-02"))
    assert none_new.why_not.startswith("version 3 has learned from all but 0 of the test sessions, 0 of them")
    few_new = compare_with_champion(_test_rows(per_label=20), scores[:80], _champion(1, "2026-01-01"))
    assert "all but 40 of the test sessions, 20 of them" in few_new.why_not
