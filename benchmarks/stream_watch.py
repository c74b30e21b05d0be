"""What is seen of the streams while events land: how far gold is, and memory."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from contracts.tables import SILVER_CLICKSTREAM_EVENTS, SILVER_POS_EVENTS, Table
from data_lake.arrow_lake import ArrowLake
from deployment.local_stack.processes import pss_mib, tree_of
from deployment.local_stack.stack import Stack

# Reading the memory maps of all processes takes a tenth of a second.
_WEIGH_EVERY_S = 5.0
EVENT_TABLES = (SILVER_CLICKSTREAM_EVENTS, SILVER_POS_EVENTS)


@dataclass
class Watch:
    """One look after another; times are ``perf_counter``'s."""

    lake: ArrowLake
    stack: Stack
    in_gold: list[tuple[float, int]] = field(default_factory=list)
    memory_mib: list[float] = field(default_factory=list)
    _weighed: float = -math.inf

    def look(self) -> int:
        """Take one look, and return how many events have reached gold."""
        if time.perf_counter() - self._weighed > _WEIGH_EVERY_S:
            self._weighed = time.perf_counter()
            self.memory_mib.append(pss_mib(tree_of([self.stack.supervisor.states()["stream"].pid])))
        marks = _gold_marks(self.lake)
        handled = sum(_rows_up_to(self.lake, table, marks.get(table.name)) for table in EVENT_TABLES)
        self.in_gold.append((time.perf_counter(), handled))
        return handled

    def seconds_for(self, first: int, last: int) -> float | None:
        """Return how long gold took from event number ``first`` to ``last``; None where it did not get there."""
        times, counts = (np.array(each, float) for each in zip(*self.in_gold, strict=True))
        if counts[-1] < last:
            return None
        begun, ended = np.interp([first, last], counts, times)
        return float(ended - begun)

    def memory_growth(self) -> float:
        """Return the median memory of the last quarter over that of the second: 1 where it is flat."""
        quarter = max(len(self.memory_mib) // 4, 1)
        return float(np.median(self.memory_mib[-quarter:]) / np.median(self.memory_mib[quarter : 2 * quarter]))


def _gold_marks(lake: ArrowLake) -> dict[str, datetime]:
    try:
        with open(f"{lake.checkpoint('gold')}/progress.json", "rb") as file:  # noqa: PTH123 - a lake's path is a text
            return {table: datetime.fromisoformat(mark) for table, mark in orjson.loads(file.read()).items()}
    except FileNotFoundError:
        return {}


def _rows_up_to(lake: ArrowLake, table: Table, mark: datetime | None) -> int:
    """Count the rows of the files that gold has seen all of."""
    files = pa.table(lake.open(table).get_add_actions(flatten=True))
    if mark is None or not files.num_rows:
        return 0
    seen = files.filter(pc.less_equal(files["max.processed_at"], pa.scalar(mark)))
    return int(pc.sum(seen["num_records"]).as_py() or 0)
