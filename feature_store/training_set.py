"""Rows to learn from: labels, and beside each the features that were known at its time.

A feature is null where there was no value yet, or where the last one was older than its view's ``ttl``; no label is
ever dropped, and none sees the future.
"""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd
import pyarrow as pa
from feast import FeatureService, OnDemandFeatureView
from feast.feature_view_projection import FeatureViewProjection

from contracts.errors import InvalidLabelsError
from contracts.tables import Table, table_named
from feature_store.definitions import view_named
from feature_store.labels import Labels, Needs
from feature_store.lake_source import source_of
from feature_store.offline import Scan, features_as_of
from feature_store.on_demand import ON_DEMAND_VIEWS, REQUESTED_AT, compute

_ON_DEMAND = {view.name: view for view in ON_DEMAND_VIEWS}


def needs_of(service: FeatureService) -> Needs:
    """Return the columns that labels of the service must have beside their time."""
    keys = {key for projection in _all_inputs(service) for key in view_named(projection.name).join_keys}
    asked = {name for view in _on_demand_of(service) for name in view.get_request_data_schema()}
    return Needs(tuple(sorted(keys)), tuple(sorted(asked - {REQUESTED_AT})))


def tables_of(service: FeatureService) -> list[Table]:
    """Return the tables that the service's features are read from."""
    names = {source_of(view_named(projection.name)).table for projection in _all_inputs(service)}
    return [table_named(name) for name in sorted(names)]


def training_rows(scan: Scan, service: FeatureService, labels: Labels) -> pa.Table:
    """Return the labels' columns and the service's features as ``view__feature``; as many rows, in their order.

    The moment of a request is the label's time. Raises ``InvalidLabelsError`` where the labels have a feature's
    column already.
    """
    result = labels.rows
    for projection in service.feature_view_projections:
        view = _ON_DEMAND.get(projection.name)
        features = _computed(scan, view, labels) if view else _stored(scan, projection, labels)
        for name in (feature.name for feature in projection.features):
            full_name = f"{projection.name}__{name}"
            if full_name in result.column_names:
                msg = f"labels have a column {full_name} already: expected none with the name of a feature"
                raise InvalidLabelsError(msg)
            result = result.append_column(full_name, features[name])
    return result


def _stored(scan: Scan, projection: FeatureViewProjection, labels: Labels) -> pa.Table:
    view = view_named(projection.name)
    names = [feature.name for feature in projection.features]
    return features_as_of(scan, view, names, labels.rows[view.join_keys[0]], labels.times)


def _computed(scan: Scan, view: OnDemandFeatureView, labels: Labels) -> pa.Table:
    inputs: dict[str, pd.Series] = {REQUESTED_AT: labels.times.to_pandas()}
    for name in view.get_request_data_schema():
        if name != REQUESTED_AT:
            inputs[name] = labels.rows[name].cast(pa.float64()).to_pandas()
    for projection in view.source_feature_view_projections.values():
        stored = _stored(scan, projection, labels)
        inputs |= {name: stored[name].to_pandas() for name in stored.column_names}
    return pa.Table.from_pandas(compute(view, pd.DataFrame(inputs)), preserve_index=False)


def _on_demand_of(service: FeatureService) -> list[OnDemandFeatureView]:
    return [_ON_DEMAND[each.name] for each in service.feature_view_projections if each.name in _ON_DEMAND]


def _all_inputs(service: FeatureService) -> Iterator[FeatureViewProjection]:
    yield from (each for each in service.feature_view_projections if each.name not in _ON_DEMAND)
    for view in _on_demand_of(service):
        yield from view.source_feature_view_projections.values()
