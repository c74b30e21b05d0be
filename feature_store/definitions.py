"""The one definition of every feature: entities, the views of the lake's tables and the live views, as Feast objects.

Live views are read from what ``aisle features live`` keeps (``feature_store.live``), at the moment of reading. What is
computed at the moment of a request stands in ``on_demand``, what a model reads in ``services``.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    SILVER_CLICKSTREAM_EVENTS,
    Table,
)
from feature_store import stored_views
from feature_store.fields import fields, window_fields
from feature_store.lake_source import LakeSource
from feature_store.live.cells import PRODUCT_MEASURES, VISITOR_MEASURES
from feature_store.live.session_log import SESSION_GAP_US
from feature_store.live.windows import LONGEST

OWNER = "aisle"
LIVE = {"written_by": "live"}


# What was known does not go out of date: a bound for point-in-time joins alone.
_A_LIFE = timedelta(days=3_650)


def _entity(name: str, description: str, join_key: str = "") -> Entity:
    return Entity(
        name=name,
        join_keys=[join_key or f"{name}_id"],
        value_type=ValueType.STRING,
        description=description,
        owner=OWNER,
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


def _activity_view(name: str, entity: Entity, measures: Sequence[str], description: str) -> FeatureView:
    """Return a view of counters over windows; offline they are computed from silver's events."""
    return FeatureView(
        name=name,
        entities=[entity],
        schema=[*fields(SILVER_CLICKSTREAM_EVENTS, [entity.join_key]), *window_fields(measures)],
        source=LakeSource(SILVER_CLICKSTREAM_EVENTS.name, timestamp_field="occurred_at"),
        ttl=timedelta(seconds=LONGEST.span_s),
        description=description,
        tags=LIVE,
        owner=OWNER,
    )


VISITOR = _entity("visitor", "a browser")
SESSION = _entity(
    "session", "activity of a visitor with no gap over 30 minutes: a visitor has one at a time", "visitor_id"
)
CUSTOMER = _entity("customer", "an account")
PRODUCT = _entity("product", "what is sold")
CATEGORY = _entity("category", "a group of products, by its name")
STORE = _entity("store", "a place with tills")

VISITOR_FEATURES = FeatureView(
    name="visitor_features",
    entities=[VISITOR],
    schema=fields(GOLD_VISITOR_FEATURES, _all_but(GOLD_VISITOR_FEATURES, "occurred_at", "date", "source_events")),
    source=LakeSource("gold.visitor_features", timestamp_field="occurred_at"),
    ttl=_A_LIFE,
    description="A visitor's life so far, as of the visitor's last event.",
    tags=LIVE,
    owner=OWNER,
)
SESSION_FEATURES = FeatureView(
    name="session_features",
    entities=[SESSION],
    schema=fields(GOLD_SESSION_TRAINING_ROWS, ["visitor_id", "session_id", *SESSION_FEATURE_NAMES]),
    source=LakeSource("gold.session_training_rows", timestamp_field="occurred_at", tie_break="event_number"),
    ttl=timedelta(microseconds=SESSION_GAP_US),
    description="The session that runs, up to and with its last event; over 30 minutes after it.",
    tags=LIVE,
    owner=OWNER,
)
VISITOR_ACTIVITY = _activity_view(
    "visitor_activity", VISITOR, VISITOR_MEASURES, "What a visitor did over five windows, at the moment of reading."
)
PRODUCT_ACTIVITY = _activity_view(
    "product_activity", PRODUCT, PRODUCT_MEASURES, "What was done with a product over five windows, at that moment."
)
CUSTOMER_FEATURES = _daily_view(
    CUSTOMER,
    GOLD_CUSTOMER_FEATURES,
    stored_views.CUSTOMER.ttl,
    "How a customer buys, returns and browses, as of the end of a day; written by the CLI.",
)
PRODUCT_FEATURES = _daily_view(
    PRODUCT,
    GOLD_PRODUCT_FEATURES,
    stored_views.PRODUCT.ttl,
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
# Views with a table of the lake that holds their rows.
TABLE_VIEWS = (
    VISITOR_FEATURES,
    SESSION_FEATURES,
    CUSTOMER_FEATURES,
    PRODUCT_FEATURES,
    CATEGORY_FEATURES,
    STORE_FEATURES,
)
WINDOW_VIEWS = (VISITOR_ACTIVITY, PRODUCT_ACTIVITY)
VIEWS = (*TABLE_VIEWS, *WINDOW_VIEWS)
BATCH_VIEWS = tuple(view for view in VIEWS if view.tags["written_by"] == "batch")

_VIEW_OF = {view.name: view for view in VIEWS}


def view_named(name: str) -> FeatureView:
    """Return the view called ``name``; raises ``UnknownNameError``."""
    try:
        return _VIEW_OF[name]
    except KeyError:
        msg = f"unknown feature view {name!r}: expected one of {', '.join(_VIEW_OF)}"
        raise UnknownNameError(msg) from None
