from __future__ import annotations

import pytest
from feast import FeatureView
from feast.data_source import DataSource

from contracts.errors import UnknownNameError
from contracts.tables import SESSION_FEATURE_NAMES, table_named
from feature_store.definitions import ENTITIES, SERVICES, VIEWS, view_named
from feature_store.lake_source import source_of


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_a_view_fits_its_table_and_says_what_it_is(view: FeatureView) -> None:
    columns = {column.name: column.type for column in table_named(source_of(view).table).columns}
    needed = [*view.join_keys, source_of(view).timestamp_field, *(feature.name for feature in view.features)]
    assert [name for name in needed if name not in columns] == []
    assert columns[source_of(view).timestamp_field] == "timestamp"
    assert view.ttl
    assert view.ttl.total_seconds() > 0
    assert view.description
    assert view.owner


def test_session_features_are_the_contracts_and_the_visitor() -> None:
    names = [feature.name for feature in view_named("session_features").features]
    assert names == [*SESSION_FEATURE_NAMES, "visitor_id"]


def test_numbers_say_their_unit() -> None:
    numbers = [feature for view in VIEWS for feature in view.features if str(feature.dtype) in {"Int64", "Float64"}]
    bare = [feature.name for feature in numbers if "unit" not in feature.tags]
    assert set(bare) <= {"conversion_ratio_30d", "mean_unit_price"}
    units = {feature.name: feature.tags["unit"] for feature in numbers if feature.name not in bare}
    assert units["revenue"] == "shop currency"
    assert units["duration_s"] == "seconds"
    assert units["recency_days"] == "days"


def test_every_entity_has_one_view_of_its_own() -> None:
    # Redis holds one key per entity: two views of one entity would share its lifetime.
    assert sorted(view.entities[0] for view in VIEWS) == sorted(entity.name for entity in ENTITIES)


def test_services_are_versioned() -> None:
    assert {service.name for service in SERVICES} == {"recommender_v1", "purchase_v1"}


def test_a_source_survives_the_registry() -> None:
    for view in VIEWS:
        source = source_of(view)
        again = DataSource.from_proto(source.to_proto())
        assert again == source
        assert (again.table, again.tie_break) == (source.table, source.tie_break)


def test_an_unknown_view_names_the_known() -> None:
    with pytest.raises(UnknownNameError, match=r"'visitor'.*visitor_features"):
        view_named("visitor")
