"""Who gets which variant: as likely as promised, independent of everything else, and for ever the same."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency, chisquare, kstest

from contracts.experiments import BUCKETS, Experiments
from experiments.assignment import assignments, bucket_of, variant_of
from experiments.lifecycle import started, stopped
from tests.fixtures.trials import STARTED, experiment, variants

VISITORS = [f"v-{number:06d}" for number in range(20_000)]
# Nothing here is drawn anew: the hashes are what they are.
RARE = 0.001


def test_buckets_are_equally_likely_and_their_counts_scatter_as_chance_would() -> None:
    def p_of(salt: str) -> float:
        buckets = [bucket_of(visitor, salt) * 100 // BUCKETS for visitor in VISITORS[:3000]]
        return float(chisquare(np.bincount(buckets, minlength=100)).pvalue)

    assert kstest([p_of(f"layer/{number}") for number in range(50)], "uniform").pvalue > RARE


@pytest.mark.parametrize("shares", [{"a": 1, "b": 1}, {"a": 0.9, "b": 0.1}, {"a": 2, "b": 1, "c": 1}])
def test_variants_have_their_shares(shares: dict[str, float]) -> None:
    of = experiment(variants=variants(**shares))
    seen = Counter(variant_of(visitor, of).name for visitor in VISITORS)
    expected = [len(VISITORS) * of.probability_of(variant) for variant in of.variants]
    assert chisquare([seen[variant.name] for variant in of.variants], expected).pvalue > RARE


def test_two_experiments_layers_and_a_layer_and_its_experiment_say_nothing_of_each_other() -> None:
    one, other = ([variant_of(v, experiment(name)).name == "a" for v in VISITORS] for name in ("one", "other"))
    layer, next_to_it = ([bucket_of(v, f"layer/{name}") < 3000 for v in VISITORS] for name in ("l", "m"))
    for first, second in ((one, other), (layer, next_to_it), (layer, one)):
        pairs = Counter(zip(first, second, strict=True))
        table = [[pairs[a, b] for b in (False, True)] for a in (False, True)]
        assert chi2_contingency(table).pvalue > RARE


@settings(max_examples=40)
@given(visitor=st.text(min_size=1), first=st.floats(0.01, 1), more=st.floats(0, 1))
def test_who_is_in_an_experiment_stays_in_it_with_the_same_variant_when_it_grows(
    visitor: str, first: float, more: float
) -> None:
    created = Experiments(experiments=(experiment(buckets=(), started_at=None),))
    small = started(created, "e", first, STARTED)
    large = started(small, "e", max(first, more), STARTED + timedelta(days=1))
    before, after = (assignments(visitor, each.running) for each in (small, large))
    assert before in ([], after)
    assert large.experiments[0].started_at == STARTED


def test_traffic_is_the_share_of_the_visitors_that_is_in_it() -> None:
    running = started(Experiments(experiments=(experiment(buckets=(), started_at=None),)), "e", 0.2, STARTED).running
    inside = sum(bool(assignments(visitor, running)) for visitor in VISITORS)
    assert inside / len(VISITORS) == pytest.approx(0.2, abs=0.01)


def test_experiments_of_one_layer_exclude_each_other_and_those_of_two_do_not() -> None:
    names = [("a", "l"), ("b", "l"), ("c", "m")]
    of = Experiments(experiments=tuple(experiment(n, layer=layer, buckets=(), started_at=None) for n, layer in names))
    for name, _ in names:
        of = started(of, name, 0.5, STARTED)
    seen = Counter(tuple(each.experiment for each in assignments(visitor, of.running)) for visitor in VISITORS)
    assert set(seen) == {("a",), ("b",), ("a", "c"), ("b", "c")}
    assert min(seen.values()) > 0.23 * len(VISITORS)


def test_an_assignment_says_how_likely_it_was_and_ends_with_the_experiment() -> None:
    of = Experiments(experiments=(experiment(variants=variants(a=3, b=1)),))
    found = {each.variant: each.probability for visitor in VISITORS[:100] for each in assignments(visitor, of.running)}
    assert found == {"a": 0.75, "b": 0.25}
    assert assignments("v", stopped(of, "e", STARTED).running) == []


def test_an_assignment_is_the_same_in_every_process_and_release() -> None:
    assert [bucket_of(visitor, "layer/l") for visitor in ("v-1", "v-2", "ü")] == [4493, 8792, 9032]
