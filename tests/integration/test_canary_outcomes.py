"""Canaries by what becomes of their lists: of figures, of a simulated shop that knows what is worse, of resamples."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

import numpy as np
import orjson
from scipy.stats import binomtest

from contracts import SystemClock
from contracts.experiments import Experiment, Experiments, Variant
from contracts.tables import GOLD_RECOMMENDATION_OUTCOMES
from data_lake.arrow_lake import ArrowLake
from data_sources.shop import Shop, ShopSettings
from data_sources.truth import experiment_of
from deployment.bootstrap.canary_watch import canary_watch
from deployment.bootstrap.experiments_file import build_experiments_file
from deployment.settings import Settings
from experiments.canary_watch import CanaryWatch
from experiments.confidence_sequence import radius
from experiments.effect import effect
from experiments.report import Report, report
from tests.fixtures.api_server import running_api
from tests.fixtures.canaries import CANARY, EVERY, Watched, look, watch, watched
from tests.fixtures.resampling import ALPHA, resampled
from tests.fixtures.rows import rows_of
from tests.fixtures.simulated_silver import land_trade
from tests.fixtures.trials import outcomes

__all__ = ["watch", "watched"]


def _judged(click_ratios: dict[str, float]) -> Report:
    return report(CANARY, outcomes(3000, click_ratios), rows_of(GOLD_RECOMMENDATION_OUTCOMES, []))


def test_one_that_is_worse_is_rolled_back_with_the_figures(watched: Watched, watch: CanaryWatch) -> None:
    watched.report = _judged({"a": 0.2, "b": 0.1})
    look(watched, watch, 2)
    assert watched.why().startswith("b is worse in click_ratio: -")
    assert not watched.is_shown()
    told = report(watched.file.read().experiments[0], outcomes(300, {"a": 0.2, "b": 0.1}), outcomes(0, {}))
    assert told.verdicts[0] == f"It was rolled back: {watched.why()}"


def test_one_that_is_better_or_alike_goes_on(watched: Watched, watch: CanaryWatch) -> None:
    for ratios in ({"a": 0.1, "b": 0.2}, {"a": 0.1, "b": 0.1}):
        watched.report = _judged(ratios)
        look(watched, watch, 3, EVERY)
        assert watched.is_shown()


def test_one_whose_visitors_are_missing_is_rolled_back(watched: Watched, watch: CanaryWatch) -> None:
    shown = outcomes(1000, {"a": 0.1, "c": 0.1})
    watched.report = report(CANARY, shown, rows_of(GOLD_RECOMMENDATION_OUTCOMES, []))
    look(watched, watch, 2)
    assert watched.why().startswith("visitors by variant are {'a': 500, 'b': 0}: expected shares as defined (p ")


def test_what_the_simulator_knows_to_be_worse_is_rolled_back_and_what_is_better_is_not(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    better = CANARY.model_copy(update={"planned_visitors": 6000, "started_at": SystemClock().now()})
    shop = Shop(ShopSettings(7, SystemClock().now(), 150.0, experiment=better))
    assert experiment_of(shop)["better"] == ["b"]
    land_trade(ArrowLake(settings.lake), [trade.event for trade in shop.trade(timedelta(minutes=10))])

    assert _after_looks(settings, better).state == "running"
    worse = better.model_copy(update={"variants": (Variant(name="b", share=1), Variant(name="a", share=1, model="x"))})
    back = _after_looks(settings, worse)
    assert back.state == "rolled back"
    assert back.rolled_back.startswith("a is worse in click_ratio: -")
    [line] = (tmp_path / "access" / "audit.jsonl").read_bytes().splitlines()
    noted = orjson.loads(line)
    assert (noted["act"], noted["experiment"], noted["why"]) == ("canary rolled back", "e", back.rolled_back)


def _after_looks(settings: Settings, canary: Experiment) -> Experiment:
    """Return what becomes of a canary that runs alone, at some looks at its outcomes in the lake."""
    file, said = build_experiments_file(settings), list[str]()
    file.change(lambda _: Experiments(experiments=(canary,)))
    with running_api() as server, canary_watch(settings, [server.url], timedelta(seconds=1), said.append) as watch:
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline and file.read().running:
            watch.look()
            time.sleep(0.5)
    assert not any("cannot be seen" in line for line in said)
    return file.read().experiments[0]


def test_of_1000_canaries_that_are_alike_few_are_ever_rolled_back_and_most_that_are_worse() -> None:
    """20 looks at 20,000 visitors each; a click ratio of 10 % in the control."""
    generator = np.random.default_rng(5)
    comes, clicks_below = generator.integers(20, size=(4000, 1)), generator.random((4000, 1))
    lists = (np.arange(20) >= comes).astype(np.float64)

    def rolled_back(click_ratio: float) -> int:
        clicks = [lists * (clicks_below < ratio) for ratio in (0.1, click_ratio)]
        logs = [np.stack([lists, each, 0 * lists], axis=2) for each in clicks]
        found = effect(*(resampled(log, 1000, 10_000, seed) for seed, log in enumerate(logs)))
        high = found.difference + radius(found.standard_error, found.visitors, 20_000, ALPHA)
        return int((high < 0).any(axis=1).sum())

    assert binomtest(rolled_back(0.1), 1000).proportion_ci().low <= ALPHA / 2
    assert rolled_back(0.085) >= 800
