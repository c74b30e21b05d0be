from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from data_sources.connectors.rate_limit import HostLimits, TokenBucket
from data_sources.connectors.sources import HostLimit
from tests.fixtures.connectors import START

SECOND = timedelta(seconds=1)


def test_a_burst_is_free_and_then_the_rate_holds() -> None:
    bucket = TokenBucket(HostLimit(requests_per_minute=30, burst=2), START)
    assert [bucket.take(START) for _ in range(4)] == [0 * SECOND, 0 * SECOND, 2 * SECOND, 4 * SECOND]
    rested = START + 600 * SECOND
    assert [bucket.take(rested) for _ in range(3)] == [0 * SECOND, 0 * SECOND, 2 * SECOND]


@given(gaps=st.lists(st.floats(0, 30), max_size=60), burst=st.integers(1, 5))
def test_no_minute_has_more_than_its_requests_and_a_burst(gaps: list[float], burst: int) -> None:
    limit = HostLimit(requests_per_minute=20, burst=burst)
    bucket, now, used = TokenBucket(limit, START), START, []
    for gap in gaps:
        now += gap * SECOND
        now += bucket.take(now)
        used.append(now)
    for first in used:
        within = [at for at in used if first <= at <= first + 60 * SECOND - timedelta(milliseconds=1)]
        assert len(within) <= limit.requests_per_minute + burst


def test_hosts_do_not_share_and_an_unnamed_one_has_the_default() -> None:
    limits = HostLimits({"slow": HostLimit(requests_per_minute=1, burst=1)})
    assert [limits.take(host, START) for host in ("slow", "slow", "other")] == [0 * SECOND, 60 * SECOND, 0 * SECOND]
    waits = [limits.take("other", START) for _ in range(5)]
    assert waits == [0 * SECOND] * 4 + [SECOND]
