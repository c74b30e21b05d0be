"""The share of messages that are no events, and the limit above which a stream stops."""

from __future__ import annotations

from collections.abc import Mapping

from pyspark.sql import DataFrame
from pyspark.sql import functions as sf

from contracts.errors import TooManyRejectedError

# Below this many messages a share says little: a handful of bad ones must not stop a stream.
_SMALLEST_BATCH_TO_JUDGE = 1000


def require_few_rejected(parsed: DataFrame, counts: Mapping[str | None, int], max_ratio: float) -> None:
    """Raise ``TooManyRejectedError`` where more than ``max_ratio`` of a micro-batch is rejected.

    ``counts`` holds the batch's messages by reason, the good ones under ``None``.
    """
    messages = sum(counts.values())
    rejected = {reason: count for reason, count in counts.items() if reason is not None}
    if messages < _SMALLEST_BATCH_TO_JUDGE or sum(rejected.values()) <= max_ratio * messages:
        return
    first = parsed.where("reason IS NOT NULL").orderBy("received_at", "partition", "offset").head(1)[0]
    commonest = max(rejected, key=lambda reason: rejected[reason])
    msg = (
        f"topic {first['topic']}: {sum(rejected.values())} of {messages} messages of one batch were rejected, "
        f"the limit is {max_ratio:.0%} (AISLE_SPARK__MAX_REJECTED_RATIO); most often {commonest}; "
        f"the first at partition {first['partition']} offset {first['offset']}: {first['message']}"
    )
    raise TooManyRejectedError(msg)


def count_by_reason(parsed: DataFrame) -> dict[str | None, int]:
    """Count a parsed batch's messages by reason, the good ones under ``None``."""
    return {
        row["reason"]: row["messages"]
        for row in parsed.groupBy("reason").agg(sf.count("*").alias("messages")).collect()
    }
