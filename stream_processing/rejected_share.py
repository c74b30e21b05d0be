"""The share of messages that are no events, and the limit above which a stream stops."""

from __future__ import annotations

from operator import itemgetter

import pyarrow as pa
import pyarrow.compute as pc

from contracts.errors import TooManyRejectedError

# Below this many messages a share says little: a handful of bad ones must not stop a stream.
_SMALLEST_BATCH_TO_JUDGE = 1000
_BY_ARRIVAL = [("received_at", "ascending"), ("partition", "ascending"), ("offset", "ascending")]


def require_few_rejected(messages: pa.Table, max_ratio: float) -> None:
    """Raise ``TooManyRejectedError`` where more than ``max_ratio`` of a topic's new messages is rejected."""
    for topic in messages["topic"].unique().to_pylist():
        theirs = messages.filter(pc.equal(messages["topic"], topic))
        rejected = theirs.filter(pc.is_valid(theirs["reason"]))
        if theirs.num_rows >= _SMALLEST_BATCH_TO_JUDGE and rejected.num_rows > max_ratio * theirs.num_rows:
            raise TooManyRejectedError(_describe(topic, theirs.num_rows, rejected, max_ratio))


def _describe(topic: str, messages: int, rejected: pa.Table, max_ratio: float) -> str:
    first = rejected.sort_by(_BY_ARRIVAL).slice(0, 1).to_pylist()[0]
    commonest = max(pc.value_counts(rejected["reason"]).to_pylist(), key=itemgetter("counts"))
    return (
        f"topic {topic}: {rejected.num_rows} of {messages} messages of one batch were rejected, "
        f"the limit is {max_ratio:.0%} (AISLE_SPARK__MAX_REJECTED_RATIO); most often {commonest['values']}; "
        f"the first at partition {first['partition']} offset {first['offset']}: {first['message']}"
    )
