"""Table contracts: name, layer, grain, key and columns of every table in the lake. Types are Spark SQL types."""

from __future__ import annotations

from dataclasses import dataclass

from contracts.errors import UnknownNameError
from contracts.topics import (
    CLICKSTREAM,
    COMPETITOR_PRICES,
    INVENTORY,
    POS,
    PRICES,
    PROMOTIONS,
    REVIEWS,
    TOPICS,
    WEATHER,
    Topic,
)

MONEY = "decimal(18,4)"
TOTAL = "decimal(38,2)"
LINE = "struct<product_id:string,quantity:int,unit_price:decimal(18,4),category:string,brand:string,description:string>"


@dataclass(frozen=True)
class Column:
    """One column: name, Spark SQL type and, where the name does not say it all, its meaning."""

    name: str
    type: str
    doc: str = ""


@dataclass(frozen=True)
class Table:
    """One table of the lake. ``key`` is unique; ``grain`` says what one row stands for."""

    name: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def layer(self) -> str:
        """``bronze``, ``silver`` or ``gold``: the part of the name before the dot."""
        return self.name.partition(".")[0]

    @property
    def schema(self) -> str:
        """The columns as a Spark DDL string."""
        return ", ".join(f"`{column.name}` {column.type}" for column in self.columns)

    @property
    def column_names(self) -> tuple[str, ...]:
        """The column names, in order."""
        return tuple(column.name for column in self.columns)


_ADDRESS = (
    Column("topic", "string"),
    Column("partition", "int"),
    Column("offset", "bigint"),
)
_TIMES = (
    Column("received_at", "timestamp", "when the broker got it"),
    Column("processed_at", "timestamp", "when this table got it"),
)
_ENVELOPE = (
    Column("event_id", "string"),
    Column("event_type", "string"),
    Column("schema_version", "int"),
    Column("occurred_at", "timestamp", "the event's own time"),
    *_TIMES,
    Column("producer", "string", "the event's producer, as the event says"),
    Column("sent_by", "string", "the Kafka header `producer`: the process that sent it"),
)


def bronze_table(topic: Topic) -> Table:
    """Return the bronze table of a topic: every message as it came, good or bad."""
    return Table(
        name=f"bronze.{topic.name}",
        grain="one Kafka message",
        key=("topic", "partition", "offset"),
        columns=(
            *_ADDRESS,
            Column("key", "binary"),
            Column("value", "binary", "the raw bytes"),
            Column("headers", "array<struct<key:string,value:binary>>"),
            *_TIMES,
        ),
    )


BRONZE_CLICKSTREAM = bronze_table(CLICKSTREAM)
BRONZE_POS = bronze_table(POS)

SILVER_CLICKSTREAM_EVENTS = Table(
    name="silver.clickstream_events",
    grain="one accepted clickstream event; insert-only, the first arrival of an event_id wins",
    key=("event_id",),
    columns=(
        *_ENVELOPE,
        Column("visitor_id", "string"),
        Column("customer_id", "string"),
        Column("device", "string"),
        Column("country", "string"),
        Column("user_agent", "string"),
        Column("page_url", "string"),
        Column("referrer", "string"),
        Column("query", "string"),
        Column("results_count", "int"),
        Column("product_id", "string"),
        Column("category", "string"),
        Column("brand", "string"),
        Column("quantity", "int"),
        Column("unit_price", MONEY),
        Column("order_id", "string"),
        Column("lines", f"array<{LINE}>"),
        Column("request_id", "string"),
        Column("placement", "string"),
        Column("position", "int"),
        Column("product_ids", "array<string>", "recommended products, best first"),
        Column("model", "string"),
        Column("model_version", "string"),
        Column("source", "string"),
        *_ADDRESS,
    ),
)

