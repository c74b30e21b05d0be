"""Fairness on data whose bias is known, because it was put there."""

from __future__ import annotations

import numpy as np
import pytest

from ml_modeling.fairness import MAX_ODDS_DIFFERENCE, fairness_reports
from ml_modeling.slices import slice_metrics, slices_of
from ml_modeling.training_set import LabelledRows
from tests.fixtures.labelled_rows import labelled_rows

_EACH = 40  # rows of either label in either group
_LABELS = np.tile(np.repeat([True, False], _EACH), 2)
_DEVICES = np.repeat(["desktop", "mobile"], 2 * _EACH)


def _rows() -> LabelledRows:
    return labelled_rows(_LABELS, attributes={"device": _DEVICES})


def test_groups_that_are_treated_alike_differ_by_nothing() -> None:
    (report,) = fairness_reports(_rows(), np.where(_LABELS, 0.9, 0.1), threshold=0.5)
    assert [group.group for group in report.groups] == ["desktop", "mobile"]
    assert (report.parity_difference, report.odds_difference) == (0.0, 0.0)
    assert report.is_within_limit


def test_a_group_whose_orders_are_missed_breaks_the_limit() -> None:
    """A quarter of mobile's orders is found, and all of desktop's."""
    found = np.where(_LABELS, 0.9, 0.1)
    mobile_orders = np.flatnonzero(_LABELS & (_DEVICES == "mobile"))
    found[mobile_orders[: 3 * _EACH // 4]] = 0.1
    (report,) = fairness_reports(_rows(), found, threshold=0.5)
    assert report.odds_difference == pytest.approx(0.75)
    assert report.parity_difference == pytest.approx(0.375)
    assert not report.is_within_limit
    assert str(report) == f"equalised odds differ by 0.750 over device, at most {MAX_ODDS_DIFFERENCE}"


def test_a_group_that_is_called_too_often_breaks_the_limit() -> None:
    scores = np.where(_LABELS | (_DEVICES == "mobile"), 0.9, 0.1)
    (report,) = fairness_reports(_rows(), scores, threshold=0.5)
    assert report.odds_difference == pytest.approx(1.0)


def test_groups_of_too_few_sessions_are_not_judged() -> None:
    devices = np.where(np.arange(len(_LABELS)) % 9 == 0, "tablet", "mobile")
    rows = labelled_rows(_LABELS, attributes={"device": devices})
    assert fairness_reports(rows, np.where(_LABELS, 0.9, 0.1), threshold=0.5) == []


def test_slices_are_visitors_price_levels_and_what_the_session_is_known_by() -> None:
    prices = np.array([np.nan, 1.0, 2.0, 3.0])
    rows = labelled_rows(
        [True, False, True, False],
        attributes={"device": np.array(["mobile", "desktop", "mobile", "mobile"])},
        mean_viewed_price=prices,
        is_known_customer=[1, 0, 0, 1],
    )
    slices = slices_of(rows)
    assert slices["price level"].tolist() == ["none", "low", "middle", "high"]
    assert slices["visitor"].tolist() == ["known", "new", "new", "known"]
    assert slices["device"].tolist() == ["mobile", "desktop", "mobile", "mobile"]
    mobile = next(each for each in slice_metrics(rows, np.array([0.3, 0.2, 0.5, 0.1])) if each.value == "mobile")
    assert (mobile.rows, mobile.auc) == (3, None)
    assert mobile.base_rate == pytest.approx(2 / 3)
    assert mobile.mean_probability == pytest.approx(0.3)
