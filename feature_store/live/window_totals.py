"""The sums over windows of many values, in one compiled pass over their bytes as they came from Redis.

Compiled when it is imported, or taken from the disk where that was done before (``make setup`` does it): no read waits
for a compiler.
"""

from __future__ import annotations

import numpy as np
from numba import float64, int64, njit, typeof, void
from numpy.typing import NDArray

from feature_store.live.cells import PRODUCT_CELL, VISITOR_CELL, Cells
from feature_store.live.windows import WINDOWS, first_seconds

NEVER = -1


def window_totals(
    cells: Cells, cells_of_each: NDArray[np.int64], measure_count: int, now_s: int
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the amounts in each window at ``now_s``, owner × window × measure, and each owner's last second.

    ``cells`` are the first owner's, then the next one's, so many as ``cells_of_each`` says. A cell of a second to come
    counts in no window; one of a measure beyond ``measure_count`` nowhere. ``NEVER`` is the second of an owner without.
    """
    by_age = np.zeros((len(cells_of_each), len(WINDOWS) + 1, measure_count))
    last_seconds = np.full(len(cells_of_each), NEVER, np.int64)
    _add(cells, cells_of_each, np.array(first_seconds(now_s)), now_s, by_age, last_seconds)
    return by_age[:, :-1].cumsum(axis=1), last_seconds


def _add_each(
    cells: Cells,
    cells_of_each: NDArray[np.int64],
    starts: NDArray[np.int64],
    now_s: int,
    by_age: NDArray[np.float64],
    last_seconds: NDArray[np.int64],
) -> None:
    """Add each amount to ``by_age`` by how many windows it misses, the shortest first."""
    windows, measures, number = len(starts), by_age.shape[2], 0
    for owner in range(len(cells_of_each)):
        end, last, sums = number + cells_of_each[owner], last_seconds[owner], by_age[owner]
        while number < end:
            cell = cells[number]
            number += 1
            second, measure = np.int64(cell["second"]), np.int64(cell["measure"])
            if measure >= measures:
                continue
            last = max(last, second)
            if second <= now_s:
                missed = 0
                while missed < windows and second < starts[missed]:
                    missed += 1
                sums[missed, measure] += cell["amount"]
        last_seconds[owner] = last


def _signature(cell: np.dtype[np.void]) -> object:
    read_only = typeof(np.frombuffer(b"", cell))  # type: ignore[no-untyped-call]
    return void(read_only, int64[::1], int64[::1], int64, float64[:, :, ::1], int64[::1])


_add = njit([_signature(PRODUCT_CELL), _signature(VISITOR_CELL)], cache=True, nogil=True)(_add_each)
