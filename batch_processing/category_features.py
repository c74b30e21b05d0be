"""gold.category_features: each category's products, prices and demand as of the end of a day.

Made from the rows of ``gold.product_features``: every feature is a sum or a mean over the category's products.
"""

from __future__ import annotations

import pyarrow as pa

from contracts.tables import GOLD_CATEGORY_FEATURES
from data_lake.schemas import contracted
from data_lake.sql import Rows, run_sql

_SQL = """
    SELECT
        coalesce(category, 'unknown') AS category_id,
        as_of,
        count(*) AS product_count,
        count_if(is_active) / nullif(count(is_active), 0) AS active_product_ratio,
        count_if(quantity_on_hand > 0) / nullif(count(quantity_on_hand), 0) AS in_stock_ratio,
        sum(unit_price) / count(unit_price) AS mean_unit_price,
        median(unit_price::DOUBLE) AS median_unit_price,
        min(unit_price) AS min_unit_price,
        max(unit_price) AS max_unit_price,
        sum(product.views_7d) AS views_7d,
        sum(product.views_30d) AS views_30d,
        sum(product.cart_adds_30d) AS cart_adds_30d,
        sum(product.units_sold_7d) AS units_sold_7d,
        sum(product.units_sold_30d) AS units_sold_30d,
        sum(product.revenue_30d) AS revenue_30d,
        sum(product.revenue_30d) / nullif(sum(sum(product.revenue_30d)) OVER (PARTITION BY as_of), 0)
            AS revenue_share_ratio_30d,
        sum(product.units_sold_30d) / nullif(sum(product.views_30d), 0) AS units_per_view_ratio_30d,
        sum(product.views_7d) / nullif(sum(views_14d) - sum(product.views_7d), 0)
            AS view_trend_ratio_7d,
        sum(product.units_sold_7d) / nullif(sum(units_sold_14d) - sum(product.units_sold_7d), 0)
            AS sales_trend_ratio_7d,
        sum(units_returned_30d) / nullif(sum(product.units_sold_30d), 0) AS return_ratio_30d,
        sum(product.review_count) AS review_count,
        sum(round(product.mean_rating * product.review_count)::BIGINT)
            / nullif(sum(product.review_count), 0) AS mean_rating
    FROM product_features AS product
    GROUP BY category_id, as_of
"""


def category_features(product_features: Rows) -> pa.Table:
    """Return one row per category and ``as_of`` of the products' rows."""
    return contracted(run_sql(_SQL, product_features=product_features), GOLD_CATEGORY_FEATURES)
