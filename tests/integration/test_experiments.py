"""An experiment on ten minutes of simulated trade, of which the simulator knows what is better."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pytest
from click.testing import CliRunner, Result
from scipy.stats import binomtest

from contracts import SystemClock
from contracts.experiments import Experiment
from contracts.tables import GOLD_RECOMMENDATION_OUTCOMES
from data_lake.arrow_lake import ArrowLake
from data_sources.shop import Shop, ShopSettings
from data_sources.truth import experiment_of
from deployment.bootstrap.experiments_file import build_experiments_file
from deployment.cli import experiments
from deployment.settings import Settings
from experiments.effect import effect
from experiments.lifecycle import named
from experiments.metrics import METRICS
from experiments.moments import Array
from experiments.visitor_outcomes import visitor_outcomes
from tests.fixtures.resampling import ALPHA, found_at_any_look, resampled
from tests.fixtures.simulated_silver import land_trade

_PLANNED = 20_000
TEN_MINUTES = timedelta(minutes=10)
Run = Callable[..., Result]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path)


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(experiments, "load_settings", lambda: settings)
    return lambda *arguments: CliRunner().invoke(experiments.command, arguments, catch_exceptions=False)


def test_the_report_on_ten_minutes_of_trade_finds_what_the_simulator_knows(run: Run, settings: Settings) -> None:
    run("create", "lists", "--variant", "plain=1", "--variant", "suited=1", "--visitors", "6000")
    run("start", "lists", "--traffic", "0.9")
    shop = Shop(ShopSettings(7, SystemClock().now(), 150.0, experiment=_running(settings)))
    events = [trade.event for trade in shop.trade(TEN_MINUTES)]
    land_trade(ArrowLake(settings.lake), events)
    shown = run("report", "lists", "--out", str(settings.data_dir / "report"))
    [better] = experiment_of(shop)["better"]
    assert f"{better} is better (suited against plain in click_ratio: " in shown.stdout
    folder = settings.data_dir / "report"
    assert {path.name for path in folder.iterdir()} == {
        *("report.html", "visitors.png", "click_ratio.png", "buyer_ratio.png", "revenue_per_visitor.png")
    }
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in folder.glob("*.png"))
    page = (folder / "report.html").read_text("utf-8")
    assert "suited is better" in page
    assert page.count("data:image/png;base64,") == 4
    assert "http" not in page


def _running(settings: Settings) -> Experiment:
    return named(build_experiments_file(settings).read(), "lists")


@pytest.mark.slow
def test_on_1000_resamples_of_logged_traffic_peeking_finds_little_where_nothing_is_and_most_of_what_is(
    run: Run, settings: Settings
) -> None:
    """A day of trade. One visitor of nine with better lists is the effect: about a tenth more clicks."""
    run("create", "lists", "--variant", "plain=1", "--variant", "suited=1", "--visitors", str(_PLANNED))
    run("start", "lists", "--traffic", "1")
    shop = Shop(ShopSettings(7, SystemClock().now(), 2.0, known_visitors=20_000, experiment=_running(settings)))
    land_trade(ArrowLake(settings.lake), [trade.event for trade in shop.trade(timedelta(days=1))])
    run("report", "lists")
    plain, suited = (_log(settings, variant) for variant in ("plain", "suited"))
    control = resampled(plain, 1000, _PLANNED // 2, seed=1)
    nothing = found_at_any_look(effect(control, resampled(plain, 1000, _PLANNED // 2, seed=2)), _PLANNED)
    mixed = np.concatenate([plain, suited[: len(plain) // 8]])
    better = effect(control, resampled(mixed, 1000, _PLANNED // 2, seed=3))
    found = found_at_any_look(better, _PLANNED)
    interval = binomtest(int(nothing.sum()), 1000).proportion_ci()
    lift = float((better.difference[:, -1] / better.control[:, -1]).mean())
    print(f"\nA/A {nothing.mean():.3f}, {interval}; lift {lift:.1%} found in {found.mean():.3f}")  # noqa: T201
    assert interval.low <= ALPHA
    assert found.mean() >= 0.8


def _log(settings: Settings, variant: str) -> Array:
    """Return visitors × 20 looks × (lists, clicked lists, 0) of one variant."""
    rows = ArrowLake(settings.lake).read(GOLD_RECOMMENDATION_OUTCOMES, where=pc.field("variant") == variant)
    first, last = (pc.min_max(rows["shown_at"]).as_py()[end] for end in ("min", "max"))
    looks = [first + (last - first) * number / 20 for number in range(1, 21)]
    codes = {visitor: code for code, visitor in enumerate(pc.unique(rows["visitor_id"]).to_pylist())}
    log = np.zeros((len(codes), len(looks), 3))
    for number, look in enumerate(looks):
        found = visitor_outcomes(rows.filter(pc.field("shown_at") <= look), rows.slice(0, 0))
        places = [codes[visitor] for visitor in found["visitor_id"].to_pylist()]
        log[places, number] = METRICS["click_ratio"].values(found)
    return log
