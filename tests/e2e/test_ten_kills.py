"""200,000 events, ten times ``kill -9`` at random moments: nothing lost, nothing doubled, by ids and checksums.

About 6 minutes. ``make test-slow ARGS="--seed N"`` repeats a run with the same events, victims and planned moments.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.fixtures.books import assert_exact
from tests.fixtures.killing import carry_out, plan_kills
from tests.fixtures.landed import wait_until_landed
from tests.fixtures.senders import post_to_collector, send_to_kafka
from tests.fixtures.stack import RunningStack, stack_in
from tests.fixtures.traffic import Traffic, traffic

_EVENTS, _EVENTS_PER_S = 200_000, 800.0
_HTTP_SHARE = 0.15
_KILLS = 10
_LANDS_WITHIN_S = 300.0


@pytest.fixture
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    with stack_in(tmp_path_factory.mktemp("kills"), ["stream", "live", "collector"]) as running:
        yield running


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_ten_kills_lose_nothing_and_double_nothing(stack: RunningStack, seed: int) -> None:
    sent = traffic(seed, _EVENTS, _HTTP_SHARE)
    _send_and_kill(stack, sent, seed)
    ends = wait_until_landed(stack, sent, _LANDS_WITHIN_S)
    stack.run("down")
    assert_exact(stack.lake, sent, ends)
    assert "Spark's JVM ended" in stack.stack.supervisor.log_path("stream").read_text()


def _send_and_kill(stack: RunningStack, sent: Traffic, seed: int) -> None:
    """Kill while both senders send, for most of their time; return when all is acknowledged and up again."""
    seconds = _EVENTS / _EVENTS_PER_S
    servers = stack.settings.kafka.bootstrap_servers
    with ThreadPoolExecutor() as pool:
        sending = pool.submit(send_to_kafka, servers, sent.messages, seconds)
        posting = pool.submit(post_to_collector, stack.settings, sent.posts, seconds)
        carry_out(stack, plan_kills(seed, _KILLS, 0.9 * seconds))
        sending.result()
        print(f"{len(sent.posts):,} posts, {posting.result():,} tries without a 202", flush=True)  # noqa: T201
