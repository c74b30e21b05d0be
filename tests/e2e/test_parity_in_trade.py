"""What is read online while the shop trades is what the lake says of that moment, says `aisle features parity`.

For 15 s as usual, and for ten minutes with ten times the usual faults and with what the server reads of customers and
products; both in ``make test-slow``. ``make test`` compares a shop's trade without the stack (test_parity).
"""

from __future__ import annotations

import subprocess
import time
from datetime import UTC, datetime
from random import Random

import pyarrow.compute as pc
import pytest

from contracts.tables import GOLD_CUSTOMER_FEATURES, GOLD_PRODUCT_FEATURES, SILVER_SESSIONS
from deployment.bootstrap.live import build_sampled_reader
from deployment.local_stack.services import aisle_executable
from deployment.settings import FeatureSettings, child_environment
from feature_store.live.reader import Presence
from feature_store.sampled_reader import SampledReader
from tests.fixtures.stack import RunningStack, until

pytestmark = pytest.mark.slow

_READ_AT_ONCE = 4
_LANDS_WITHIN_S = 60.0
_FAULTS = ("--late-ratio", "0.02", "--duplicate-ratio", "0.05", "--out-of-order-ratio", "0.1")


@pytest.fixture
def reader(running_stack: RunningStack) -> SampledReader:
    """What the model server reads by, with every read logged."""
    every_read = {"features": FeatureSettings(logged_read_ratio=1)}
    return build_sampled_reader(running_stack.settings.model_copy(update=every_read))


def test_reads_in_trade_equal_the_lake(running_stack: RunningStack, reader: SampledReader) -> None:
    equal = _parity_after_trade(running_stack, reader, 15, 1)
    assert min(equal["visitor_features"], equal["session_features"]) > 0


@pytest.mark.timeout(1800)
def test_reads_in_ten_minutes_of_faulty_trade_equal_the_lake(
    running_stack: RunningStack, reader: SampledReader
) -> None:
    equal = _parity_after_trade(running_stack, reader, 600, 5, *_FAULTS)
    assert min(equal["visitor_features"], equal["session_features"]) > 100
    running_stack.run("batch", "run", "all", "--stale")
    running_stack.run("features", "apply")
    running_stack.run("features", "materialize")
    products = running_stack.lake.read(GOLD_PRODUCT_FEATURES, ["product_id"])["product_id"].to_pylist()
    for customer_id in running_stack.lake.read(GOLD_CUSTOMER_FEATURES, ["customer_id"])["customer_id"].to_pylist()[
        :200
    ]:
        reader.read("nobody", products[:1], customer_id)
    equal = _parity(running_stack)
    assert min(equal["customer_features"], equal["product_features"]) > 0


def _parity_after_trade(
    stack: RunningStack, reader: SampledReader, seconds: int, pause_s: float, *faults: str
) -> dict[str, int]:
    """Trade, read who trades meanwhile, and return the reads of each view that were equal; none may differ."""
    began, random = datetime.now(UTC), Random(seconds)
    trade = [aisle_executable(), "simulate", "--rate", "50", "--duration", f"{seconds}s", *faults]
    with subprocess.Popen(trade, env=child_environment(stack.settings), stdout=subprocess.DEVNULL) as trading:
        while trading.poll() is None:
            _read_some(stack, reader, began, random)
            time.sleep(pause_s)
    assert trading.returncode == 0
    until(lambda: _read_some(stack, reader, began, random), _LANDS_WITHIN_S)
    return _parity(stack)


def _read_some(stack: RunningStack, reader: SampledReader, began: datetime, random: Random) -> int:
    """Read some of the visitors who came since, and their sessions; return how many sessions were there."""
    recent = pc.field("ended_at") >= began
    visitors = sorted(set(stack.lake.read(SILVER_SESSIONS, ["visitor_id"], recent)["visitor_id"].to_pylist()))
    found = [reader.read(each).live.session for each in random.sample(visitors, min(_READ_AT_ONCE, len(visitors)))]
    return sum(session.presence is Presence.PRESENT for session in found)


def _parity(stack: RunningStack) -> dict[str, int]:
    said = stack.run("features", "parity", "--reads", "5000")
    assert "mismatch ratio 0.0000" in said
    return {line.split()[0]: int(line.split()[1]) for line in said.splitlines() if "_features " in line}
