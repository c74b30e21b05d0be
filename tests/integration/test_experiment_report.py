from __future__ import annotations

from datetime import timedelta

import numpy as np
import pyarrow as pa
import pytest

from contracts.errors import NotReadyError
from contracts.tables import GOLD_RECOMMENDATION_OUTCOMES
from experiments.report import report
from experiments.visitor_outcomes import visitor_outcomes
from tests.fixtures.rows import rows_of
from tests.fixtures.trials import STARTED, experiment, outcomes, variants

NOTHING = rows_of(GOLD_RECOMMENDATION_OUTCOMES, [])


def test_a_treatment_that_is_better_is_found_and_the_other_way_round() -> None:
    shown = outcomes(2000, {"a": 0.1, "b": 0.2})
    found = report(experiment(), shown, NOTHING)
    [verdict] = found.verdicts
    assert verdict.startswith("b is better (b against a in click_ratio: ")
    assert [each.metric.name for each in found.comparisons] == ["click_ratio", "buyer_ratio", "revenue_per_visitor"]
    deciding = found.comparisons[0]
    assert deciding.low[-1] < 0.1 < deciding.high[-1]
    assert (deciding.effect.control[-1], deciding.effect.treatment[-1]) == pytest.approx((0.1, 0.2), abs=0.02)
    turned = experiment(variants=variants(b=1, a=1))
    assert report(turned, shown, NOTHING).verdicts[0].startswith("a is worse (a against b in click_ratio: ")


def test_equal_variants_are_not_decided() -> None:
    found = report(experiment(), outcomes(1000, {"a": 0.1, "b": 0.1}), NOTHING)
    assert found.verdicts[0].startswith("not decided yet")
    assert found.comparisons[0].p_values[-1] > 0.05


def test_there_are_looks_from_the_first_list_to_the_last_and_no_interval_of_too_few() -> None:
    shown = outcomes(1000, {"a": 0.1, "b": 0.2})
    found = report(experiment(), shown, NOTHING)
    assert len(found.looks) == 20
    assert found.looks[-1] == max(shown["shown_at"].to_pylist())
    assert list(found.comparisons[0].effect.visitors) == sorted(found.comparisons[0].effect.visitors)
    assert found.comparisons[0].effect.visitors[-1] == 1000
    is_enough = found.comparisons[0].effect.visitors >= 200
    assert np.array_equal(np.isfinite(found.comparisons[0].low), is_enough)


def test_several_treatments_share_the_error() -> None:
    shown = outcomes(1500, {"a": 0.1, "b": 0.1, "c": 0.3})
    three = report(experiment(variants=variants(a=1, b=1, c=1)), shown, NOTHING)
    assert [verdict.split(" (")[0] for verdict in three.verdicts] == ["not decided yet", "c is better"]
    assert three.alpha == 0.025
    alone = report(experiment(), shown, NOTHING).comparisons[0]
    assert three.comparisons[0].high[-1] - three.comparisons[0].low[-1] > alone.high[-1] - alone.low[-1]


def test_figures_of_shares_that_are_wrong_are_not_to_be_trusted() -> None:
    half = outcomes(2000, {"a": 0.1, "b": 0.9})
    shown = half.filter(
        pa.array([row["variant"] == "a" or number % 3 == 0 for number, row in enumerate(half.to_pylist())])
    )
    found = report(experiment(), shown, NOTHING)
    assert found.ratio.is_suspect
    assert "do not trust" in found.verdicts[0]


def test_a_visitor_of_two_variants_is_counted_and_left_out() -> None:
    both = [outcomes(300, {"a": 0.1, "b": 0.2}), outcomes(1, {"b": 1.0}, event_id="again")]
    found = report(experiment(), pa.concat_tables(both), NOTHING)
    assert found.switched_visitors == 1
    assert found.comparisons[0].effect.visitors[-1] == 299


def test_visitors_are_summed_with_what_they_did_before() -> None:
    def row(event_id: str, **values: object) -> dict[str, object]:
        known = {"position": 1, "visitor_id": "v", "variant": "a", "clicks": 0, "orders": 0, "revenue": 0}
        return {"event_id": event_id} | known | values

    shown = rows_of(
        GOLD_RECOMMENDATION_OUTCOMES,
        [row("1", clicks=2, orders=1, revenue=9), row("1", position=2, clicks=1, orders=2, revenue=3), row("2")],
    )
    before = rows_of(GOLD_RECOMMENDATION_OUTCOMES, [row("0", clicks=1, variant=None), row("0", visitor_id="w")])
    [found] = visitor_outcomes(shown, before).to_pylist()
    assert found == {
        "visitor_id": "v",
        "variant": "a",
        "visitors": 1,
        "lists": 2,
        "clicked_lists": 1,
        "buyers": 1,
        "revenue": 12,
        "clicked_lists_before": 1,
        "buyers_before": 0,
        "revenue_before": 0,
    }


def test_what_was_shown_to_nobody_is_not_ready() -> None:
    with pytest.raises(NotReadyError, match="nobody was shown e yet"):
        report(experiment(), NOTHING, NOTHING)


def test_one_list_alone_is_a_look() -> None:
    [look] = report(experiment(), outcomes(1, {"a": 0.0}), NOTHING).looks
    assert look == STARTED + timedelta(0)
