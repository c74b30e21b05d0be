"""The one definition of every feature: entities, views and services, as Feast objects.

Types come from the table contract, so that a view and its table cannot disagree. Money becomes ``Float64``: models
and storefronts compute with it, books do not.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from feast import Entity, FeatureService, FeatureView, Field
from feast.types import Array, Bool, FeastType, Float64, Int64, String, UnixTimestamp
from feast.value_type import ValueType

from contracts.errors import UnknownNameError
from contracts.tables import (
    GOLD_CUSTOMER_FEATURES,
    GOLD_PRODUCT_FEATURES,
    GOLD_SESSION_TRAINING_ROWS,
    GOLD_VISITOR_FEATURES,
    SESSION_FEATURE_NAMES,
    Column,
    Table,
)
from feature_store.lake_source import LakeSource

PROJECT = "aisle"
_OWNER = "aisle"
_TYPES: dict[str, FeastType] = {
    "string": String,
    "int": Int64,
    "bigint": Int64,
    "double": Float64,
    "boolean": Bool,
    "timestamp": UnixTimestamp,
    "array<string>": Array(String),
}
_UNIT_OF_ENDING = {"_s": "seconds", "_days": "days", "_count": "count", "_ratio": "ratio", "_at": "UTC, whole seconds"}
_MONEY_NAMES = ("revenue", "refunded", "price", "value")


def _feature(column: Column) -> Field:
    money = column.type.startswith("decimal")
    return Field(
        name=column.name,
        dtype=Float64 if money else _TYPES[column.type],
        description=column.doc,
        tags=_unit(column),
    )


def _unit(column: Column) -> dict[str, str]:
    if column.type.startswith("decimal") or any(name in column.name for name in _MONEY_NAMES):
        return {"unit": "shop currency"}
    for ending, unit in _UNIT_OF_ENDING.items():
        if column.name.endswith(ending):
            return {"unit": unit}
    return {"unit": "count"} if column.type in {"int", "bigint"} else {}


def _features(table: Table, names: Iterable[str]) -> list[Field]:
    column_of = {column.name: column for column in table.columns}
    return [_feature(column_of[name]) for name in names]


def _entity(name: str, description: str) -> Entity:
    return Entity(
        name=name, join_keys=[f"{name}_id"], value_type=ValueType.STRING, description=description, owner=_OWNER
    )


def _all_but(table: Table, *left_out: str) -> list[str]:
    return [name for name in table.column_names if name not in left_out]


VISITOR = _entity("visitor", "a browser")
SESSION = _entity("session", "activity of a visitor with no gap over 30 minutes")
CUSTOMER = _entity("customer", "an account")
PRODUCT = _entity("product", "what is sold")

VISITOR_FEATURES = FeatureView(
    name="visitor_features",
    entities=[VISITOR],
    schema=_features(GOLD_VISITOR_FEATURES, _all_but(GOLD_VISITOR_FEATURES, "occurred_at", "date", "source_events")),
    source=LakeSource("gold.visitor_features", timestamp_field="occurred_at"),
    ttl=timedelta(days=90),
    description="A visitor's life so far, as of the visitor's last event; written by the stream.",
    tags={"written_by": "stream"},
    owner=_OWNER,
)
SESSION_FEATURES = FeatureView(
    name="session_features",
    entities=[SESSION],
    schema=_features(GOLD_SESSION_TRAINING_ROWS, ["session_id", *SESSION_FEATURE_NAMES, "visitor_id"]),
    source=LakeSource("gold.session_training_rows", timestamp_field="occurred_at", tie_break="event_number"),
    ttl=timedelta(days=1),
    description="A session up to and with an event of it; written by the stream.",
    tags={"written_by": "stream"},
    owner=_OWNER,
)
CUSTOMER_FEATURES = FeatureView(
    name="customer_features",
    entities=[CUSTOMER],
    schema=_features(GOLD_CUSTOMER_FEATURES, _all_but(GOLD_CUSTOMER_FEATURES, "as_of")),
    source=LakeSource("gold.customer_features", timestamp_field="as_of"),
    ttl=timedelta(days=365),
    description="What a customer bought and returned, as of the end of a day; written by the CLI.",
    tags={"written_by": "batch"},
    owner=_OWNER,
)
PRODUCT_FEATURES = FeatureView(
    name="product_features",
    entities=[PRODUCT],
    schema=_features(GOLD_PRODUCT_FEATURES, _all_but(GOLD_PRODUCT_FEATURES, "as_of")),
    source=LakeSource("gold.product_features", timestamp_field="as_of"),
    ttl=timedelta(days=60),
    description="A product's last price and its demand as of the end of a day; written by the CLI.",
    tags={"written_by": "batch"},
    owner=_OWNER,
)

ENTITIES = (VISITOR, SESSION, CUSTOMER, PRODUCT)
VIEWS = (VISITOR_FEATURES, SESSION_FEATURES, CUSTOMER_FEATURES, PRODUCT_FEATURES)
BATCH_VIEWS = tuple(view for view in VIEWS if view.tags["written_by"] == "batch")
SERVICES = (
    FeatureService(
        name="recommender_v1",
        features=[VISITOR_FEATURES, PRODUCT_FEATURES],
        description="What the first recommender reads.",
        owner=_OWNER,
    ),
    FeatureService(
        name="purchase_v1",
        features=[SESSION_FEATURES],
        description="What purchase prediction reads.",
        owner=_OWNER,
    ),
)

_VIEW_OF = {view.name: view for view in VIEWS}


def view_named(name: str) -> FeatureView:
    """Return the view called ``name``; raises ``UnknownNameError``."""
    try:
        return _VIEW_OF[name]
    except KeyError:
        msg = f"unknown feature view {name!r}: expected one of {', '.join(_VIEW_OF)}"
        raise UnknownNameError(msg) from None