SILVER_POS_EVENTS = Table(
    name="silver.pos_events",
    grain="one accepted sale or return of a till; insert-only, the first arrival of an event_id wins",
    key=("event_id",),
    columns=(
        *_ENVELOPE,
        Column("store_id", "string"),
        Column("register_id", "string"),
        Column("transaction_id", "string", "the sale; on a return the sale it belongs to, where known"),
        Column("return_id", "string"),
        Column("customer_id", "string"),
        Column("country", "string"),
        Column("lines", f"array<{LINE}>", "quantities are positive on returns too"),
        *_ADDRESS,
    ),
)

SILVER_INVENTORY_EVENTS = Table(
    name="silver.inventory_events",
    grain="one accepted change of a product's master data or stock level; insert-only, the first arrival wins",
    key=("event_id",),
    columns=(
        *_ENVELOPE,
        Column("product_id", "string"),
        Column("name", "string"),
        Column("category", "string"),
        Column("brand", "string"),
        Column("list_price", MONEY, "before own price changes and promotions"),
        Column("is_active", "boolean", "whether the shop sells it"),
        Column("location_id", "string", "the store or warehouse of a stock level"),
        Column("location_kind", "string", "store or warehouse"),
        Column("quantity_on_hand", "int", "the level after the change"),
        Column("change_reason", "string"),
        *_ADDRESS,
    ),
)

SILVER_PRICE_EVENTS = Table(
    name="silver.price_events",
    grain="one accepted change of an own price; insert-only, the first arrival of an event_id wins",
    key=("event_id",),
    columns=(
        *_ENVELOPE,
        Column("product_id", "string"),
        Column("old_price", MONEY, "null where it is the first"),
        Column("new_price", MONEY, "before promotions"),
        Column("change_reason", "string"),
        Column("effective_at", "timestamp", "from when on the new price holds"),
        *_ADDRESS,
    ),
)

SILVER_COMPETITOR_PRICE_EVENTS = Table(
    name="silver.competitor_price_events",
    grain="one accepted observation of a competitor's price; insert-only, the first arrival of an event_id wins",
    key=("event_id",),
    columns=(
        *_ENVELOPE,
        Column("product_id", "string"),
        Column("competitor", "string"),
        Column("price", MONEY),
        Column("url", "string"),
        *_ADDRESS,
    ),
)

SILVER_PROMOTION_EVENTS = Table(
    name="silver.promotion_events",
    grain="one accepted plan of a promotion or a campaign; insert-only: of one plan_id the latest occurred_at holds",
    key=("event_id",),
    columns=(
        *_ENVELOPE,
        Column("plan_id", "string", "of the promotion or the campaign"),
        Column("name", "string"),
        Column("promotion_kind", "string", "percent, amount or bundle"),
        Column("discount", MONEY, "percent or amount off a unit; percent off each unit of a line (bundle)"),
        Column("bundle_quantity", "int", "units that a line must have (bundle)"),
        Column("product_ids", "array<string>", "null with category null: everything"),
        Column("category", "string"),
        Column("channels", "array<string>", "online, pos; null: all"),
        Column("starts_at", "timestamp"),
        Column("ends_at", "timestamp", "exclusive"),
        Column("campaign_channel", "string"),
        Column("audience", "string"),
        Column("budget", MONEY),
        Column("promotion_ids", "array<string>", "plan_id of the campaign's promotions"),
        *_ADDRESS,
    ),
)

SILVER_WEATHER_EVENTS = Table(
    name="silver.weather_events",
    grain="one accepted observation of the weather at a place; insert-only, the first arrival of an event_id wins",
    key=("event_id",),
    columns=(
        *_ENVELOPE,
        Column("location_id", "string", "the store or city"),
        Column("location_kind", "string", "store or city"),
        Column("temperature_c", "double"),
        Column("precipitation_mm", "double", "in the hour before"),
        Column("wind_m_per_s", "double"),
        Column("condition", "string"),
        *_ADDRESS,
    ),
)

