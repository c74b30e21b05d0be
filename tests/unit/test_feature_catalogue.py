from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from contracts.tables import GOLD_PRODUCT_FEATURES, GOLD_VISITOR_FEATURES
from data_lake.arrow_lake import ArrowLake
from feature_store.catalogue import Catalogue, catalogue
from feature_store.catalogue_page import catalogue_page, histogram, number, span
from feature_store.definitions import VIEWS
from feature_store.on_demand import ON_DEMAND_VIEWS
from feature_store.statistics import BINS, statistics_of
from tests.fixtures.gold_rows import land

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
MIDNIGHT = NOON - timedelta(hours=12)


def of(values: list[Any], kind: pa.DataType) -> Any:
    return statistics_of(pa.chunked_array([pa.array(values, kind)]))


def test_numbers_by_extremes_quantiles_and_bins() -> None:
    found = of([*range(1, 101), None], pa.int64())
    assert found.null_ratio == pytest.approx(1 / 101)
    assert (found.numbers.least, found.numbers.mean, found.numbers.greatest) == (1, 50.5, 100)
    assert found.numbers.quantiles == pytest.approx((5.95, 25.75, 50.5, 75.25, 95.05))
    assert len(found.numbers.histogram) == BINS
    assert sum(found.numbers.histogram) == 100


def test_outliers_do_not_flatten_the_chart() -> None:
    histogram_of = of([*range(100), 10**9], pa.int64()).numbers.histogram
    assert sum(count > 0 for count in histogram_of) > BINS / 2
    assert sum(histogram_of) == 101


def test_what_is_no_number_has_frequent_values_or_a_span() -> None:
    texts = of(["b", "a", "b", None], pa.string())
    assert (texts.null_ratio, texts.frequent) == (0.25, (("b", 2 / 3), ("a", 1 / 3)))
    assert of([True, False, True], pa.bool_()).frequent == (("True", 2 / 3), ("False", 1 / 3))
    assert of([NOON, MIDNIGHT], pa.timestamp("us", "UTC")).span == (MIDNIGHT, NOON)
    assert of([["p"], ["p", "q"]], pa.list_(pa.string())).numbers.mean == 1.5


def test_nothing_known_is_no_zero() -> None:
    assert of([], pa.float64()).null_ratio is None
    unknown = of([None, None], pa.float64())
    assert (unknown.null_ratio, unknown.numbers) == (1.0, None)


def test_one_value_is_one_bar() -> None:
    numbers = of([7.0, 7.0], pa.float64()).numbers
    assert sorted(numbers.histogram)[-2:] == [0, 2]
    assert histogram(numbers).count("<rect ") == 1


@pytest.mark.parametrize(("value", "shown"), [(0.12345, "0.123"), (12.0, "12"), (1234567.8, "1,234,568")])
def test_numbers_are_short(value: float, shown: str) -> None:
    assert number(value) == shown


def test_durations_are_in_their_greatest_unit() -> None:
    assert [span(timedelta(seconds=each)) for each in (7, 61, 7300, 90_000)] == ["7 s", "1 min", "2 h", "1 d"]


@pytest.fixture
def made(tmp_path: Path) -> Catalogue:
    rows = [
        {"product_id": f"p-{number}", "as_of": MIDNIGHT, "views_7d": number, "category": "<b>shoes</b>"}
        for number in range(30)
    ]
    land(tmp_path, GOLD_PRODUCT_FEATURES, rows)
    return catalogue(ArrowLake(str(tmp_path)), NOON)


def test_a_view_says_what_the_lake_holds_and_one_without_a_table_that_there_is_nothing(made: Catalogue) -> None:
    views = {view.name: view for view in made.views}
    assert set(views) == {view.name for view in (*VIEWS, *ON_DEMAND_VIEWS)}
    product = views["product_features"]
    assert (product.entities, product.newest, product.version) == (30, MIDNIGHT, 0)
    assert product.services == ("recommender_v1", "recommender_v2", "demand_v1")
    views_7d = next(feature for feature in product.features if feature.name == "views_7d")
    assert views_7d.statistics
    assert views_7d.statistics.numbers
    assert (views_7d.unit, views_7d.statistics.numbers.greatest) == ("count", 29)
    assert (views["store_features"].newest, views["store_features"].entities) == (None, 0)
    assert views["customer_recency"].inputs == ("customer_features.last_order_at", "requested_at")


def test_no_id_of_a_person_is_on_the_page(tmp_path: Path) -> None:
    ids = {"visitor_id": "v-secret", "customer_id": "c-secret", "recent_product_ids": ["p-1"]}
    land(tmp_path, GOLD_VISITOR_FEATURES, [ids | {"occurred_at": MIDNIGHT}])
    page = catalogue_page(catalogue(ArrowLake(str(tmp_path)), NOON))
    assert "<b>1</b> entities" in page
    assert "secret" not in page


def test_the_page_names_everything_and_needs_nothing_else(made: Catalogue) -> None:
    page = catalogue_page(made)
    for view in (*VIEWS, *ON_DEMAND_VIEWS):
        assert f'id="{view.name}"' in page
        assert all(f"<code>{feature.name}</code>" in page for feature in view.features)
    assert "12 h old" in page
    assert "nothing yet" in page
    assert "http" not in page
    assert "<b>shoes</b>" not in page
    assert "&lt;b&gt;shoes&lt;/b&gt;" in page
    assert 'class="expired">70 d old' in catalogue_page(replace(made, made_at=MIDNIGHT + timedelta(days=70)))
