"""Gold: training rows and counts, made from silver; features as of a day stand in ``features.py``."""

from __future__ import annotations

from contracts.tables.table import TOTAL, Column, Table

_COUNTED = "silver events counted in any row of the day, bots' twice, when it was built: where it differs, it is stale"
_COUNTED_UP_TO = "silver events counted up to the end of the day when it was built: a day whose sum differs is stale"

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
        Column("date", "date", "UTC, of the session's start"),
        Column("source_events", "bigint", _COUNTED_UP_TO),
    ),
)

GOLD_VISITOR_FEATURES = Table(
    name="gold.visitor_features",
    grain="one visitor on a day on which a session of theirs began, as of the last event of those sessions",
    key=("visitor_id", "date"),
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
        Column("date", "date", "UTC, of the last session's start"),
        Column("source_events", "bigint", _COUNTED_UP_TO),
    ),
)

GOLD_REVENUE_PER_MINUTE = Table(
    name="gold.revenue_per_minute",
    grain="one minute of occurred_at in one channel",
    key=("minute", "channel"),
    clustered_by="minute",
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
    grain="the online sessions, without bots', that started on one day (UTC) on one kind of device",
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
    grain="one customer and one product on one day (UTC), anonymous views on own browsers included; days add up",
    key=("date", "customer_id", "product_id"),
    columns=(
        Column("date", "date"),
        Column("customer_id", "string"),
        Column("product_id", "string"),
        Column("views", "bigint"),
        *_IN_CART,
        *_SOLD,
        Column(
            "source_events",
            "bigint",
            "events counted in any row of the day, and sightings of customers that decide on them: else it is stale",
        ),
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
        Column("last_order_at", "timestamp"),
        Column("amount", "decimal(38,4)", "revenue before it is rounded: what a later day adds to"),
        Column("source_events", "bigint", "orders and sales up to as_of that name a customer, when it was built"),
    ),
)

GOLD_LOW_STOCK = Table(
    name="gold.low_stock",
    grain="one product at one store or warehouse that should be ordered, as of the end of one day (UTC)",
    key=("location_id", "product_id", "as_of"),
    columns=(
        Column("location_id", "string"),
        Column("product_id", "string"),
        Column("as_of", "timestamp", "end of the day, exclusive"),
        Column("location_kind", "string", "store or warehouse"),
        Column("quantity_on_hand", "bigint", "the last level reported"),
        Column("reorder_point", "bigint", "units of 4 days at the greater of both rates, rounded up"),
        Column("units_sold_7d", "bigint", "sold there; of a warehouse all that was sold online"),
        Column("units_sold_28d", "bigint"),
        Column("cover_7d_days", "double", "quantity over units a day of the last 7 days; null without sales"),
        Column("cover_28d_days", "double", "quantity over units a day of the last 28 days; null without sales"),
        Column("changed_at", "timestamp", "when the level was reported"),
        Column("change_reason", "string"),
    ),
)
