"""The pairs of gold.basket_pairs into the online store.

    score(a, b) = baskets with both / √(baskets with a × baskets with b)

the cosine of Linden, Smith and York (2003, "Amazon.com Recommendations"), which is the geometric mean of the confidence
of a → b and of b → a: neither what is in every basket nor what is in few comes first with everything.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from contracts.errors import NotReadyError
from contracts.tables import GOLD_BASKET_PAIRS
from data_lake.arrow_lake import ArrowLake
from data_lake.sql import open_sql
from feature_store.product_pairs import OnlineProductPairs, Pairs

# A season; longer, and what is no longer sold would still be paired.
_DAYS = 90
# Two products in one basket once are chance.
_FEWEST_BASKETS = 2
_PAIRS_OF_A_PRODUCT = 50
_SQL = """
    WITH lately AS (
        SELECT product_a, product_b, sum(baskets_together) AS baskets
        FROM basket_pairs
        WHERE date > (SELECT max(date) FROM basket_pairs) - $days::INTEGER
        GROUP BY product_a, product_b
    ),
    own AS (SELECT product_a AS product_id, baskets FROM lately WHERE product_a = product_b),
    both_ways AS (
        SELECT unnest([product_a, product_b]) AS product_id, unnest([product_b, product_a]) AS other, baskets
        FROM lately
        WHERE product_a <> product_b AND baskets >= $fewest_baskets
    ),
    scored AS (
        SELECT pair.product_id, other, round(pair.baskets / sqrt(one.baskets * two.baskets), 4) AS score
        FROM both_ways AS pair
        JOIN own AS one ON one.product_id = pair.product_id
        JOIN own AS two ON two.product_id = other
    ),
    ranked AS (
        SELECT *, row_number() OVER (PARTITION BY product_id ORDER BY score DESC, other) AS rank FROM scored
    )
    SELECT product_id, list(other ORDER BY rank) AS others, list(score ORDER BY rank) AS scores
    FROM ranked
    WHERE rank <= $most
    GROUP BY product_id
"""


def publish_product_pairs(lake: ArrowLake, online: OnlineProductPairs) -> int:
    """Write what is bought together with each product; return of how many products. Safe to repeat.

    Raises ``NotReadyError`` where there is no table, ``OnlineStoreUnavailableError`` without Redis.
    """
    if not lake.exists(GOLD_BASKET_PAIRS):
        msg = f"{GOLD_BASKET_PAIRS.name} is not there: run `aisle batch run basket_pairs --stale` first"
        raise NotReadyError(msg)
    parameters = {"days": _DAYS, "fewest_baskets": _FEWEST_BASKETS, "most": _PAIRS_OF_A_PRODUCT}
    with open_sql(_SQL, parameters, basket_pairs=lake.scan(GOLD_BASKET_PAIRS)) as batches:
        return online.write(_pairs(batches))


def _pairs(batches: pa.RecordBatchReader) -> Iterator[tuple[str, Pairs]]:
    for batch in batches:
        for row in batch.to_pylist():
            yield row["product_id"], dict(zip(row["others"], row["scores"], strict=True))
