"""One micro-batch as a query's target gets it."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from data_lake.arrow_lake import Transaction


@dataclass(frozen=True)
class MicroBatch:
    """The rows and what tells a repetition of this batch from another: the same after every restart."""

    rows: pa.Table
    transaction: Transaction
