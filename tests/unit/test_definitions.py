from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from feast import FeatureView
from feast.data_source import DataSource

from contracts.errors import UnknownNameError
from contracts.tables import SESSION_FEATURE_NAMES, table_named
from feature_store.definitions import BATCH_VIEWS, ENTITIES, TABLE_VIEWS, VIEWS, view_named
from feature_store.lake_source import source_of
from feature_store.live.views import product_activity, visitor_views
from feature_store.on_demand import ON_DEMAND_VIEWS
from feature_store.services import SERVICES, service_named
from tests.fixtures.live_store import LiveStore


@pytest.mark.parametrize("view", TABLE_VIEWS, ids=lambda view: view.name)
def test_a_view_fits_its_table(view: FeatureView) -> None:
    columns = {column.name: column.type for column in table_named(source_of(view).table).columns}
    needed = [*view.join_keys, source_of(view).timestamp_field, *(feature.name for feature in view.features)]
    assert [name for name in needed if name not in columns] == []
    assert columns[source_of(view).timestamp_field] == "timestamp"


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_says_what_it_is(view: FeatureView) -> None:
    # Feast forgets the key of a view whose schema lacks it, until `apply`.
    assert view.join_keys == [entity.join_key for entity in ENTITIES if entity.name in view.entities]
    assert view.ttl
    assert view.ttl.total_seconds() > 0
    assert view.description
    assert view.owner


def test_live_views_have_the_features_that_are_read_live() -> None:
    answer = LiveStore().read(datetime(2026, 11, 21, tzinfo=UTC), products=["p"])
    names = {view.name: tuple(feature.name for feature in view.features) for view in VIEWS}
    assert names["session_features"] == ("session_id", *SESSION_FEATURE_NAMES)
    assert names["visitor_activity"] == tuple(answer.visitor.values)
    assert names["product_activity"] == tuple(product_activity(answer, 0).values)
    assert set(visitor_views(answer)) < set(names)


def test_numbers_say_their_unit() -> None:
    features = [feature for view in VIEWS for feature in view.features]
    numbers = [feature for feature in features if str(feature.dtype) in {"Int64", "Float64"}]
    units = {feature.name: feature.tags.get("unit") for feature in numbers}
    expected = {
        "revenue": "shop currency",
        "revenue_1h": "shop currency",
        "product_views_1m": "count",
        "mean_unit_price": "shop currency",
        "category_price_ratio": "ratio",
        "conversion_ratio_30d": "ratio",
        "duration_s": "seconds",
        "recency_days": "days",
        "orders_30d": "count",
        "mean_session_event_count": "count",
        "mean_rating": "stars, 1 to 5",
    }
    assert {name: units[name] for name in expected} == expected
    assert None not in units.values()
    assert [view.tags["unit"] for view in ON_DEMAND_VIEWS] == ["days", "ratio"]


@pytest.mark.parametrize(("view", "behavioural"), [("customer_features", 20), ("product_features", 15)])
def test_there_is_enough_to_learn_from(view: str, behavioural: int) -> None:
    numbers = [each for each in view_named(view).features if str(each.dtype) in {"Int64", "Float64"}]
    assert len(numbers) >= behavioural


def test_every_entity_has_a_view_and_at_most_one_with_rows_in_redis() -> None:
    # Redis holds one key per entity: two views of one entity would share its lifetime.
    stored = [view.entities[0] for view in BATCH_VIEWS]
    assert len(set(stored)) == len(stored)
    assert {view.entities[0] for view in VIEWS} == {entity.name for entity in ENTITIES}


def test_services_are_versioned() -> None:
    assert all(re.fullmatch(r"[a-z]+_v\d+", service.name) for service in SERVICES)
    assert all(service.owner and service.description for service in SERVICES)


def test_a_service_reads_features_that_exist() -> None:
    names = {view.name: {feature.name for feature in view.features} for view in (*VIEWS, *ON_DEMAND_VIEWS)}
    for service in SERVICES:
        for projection in service.feature_view_projections:
            assert {feature.name for feature in projection.features} <= names[projection.name]
    ranked = service_named("recommender_v2").feature_view_projections
    assert sum(len(projection.features) for projection in ranked) == 40


def test_a_source_survives_the_registry() -> None:
    for view in VIEWS:
        source = source_of(view)
        again = DataSource.from_proto(source.to_proto())
        assert again == source
        assert (again.table, again.tie_break) == (source.table, source.tie_break)


def test_an_unknown_view_names_the_known() -> None:
    with pytest.raises(UnknownNameError, match=r"'visitor'.*visitor_features"):
        view_named("visitor")


def test_an_unknown_service_names_the_known() -> None:
    with pytest.raises(UnknownNameError, match=r"'recommender'.*recommender_v1"):
        service_named("recommender")
