"""Everything there is to say of the features: definitions, and what the lake holds of them now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pyarrow as pa
from feast import Entity, FeatureService, FeatureView, Field, OnDemandFeatureView

from contracts.tables import table_named
from data_lake.arrow_lake import ArrowLake
from feature_store.definitions import ENTITIES, TABLE_VIEWS, WINDOW_VIEWS
from feature_store.lake_source import source_of
from feature_store.offline import latest_features
from feature_store.on_demand import ON_DEMAND_VIEWS
from feature_store.services import SERVICES
from feature_store.statistics import Statistics, statistics_of


@dataclass(frozen=True)
class FeatureFacts:
    """One feature: ``statistics`` of its latest value of every entity, None where it is computed at a request."""

    name: str
    type: str
    unit: str
    meaning: str
    statistics: Statistics | None


@dataclass(frozen=True)
class ViewFacts:
    """One view. ``inputs``: its join key, or what it is computed from at a request; then, and of windows, no table.

    Of a table not built yet there is no version and no newest row.
    """

    name: str
    description: str
    owner: str
    written_by: str
    inputs: tuple[str, ...]
    features: Sequence[FeatureFacts]
    services: tuple[str, ...]
    ttl: timedelta | None = None
    table: str = ""
    version: int | None = None
    newest: datetime | None = None
    entities: int = 0


@dataclass(frozen=True)
class Catalogue:
    """The page's content as of ``made_at``."""

    made_at: datetime
    entities: Sequence[Entity]
    views: Sequence[ViewFacts]
    services: Sequence[FeatureService]


def catalogue(lake: ArrowLake, now: datetime) -> Catalogue:
    """Return the facts of every view, with statistics of the lake's latest rows; tables not built yet have none."""
    stored, windows = [_stored(lake, view) for view in TABLE_VIEWS], [_declared(view) for view in WINDOW_VIEWS]
    return Catalogue(now, ENTITIES, [*stored, *windows, *map(_on_demand, ON_DEMAND_VIEWS)], SERVICES)


def _stored(lake: ArrowLake, view: FeatureView) -> ViewFacts:
    source = source_of(view)
    table = table_named(source.table)
    built = lake.exists(table)
    rows = latest_features(lake, view) if built else None
    return replace(
        _declared(view, rows),
        table=table.name,
        version=lake.version(table) if built else None,
        newest=lake.newest(table, source.timestamp_field) if built else None,
        entities=0 if rows is None else rows.num_rows,
    )


def _declared(view: FeatureView, rows: pa.Table | None = None) -> ViewFacts:
    return ViewFacts(
        name=view.name,
        description=view.description,
        owner=view.owner,
        written_by=view.tags["written_by"],
        inputs=tuple(view.join_keys),
        features=[_facts(each, _statistics(rows, each.name)) for each in view.features],
        services=_services_reading(view.name),
        ttl=view.ttl,
    )


def _on_demand(view: OnDemandFeatureView) -> ViewFacts:
    stored = [
        f"{each.name}.{field.name}" for each in view.source_feature_view_projections.values() for field in each.features
    ]
    return ViewFacts(
        name=view.name,
        description=view.description,
        owner=view.owner,
        written_by="request",
        inputs=(*stored, *view.get_request_data_schema()),
        features=[_facts(each, None, view.tags["unit"]) for each in view.features],
        services=_services_reading(view.name),
    )


def _facts(field: Field, statistics: Statistics | None, unit: str = "") -> FeatureFacts:
    return FeatureFacts(field.name, str(field.dtype), field.tags.get("unit", unit), field.description, statistics)


def _statistics(rows: pa.Table | None, name: str) -> Statistics | None:
    """Return the statistics of a feature's latest values; of ids, which may be people's, no value is shown."""
    if rows is None:
        return None
    found = statistics_of(rows[name])
    return replace(found, frequent=()) if name.endswith("_id") else found


def _services_reading(view: str) -> tuple[str, ...]:
    return tuple(
        service.name for service in SERVICES if view in {each.name for each in service.feature_view_projections}
    )