SILVER_REVIEW_EVENTS = Table(
    name="silver.review_events",
    grain="one accepted review of a product; insert-only, the first arrival of an event_id wins",
    key=("event_id",),
    columns=(
        *_ENVELOPE,
        Column("review_id", "string"),
        Column("product_id", "string"),
        Column("rating", "int", "1 to 5"),
        Column("title", "string"),
        Column("text", "string"),
        Column("visitor_id", "string"),
        Column("customer_id", "string"),
        Column("is_verified", "boolean", "whether the shop knows of the purchase"),
        *_ADDRESS,
    ),
)

EVENT_TABLES: dict[Topic, Table] = {
    CLICKSTREAM: SILVER_CLICKSTREAM_EVENTS,
    POS: SILVER_POS_EVENTS,
    INVENTORY: SILVER_INVENTORY_EVENTS,
    PRICES: SILVER_PRICE_EVENTS,
    COMPETITOR_PRICES: SILVER_COMPETITOR_PRICE_EVENTS,
    PROMOTIONS: SILVER_PROMOTION_EVENTS,
    WEATHER: SILVER_WEATHER_EVENTS,
    REVIEWS: SILVER_REVIEW_EVENTS,
}
"""Topic → the silver table of its events. A column is named as the field; none as one of rejected events alone."""

SILVER_REJECTED_EVENTS = Table(
    name="silver.rejected_events",
    grain="one message that is not an event",
    key=("rejected_id",),
    columns=(
        Column(
            "rejected_id",
            "string",
            "of source file, line and bytes where it was replayed from a file, else of its address",
        ),
        *_ADDRESS,
        Column("reason", "string", "contracts.events.Reason"),
        Column("field", "string"),
        Column("message", "string"),
        Column("value", "binary", "the raw bytes"),
        Column("sent_by", "string"),
        Column("source_file", "string"),
        Column("source_line", "bigint"),
        *_TIMES,
    ),
)

SILVER_REJECTED_DECISIONS = Table(
    name="silver.rejected_decisions",
    grain="one decision on a rejected event; append-only, the latest of an event counts",
    key=("rejected_id", "decided_at"),
    columns=(
        Column("rejected_id", "string"),
        Column("decision", "string", "replayed or dropped"),
        Column("decided_at", "timestamp"),
        Column("because", "string", "why it was dropped"),
        Column("patch", "string", "the JSON Patch that repaired it; null where it was sent as it was"),
        Column("event_id", "string", "of the event that was sent"),
    ),
)

SILVER_SESSIONS = Table(
    name="silver.sessions",
    grain="one session of a visitor: activity with no gap over 30 minutes; recommendations_shown is not activity",
    key=("session_id",),
    columns=(
        Column("session_id", "string", "of the visitor and the session's first event"),
        Column("visitor_id", "string"),
        Column("customer_id", "string", "the last one seen in the session"),
        Column("device", "string", "the last one seen in the session"),
        Column("country", "string", "the last one seen in the session"),
        Column("started_at", "timestamp"),
        Column("ended_at", "timestamp", "time of the last event"),
        Column("event_count", "int"),
        Column("product_view_count", "int"),
        Column("cart_add_count", "int"),
        Column("cart_remove_count", "int"),
        Column("search_count", "int"),
        Column("order_count", "int"),
        Column("revenue", TOTAL),
        Column(
            "product_ids",
            "array<string>",
            "products viewed, put into the cart, clicked or ordered, in that order, repeats kept",
        ),
    ),
)

_SESSION_FEATURES = (
    Column("event_count", "int", "events of the session up to and with this one"),
    Column("page_view_count", "int"),
    Column("product_view_count", "int"),
    Column("distinct_product_count", "int"),
    Column("search_count", "int"),
    Column("cart_add_count", "int"),
    Column("cart_remove_count", "int"),
    Column("checkout_count", "int"),
    Column("cart_value", "double", "unit price × quantity put in, less taken out, at least 0"),
    Column("mean_viewed_price", "double", "null before the first priced view"),
    Column("max_viewed_price", "double", "null before the first priced view"),
    Column("duration_s", "double", "since the session's first event"),
    Column("since_last_event_s", "double", "0 at the first event"),
    Column("hour_of_day", "int", "UTC, 0 to 23"),
    Column("day_of_week", "int", "ISO, Monday is 1"),
    Column("is_known_customer", "int", "1 where a customer id was seen up to here"),
    Column("prior_session_count", "int", "the visitor's earlier sessions"),
    Column("prior_order_count", "int", "orders in the visitor's earlier sessions"),
)
SESSION_FEATURE_NAMES = tuple(column.name for column in _SESSION_FEATURES)

