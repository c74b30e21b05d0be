"""What each version of a model reads. A version's features never change: a model that reads others is a new version."""

from __future__ import annotations

from feast import FeatureService

from contracts.errors import UnknownNameError
from feature_store.definitions import (
    CATEGORY_FEATURES,
    CUSTOMER_FEATURES,
    OWNER,
    PRODUCT_FEATURES,
    SESSION_FEATURES,
    STORE_FEATURES,
    VISITOR_FEATURES,
)
from feature_store.on_demand import CUSTOMER_RECENCY, OFFER_POSITION

_FIRST_PRODUCT_FEATURES = [
    *("category", "brand", "unit_price", "views_1d", "views_7d", "views_30d", "cart_adds_30d"),
    *("orders_30d", "units_sold_30d", "revenue_30d", "conversion_ratio_30d"),
]
_RANKED_CUSTOMER_FEATURES = [
    *("tenure_days", "order_count", "orders_30d", "orders_90d", "mean_order_gap_days", "revenue_90d"),
    *("mean_order_value", "mean_unit_price", "distinct_product_count", "distinct_category_count"),
    *("price_level_ratio", "promotion_ratio", "mean_discount_ratio", "store_order_ratio", "evening_order_ratio"),
    *("unit_return_ratio", "sessions_30d", "mean_session_view_count", "session_order_ratio", "abandoned_cart_ratio"),
]
_RANKED_PRODUCT_FEATURES = [
    *("unit_price", "price_rank_ratio", "category_price_ratio", "age_days", "views_1d", "views_7d", "views_30d"),
    *("viewers_30d", "cart_ratio_30d", "units_sold_30d", "conversion_ratio_30d", "view_trend_ratio_7d"),
    *("sales_trend_ratio_7d", "return_ratio_30d", "quantity_on_hand", "review_count", "mean_rating"),
]

SERVICES = (
    FeatureService(
        name="recommender_v1",
        features=[VISITOR_FEATURES, PRODUCT_FEATURES[_FIRST_PRODUCT_FEATURES]],
        description="What the first recommender reads.",
        owner=OWNER,
    ),
    FeatureService(
        name="recommender_v2",
        features=[
            CUSTOMER_FEATURES[_RANKED_CUSTOMER_FEATURES],
            PRODUCT_FEATURES[_RANKED_PRODUCT_FEATURES],
            CUSTOMER_RECENCY,
            OFFER_POSITION,
        ],
        description="What a recommender reads that ranks a known customer's products: 40 features.",
        owner=OWNER,
    ),
    FeatureService(
        name="purchase_v1",
        features=[SESSION_FEATURES],
        description="What purchase prediction reads.",
        owner=OWNER,
    ),
    FeatureService(
        name="demand_v1",
        features=[
            PRODUCT_FEATURES[
                ["unit_price", "discount_ratio", "units_sold_7d", "units_sold_30d", "sales_trend_ratio_7d"]
            ],
            CATEGORY_FEATURES,
            STORE_FEATURES,
        ],
        description="What a forecast of a product's demand in a store reads.",
        owner=OWNER,
    ),
)

_SERVICE_OF = {service.name: service for service in SERVICES}


def service_named(name: str) -> FeatureService:
    """Return the service called ``name``; raises ``UnknownNameError``."""
    try:
        return _SERVICE_OF[name]
    except KeyError:
        msg = f"unknown feature service {name!r}: expected one of {', '.join(_SERVICE_OF)}"
        raise UnknownNameError(msg) from None
