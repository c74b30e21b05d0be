"""The one definition of every feature: entities and the views of the lake's tables, as Feast objects.

What is computed at the moment of a request stands in ``on_demand``, what a model reads in ``services``.
"""

from __future__ import annotations

from datetime import timedelta

from feast import Entity, FeatureView
from feast.value_type import ValueType

from contracts.errors import UnknownNameError
from contracts.tables import (
    GOLD_CATEGORY_FEATURES,
    GOLD_CUSTOMER_FEATURES,
    GOLD_PRODUCT_FEATURES,
    GOLD_SESSION_TRAINING_ROWS,
    GOLD_STORE_FEATURES,
    GOLD_VISITOR_FEATURES,
    SESSION_FEATURE_NAMES,
    Table,
)
from feature_store.fields import fields
from feature_store.lake_source import LakeSource

PROJECT = "aisle"
OWNER = "aisle"


def _entity(name: str, description: str) -> Entity:
    return Entity(
        name=name, join_keys=[f"{name}_id"], value_type=ValueType.STRING, description=description, owner=OWNER
    )


def _all_but(table: Table, *left_out: str) -> list[str]:
    return [name for name in table.column_names if name not in left_out]


def _daily_view(entity: Entity, table: Table, ttl: timedelta, description: str) -> FeatureView:
    """Return the view of a table of ``contracts.tables.features``: all of its columns but the time."""
    return FeatureView(
        name=table.name.partition(".")[2],
        entities=[entity],
        schema=fields(table, _all_but(table, "as_of")),
        source=LakeSource(table.name, timestamp_field="as_of"),
        ttl=ttl,
        description=description,
        tags={"written_by": "batch"},
        owner=OWNER,
    )


VISITOR = _entity("visitor", "a browser")
SESSION = _entity("session", "activity of a visitor with no gap over 30 minutes")
CUSTOMER = _entity("customer", "an account")
PRODUCT = _entity("product", "what is sold")
CATEGORY = _entity("category", "a group of products, by its name")
STORE = _entity("store", "a place with tills")

VISITOR_FEATURES = FeatureView(
    name="visitor_features",
    entities=[VISITOR],
    schema=fields(GOLD_VISITOR_FEATURES, _all_but(GOLD_VISITOR_FEATURES, "occurred_at", "date", "source_events")),
    source=LakeSource("gold.visitor_features", timestamp_field="occurred_at"),
    ttl=timedelta(days=90),
    description="A visitor's life so far, as of the visitor's last event; written by the stream.",
    tags={"written_by": "stream"},
    owner=OWNER,
)
SESSION_FEATURES = FeatureView(
    name="session_features",
    entities=[SESSION],
    schema=fields(GOLD_SESSION_TRAINING_ROWS, ["session_id", *SESSION_FEATURE_NAMES, "visitor_id"]),
    source=LakeSource("gold.session_training_rows", timestamp_field="occurred_at", tie_break="event_number"),
    ttl=timedelta(days=1),
    description="A session up to and with an event of it; written by the stream.",
    tags={"written_by": "stream"},
    owner=OWNER,
)
CUSTOMER_FEATURES = _daily_view(
    CUSTOMER,
    GOLD_CUSTOMER_FEATURES,
    timedelta(days=365),
    "How a customer buys, returns and browses, as of the end of a day; written by the CLI.",
)
PRODUCT_FEATURES = _daily_view(
    PRODUCT,
    GOLD_PRODUCT_FEATURES,
    timedelta(days=60),
    "A product's price, demand, stock and rating as of the end of a day; written by the CLI.",
)
CATEGORY_FEATURES = _daily_view(
    CATEGORY,
    GOLD_CATEGORY_FEATURES,
    timedelta(days=60),
    "A category's products, prices and demand as of the end of a day; written by the CLI.",
)
STORE_FEATURES = _daily_view(
    STORE,
    GOLD_STORE_FEATURES,
    timedelta(days=60),
    "A store's trade as of the end of a day; written by the CLI.",
)

ENTITIES = (VISITOR, SESSION, CUSTOMER, PRODUCT, CATEGORY, STORE)
VIEWS = (
    VISITOR_FEATURES,
    SESSION_FEATURES,
    CUSTOMER_FEATURES,
    PRODUCT_FEATURES,
    CATEGORY_FEATURES,
    STORE_FEATURES,
)
BATCH_VIEWS = tuple(view for view in VIEWS if view.tags["written_by"] == "batch")

_VIEW_OF = {view.name: view for view in VIEWS}


def view_named(name: str) -> FeatureView:
    """Return the view called ``name``; raises ``UnknownNameError``."""
    try:
        return _VIEW_OF[name]
    except KeyError:
        msg = f"unknown feature view {name!r}: expected one of {', '.join(_VIEW_OF)}"
        raise UnknownNameError(msg) from None