GOLD_SESSION_TRAINING_ROWS = Table(
    name="gold.session_training_rows",
    grain="one event of a session, with the session's features at that moment and what came after",
    key=("session_id", "event_number"),
    columns=(
        Column("session_id", "string"),
        Column("event_number", "int", "from 1, by occurred_at and event_id"),
        Column("visitor_id", "string"),
        Column("event_id", "string"),
        Column("occurred_at", "timestamp"),
        *_SESSION_FEATURES,
        Column("ended_at", "timestamp", "the session's last event so far: it is closed 30 minutes later"),
        Column("ordered_later", "boolean", "the label: an order follows in the same session"),
    ),
)

GOLD_VISITOR_FEATURES = Table(
    name="gold.visitor_features",
    grain="one visitor, as of the visitor's last event",
    key=("visitor_id",),
    columns=(
        Column("visitor_id", "string"),
        Column("occurred_at", "timestamp", "the visitor's last event"),
        Column("customer_id", "string", "the last one seen"),
        Column("session_id", "string", "the visitor's last session"),
        Column("session_count", "int"),
        Column("event_count", "int"),
        Column("product_view_count", "int"),
        Column("cart_add_count", "int"),
        Column("order_count", "int"),
        Column("revenue", TOTAL),
        Column("first_seen_at", "timestamp"),
        Column("recent_product_ids", "array<string>", "the last 20 distinct products, latest first"),
    ),
)

GOLD_REVENUE_PER_MINUTE = Table(
    name="gold.revenue_per_minute",
    grain="one minute of occurred_at in one channel",
    key=("minute", "channel"),
    columns=(
        Column("minute", "timestamp"),
        Column("channel", "string", "online or pos"),
        Column("orders", "bigint", "orders or sales"),
        Column("units", "bigint"),
        Column("revenue", TOTAL, "sum of quantity × unit price, rounded once"),
        Column("returns", "bigint"),
        Column("refunded", TOTAL),
    ),
)

_COUNTED = "silver events counted in any row of the day when it was built: a day whose count differs is stale"
_COUNTED_UP_TO = "silver events counted up to the end of the day when it was built: a day whose sum differs is stale"
_SOLD = (
    Column("orders", "bigint", "online orders and sales that hold it"),
    Column("units_sold", "bigint"),
    Column("revenue", TOTAL, "sum of quantity × unit price, rounded once"),
    Column("units_returned", "bigint"),
    Column("refunded", TOTAL),
)
_VIEWED = (Column("views", "bigint"), Column("viewers", "bigint", "distinct visitors who viewed it"))
_IN_CART = (Column("cart_adds", "bigint"), Column("cart_removes", "bigint"))

GOLD_PRODUCT_DAILY = Table(
    name="gold.product_daily",
    grain="one product on one day (UTC, by occurred_at), online and in stores",
    key=("date", "product_id"),
    columns=(
        Column("date", "date"),
        Column("product_id", "string"),
        *_VIEWED,
        *_IN_CART,
        *_SOLD,
        Column("source_events", "bigint", _COUNTED),
    ),
)

GOLD_PRODUCT_ACTIVITY_HOURLY = Table(
    name="gold.product_activity_hourly",
    grain="one product in one hour (UTC, by occurred_at), online and in stores",
    key=("hour", "product_id"),
    columns=(
        Column("date", "date", "the day of the hour"),
        Column("hour", "timestamp", "its beginning"),
        Column("product_id", "string"),
        *_VIEWED,
        *_IN_CART,
        *_SOLD,
        Column("returns", "bigint", "returns that hold it"),
        Column("source_events", "bigint", _COUNTED),
    ),
)

