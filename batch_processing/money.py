"""Money: sums are exact and rounded once, half up, as the very last step."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from contracts.tables import TOTAL

_EXACT = "decimal(38,4)"


def amount() -> Column:
    """Return quantity × unit price of a row, exactly."""
    return (F.col("quantity") * F.col("unit_price")).cast(_EXACT)


def lines_amount() -> Column:
    """Return the sum of quantity × unit price over ``lines``, exactly."""
    return F.aggregate(
        "lines",
        F.lit(0).cast(_EXACT),
        lambda total, line: (total + line["quantity"] * line["unit_price"]).cast(_EXACT),
    )


def total(amounts: Column) -> Column:
    """Return the sum of exact amounts, 0 where there are none, rounded to a total."""
    return F.round(exact_total(amounts), 2).cast(TOTAL)


def exact_total(amounts: Column) -> Column:
    """Return the sum of exact amounts, 0 where there are none."""
    return F.coalesce(F.sum(amounts), F.lit(0)).cast(_EXACT)
