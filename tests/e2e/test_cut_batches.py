"""A micro-batch cut between any two of its writes, as ``kill -9`` can: the next start completes it exactly.

In the order of its writes: Spark's plan of the batch, each table, Spark's mark that it is done.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from contracts.tables import SILVER_CLICKSTREAM_EVENTS, SILVER_POS_EVENTS, SILVER_REJECTED_EVENTS, bronze_table
from contracts.topics import CLICKSTREAM
from data_lake.arrow_lake import ArrowLake
from deployment.local_stack.jobs import job_is_healthy
from tests.fixtures.books import assert_exact
from tests.fixtures.cutting import kill_at_next
from tests.fixtures.landed import wait_until_landed
from tests.fixtures.senders import send_to_kafka
from tests.fixtures.stack import stack_in, until
from tests.fixtures.traffic import traffic

_EVENTS_A_CUT, _SECONDS = 2000, 3.0
_UP_WITHIN_S, _LANDS_WITHIN_S = 180.0, 180.0
_SILVER = (SILVER_REJECTED_EVENTS, SILVER_CLICKSTREAM_EVENTS, SILVER_POS_EVENTS)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_batch_cut_between_any_two_writes_is_completed(tmp_path: Path) -> None:
    with stack_in(tmp_path, ["stream"]) as stack, ThreadPoolExecutor(1) as pool:
        cuts = _cuts(stack.lake)
        sent = traffic(3, _EVENTS_A_CUT * len(cuts))
        each = -(-len(sent.messages) // len(cuts))
        for number, (directory, pattern) in enumerate(cuts):
            until(lambda: job_is_healthy(stack.settings, "stream"), _UP_WITHIN_S)
            part = sent.messages[number * each : (number + 1) * each]
            sending = pool.submit(send_to_kafka, stack.settings.kafka.bootstrap_servers, part, _SECONDS)
            name = kill_at_next(directory, pattern, stack, _UP_WITHIN_S)
            print(f"cut at {directory.relative_to(stack.lake.uri)}/{name}: {_done(stack.lake)}", flush=True)  # noqa: T201
            sending.result()
        ends = wait_until_landed(stack, sent, _LANDS_WITHIN_S)
        stack.run("down")
        assert_exact(stack.lake, sent, ends)


def _cuts(lake: ArrowLake) -> list[tuple[Path, str]]:
    """Return where to look for the file after which a batch is cut, and its pattern."""
    checkpoint = Path(lake.checkpoint("silver"))
    tables = (bronze_table(CLICKSTREAM), *_SILVER)
    return [
        (checkpoint / "offsets", "[0-9]*"),
        *((Path(lake.path(table)) / "_delta_log", "[0-9]*.json") for table in tables),
        (checkpoint / "commits", "[0-9]*"),
    ]


def _done(lake: ArrowLake) -> str:
    """Say which batch of silver each of its writes is at."""
    checkpoint = Path(lake.checkpoint("silver"))
    writer = json.loads((checkpoint / "metadata").read_text())["id"]
    by_log = {log: max(int(file.name) for file in (checkpoint / log).glob("[0-9]*")) for log in ("offsets", "commits")}
    by_table = {table.name: lake.last_number(table, writer) for table in _SILVER}
    return str(by_log | by_table)