GOLD_CATEGORY_DAILY = Table(
    name="gold.category_daily",
    grain="one category on one day (UTC), online and in stores, by the last category of each product up to its end",
    key=("date", "category"),
    columns=(
        Column("date", "date"),
        Column("category", "string", "`unknown` for products never seen with one"),
        Column("products", "bigint", "distinct products viewed, moved in carts, sold or returned"),
        *_VIEWED,
        *_IN_CART,
        *_SOLD,
        Column("source_events", "bigint", _COUNTED_UP_TO),
    ),
)

GOLD_FUNNEL_DAILY = Table(
    name="gold.funnel_daily",
    grain="the online sessions that started on one day (UTC) on one kind of device",
    key=("date", "device"),
    columns=(
        Column("date", "date"),
        Column("device", "string", "`unknown` where no event names it"),
        Column("sessions", "bigint"),
        Column("with_view", "bigint", "sessions with at least one product viewed; steps may be skipped"),
        Column("with_cart", "bigint", "with a product added to the cart, taken out later or not"),
        Column("with_checkout", "bigint", "with a checkout started"),
        Column("with_order", "bigint"),
        Column("view_ratio", "double", "with_view over sessions"),
        Column("cart_ratio", "double", "with_cart over sessions"),
        Column("checkout_ratio", "double", "with_checkout over sessions"),
        Column("order_ratio", "double", "with_order over sessions"),
        Column("source_events", "bigint", _COUNTED_UP_TO),
    ),
)

GOLD_BASKET_PAIRS = Table(
    name="gold.basket_pairs",
    grain="two products, or one with itself, in the baskets (online orders and sales) of one day (UTC)",
    key=("date", "product_a", "product_b"),
    columns=(
        Column("date", "date"),
        Column("product_a", "string"),
        Column("product_b", "string", "not before product_a; equal in the row that counts the product's own baskets"),
        Column("baskets_together", "bigint", "baskets that hold both; over days, take sums of this column only"),
        Column("baskets_a", "bigint", "baskets of the day that hold product_a"),
        Column("baskets_b", "bigint", "baskets of the day that hold product_b"),
        Column("source_events", "bigint", "all baskets of the day when it was built; where it differs, it is stale"),
    ),
)

GOLD_STORE_DAILY = Table(
    name="gold.store_daily",
    grain="one store on one day (UTC) with a sale or return",
    key=("date", "store_id"),
    columns=(
        Column("date", "date"),
        Column("store_id", "string"),
        Column("sales", "bigint"),
        Column("customers", "bigint", "distinct customers known by name who bought or returned"),
        Column("units_sold", "bigint"),
        Column("revenue", TOTAL, "sum of quantity × unit price, rounded once"),
        Column("returns", "bigint"),
        Column("units_returned", "bigint"),
        Column("refunded", TOTAL),
        Column("source_events", "bigint", _COUNTED),
    ),
)

GOLD_CUSTOMER_PRODUCT_MATRIX = Table(
    name="gold.customer_product_matrix",
    grain="one customer and one product on one day (UTC), from events that name the customer; sum days for a window",
    key=("date", "customer_id", "product_id"),
    columns=(
        Column("date", "date"),
        Column("customer_id", "string"),
        Column("product_id", "string"),
        Column("views", "bigint"),
        *_IN_CART,
        *_SOLD,
        Column("source_events", "bigint", _COUNTED),
    ),
)

GOLD_CUSTOMER_FEATURES = Table(
    name="gold.customer_features",
    grain="one customer as of the end of one day (UTC), from online orders, sales and returns up to then",
    key=("customer_id", "as_of"),
    columns=(
        Column("customer_id", "string"),
        Column("as_of", "timestamp", "end of the day, exclusive"),
        Column("recency_days", "double", "since the last order or sale"),
        Column("tenure_days", "double", "since the first order or sale"),
        Column("order_count", "bigint"),
        Column("unit_count", "bigint"),
        Column("revenue", TOTAL),
        Column("mean_order_value", "double"),
        Column("mean_unit_price", "double"),
        Column("distinct_product_count", "bigint"),
        Column("return_count", "bigint"),
        Column("refunded", TOTAL),
    ),
)

