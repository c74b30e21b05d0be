"""How fast ``aisle lake rebuild`` makes silver and gold anew from the bronze of a benchmark."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

from contracts.tables import EVENT_TABLES
from data_lake.arrow_lake import ArrowLake
from deployment.local_stack.services import aisle_executable
from deployment.settings import Settings, child_environment

_POLL_S = 0.5
_ENDS_WITHIN_S = 120.0


def backfill_events_per_s(settings: Settings, into: Path, events: int) -> float:
    """Rebuild until ``events`` are in silver or all are, Spark's start included; then let gold finish its step."""
    lake = ArrowLake(str(into))
    command = [aisle_executable(), "lake", "rebuild", "--into", str(into)]
    started = time.perf_counter()
    with subprocess.Popen(command, env=child_environment(settings)) as rebuild:
        while rebuild.poll() is None and _landed(lake) < events:
            time.sleep(_POLL_S)
        if rebuild.poll() is None:
            rebuild.send_signal(signal.SIGINT)
        rebuild.wait(_ENDS_WITHIN_S)
    return _landed(lake) / (time.perf_counter() - started)


def _landed(lake: ArrowLake) -> int:
    return sum(lake.count(table) for table in EVENT_TABLES.values() if lake.exists(table))
