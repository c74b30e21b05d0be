from __future__ import annotations

import numpy as np
import orjson

from benchmarks.ingest import lost_and_duplicated
from benchmarks.ingest_client import BATCH, Posted, body_of
from benchmarks.ingest_events import templates, times_seen
from ingestion.collector.checking import check


def test_a_lost_and_a_doubled_event_are_found() -> None:
    times = np.ones(4 * BATCH, np.int64)
    posted = Posted(first=0, end=4, accepted={0, 1, 2}, retried={2})
    assert lost_and_duplicated(times, [posted]) == (0, 0)
    times[[5, BATCH + 7]] = 0, 2
    assert lost_and_duplicated(times, [posted]) == (1, 1)


def test_an_unanswered_event_may_be_missing_and_a_retried_one_there_twice() -> None:
    times = np.repeat([1, 0, 2], BATCH)
    assert lost_and_duplicated(times, [Posted(first=0, accepted={0}), Posted(first=2, accepted={2}, retried={2})]) == (
        0,
        0,
    )


def test_what_is_posted_are_valid_events_with_their_numbers_as_ids() -> None:
    values = [message.value for message in check(orjson.loads(body_of(3, templates()))).messages]
    assert times_seen(values, 4 * BATCH).tolist() == [0] * 3 * BATCH + [1] * BATCH