GOLD_CUSTOMER_RFM = Table(
    name="gold.customer_rfm",
    grain="one customer with an order or sale, as of the end of one day (UTC); scores 1 to 5, equal values score alike",
    key=("customer_id", "as_of"),
    columns=(
        Column("customer_id", "string"),
        Column("as_of", "timestamp", "end of the day, exclusive"),
        Column("recency_days", "double", "since the last order or sale"),
        Column("order_count", "bigint"),
        Column("revenue", TOTAL, "of orders and sales, before refunds"),
        Column("recency_score", "int", "5 × the share of customers who bought longer ago, rounded down, + 1"),
        Column("frequency_score", "int", "5 × the share of customers with fewer orders, rounded down, + 1"),
        Column("monetary_score", "int", "5 × the share of customers with less revenue, rounded down, + 1"),
    ),
)

GOLD_PRODUCT_FEATURES = Table(
    name="gold.product_features",
    grain="one product as of the end of one day (UTC)",
    key=("product_id", "as_of"),
    columns=(
        Column("product_id", "string"),
        Column("as_of", "timestamp", "end of the day, exclusive"),
        Column("category", "string", "the last one seen"),
        Column("brand", "string", "the last one seen"),
        Column("unit_price", MONEY, "the last one seen"),
        Column("views_1d", "bigint"),
        Column("views_7d", "bigint"),
        Column("views_30d", "bigint"),
        Column("cart_adds_30d", "bigint"),
        Column("orders_30d", "bigint"),
        Column("units_sold_30d", "bigint"),
        Column("revenue_30d", TOTAL),
        Column("conversion_ratio_30d", "double", "online orders over views, null without views"),
    ),
)

TABLES: tuple[Table, ...] = (
    *(bronze_table(topic) for topic in TOPICS),
    *EVENT_TABLES.values(),
    SILVER_REJECTED_EVENTS,
    SILVER_REJECTED_DECISIONS,
    SILVER_SESSIONS,
    GOLD_SESSION_TRAINING_ROWS,
    GOLD_VISITOR_FEATURES,
    GOLD_REVENUE_PER_MINUTE,
    GOLD_PRODUCT_DAILY,
    GOLD_PRODUCT_ACTIVITY_HOURLY,
    GOLD_CATEGORY_DAILY,
    GOLD_FUNNEL_DAILY,
    GOLD_BASKET_PAIRS,
    GOLD_STORE_DAILY,
    GOLD_CUSTOMER_PRODUCT_MATRIX,
    GOLD_CUSTOMER_FEATURES,
    GOLD_CUSTOMER_RFM,
    GOLD_PRODUCT_FEATURES,
)

PINNED_VERSIONS = Table(
    name="care.pinned_versions",
    grain="one version of a table that vacuum must keep, under one name",
    key=("table", "name"),
    columns=(
        Column("table", "string"),
        Column("name", "string"),
        Column("version", "bigint"),
        Column("pinned_at", "timestamp"),
        Column("files", "array<string>", "of the version, below the table's directory"),
    ),
)

ERASED_FILES = Table(
    name="care.erased_files",
    grain="one file that held rows of an erased customer; what needs it cannot be read any more",
    key=("table", "file"),
    columns=(
        Column("table", "string"),
        Column("file", "string", "below the table's directory"),
        Column("erased_at", "timestamp"),
    ),
)

_BY_NAME = {table.name: table for table in TABLES}


def table_named(name: str) -> Table:
    """Return the table called ``name`` (``layer.subject_grain``); raises ``UnknownNameError``."""
    try:
        return _BY_NAME[name]
    except KeyError:
        msg = f"unknown table {name!r}: expected one of {', '.join(_BY_NAME)}"
        raise UnknownNameError(msg) from None
