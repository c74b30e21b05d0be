"""Counts as cells: a second, a measure, an amount. A value in Redis is cells one after the other, in any order.

A writer appends; what is read is a sum, so that two cells of one tile are as good as one. Folding makes few of many.
"""

from __future__ import annotations

from struct import Struct

import numpy as np
from numpy.typing import NDArray

from feature_store.live.windows import WINDOWS, first_seconds, tiles

VISITOR_MEASURES = ("events", "product_views", "cart_adds", "orders", "revenue")
PRODUCT_MEASURES = ("views", "cart_adds", "orders", "units")
# Amounts of money are ten-thousandths, whole numbers: their sum is exact up to 2**53 and the same in any order.
MONEY_UNIT = 10_000

Cells = NDArray[np.void]

PRODUCT_CELL = np.dtype([("second", "<u4"), ("measure", "u1"), ("amount", "<f8")])
# ``event`` is the event's hash, by which a copy of it is known; 0 in a folded cell.
VISITOR_CELL = np.dtype([("second", "<u4"), ("measure", "u1"), ("amount", "<f8"), ("event", "<u8")])
pack_product_cell = Struct("<IBd").pack
pack_visitor_cell = Struct("<IBdQ").pack

# The measure of a mark: copies of a visitor's events up to its second are not known any more.
_FOLDED_UP_TO = 255
_MOST_VISITOR_CELLS = 2_048
_HASH_AT = VISITOR_CELL.itemsize - 8
_MEASURE_AT = 4


def product_cells(value: bytes) -> Cells:
    """Return the cells of a product's value."""
    return np.frombuffer(value, PRODUCT_CELL)


def visitor_cells(value: bytes) -> Cells:
    """Return the cells of a visitor's value, without the mark of what is folded."""
    cells = np.frombuffer(value, VISITOR_CELL)
    counted: Cells = cells[cells["measure"] != _FOLDED_UP_TO]
    return counted


def window_sums(cells: Cells, cells_of_each: NDArray[np.int64], measure_count: int, now_s: int) -> NDArray[np.float64]:
    """Return the amounts in each window at ``now_s``, as owner × window × measure.

    ``cells`` are the first owner's, then the next one's, so many as ``cells_of_each`` says. A cell of a second to come
    counts in none.
    """
    owners, depth = len(cells_of_each), len(WINDOWS) + 1
    second = np.ascontiguousarray(cells["second"])
    # 0: older than every window, 1: in the longest alone, and so on to the number of windows: in all.
    windows_met = np.zeros(len(cells), np.uint8)
    for first_second in first_seconds(now_s):
        windows_met += second >= first_second
    windows_met *= second <= now_s
    place = np.repeat(np.arange(owners) * (depth * measure_count), cells_of_each)
    place += windows_met * np.uint8(measure_count)
    place += cells["measure"]
    sums = np.bincount(place, cells["amount"], owners * depth * measure_count).astype(np.float64)
    return sums.reshape(owners, depth, measure_count)[:, :0:-1].cumsum(axis=1)


def last_seconds(cells: Cells, cells_of_each: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the last second of each owner's cells, -1 where there is none; arguments as for ``window_sums``."""
    last = np.full(len(cells_of_each), -1, np.int64)
    starts, has_cells = np.cumsum(cells_of_each) - cells_of_each, cells_of_each > 0
    if len(cells):
        last[has_cells] = np.maximum.reduceat(np.ascontiguousarray(cells["second"]), starts[has_cells])
    return last


def fold_product(value: bytes, now_s: int) -> bytes:
    """Return the same counts in at most one cell a tile and measure; what no window needs is dropped."""
    cells = product_cells(value)
    second, measure, amount = _fold(cells, now_s)
    folded = np.zeros(len(second), PRODUCT_CELL)
    folded["second"], folded["measure"], folded["amount"] = second, measure, amount
    return folded.tobytes()


def fold_visitor(value: bytes, now_s: int) -> bytes:
    """Drop what no window needs; of over 2,048 cells only the newest half stay events, the others become tiles."""
    cells = visitor_cells(value)
    cells = cells[tiles(cells["second"].astype(np.int64), now_s) >= 0]
    if len(cells) <= _MOST_VISITOR_CELLS:
        return _mark(folded_up_to(value)) + cells.tobytes()
    events = np.sort(cells["second"][cells["event"] != 0])
    newest_old = events[: -_MOST_VISITOR_CELLS // 2][-1:]
    last_folded = max(int(newest_old[0]) if len(newest_old) else -1, folded_up_to(value))
    is_old = cells["second"] <= last_folded
    second, measure, amount = _fold(cells[is_old], now_s)
    folded = np.zeros(len(second), VISITOR_CELL)
    folded["second"], folded["measure"], folded["amount"] = second, measure, amount
    return _mark(last_folded) + folded.tobytes() + cells[~is_old].tobytes()


def _mark(last_folded: int) -> bytes:
    return pack_visitor_cell(last_folded, _FOLDED_UP_TO, 0.0, 0) if last_folded >= 0 else b""


def has_event(value: bytes | bytearray, event: int) -> bool:
    """Say whether a visitor's value holds a cell of the event with this hash."""
    wanted = event.to_bytes(8, "little")
    at = value.find(wanted)
    while at >= 0 and at % VISITOR_CELL.itemsize != _HASH_AT:
        at = value.find(wanted, at + 1)
    return at >= 0


def folded_up_to(value: bytes) -> int:
    """Return the last second whose events are folded: a copy of one would not be known. -1 where none is."""
    if len(value) > _MEASURE_AT and value[_MEASURE_AT] == _FOLDED_UP_TO:
        return int.from_bytes(value[:_MEASURE_AT], "little")
    return -1


def _fold(cells: Cells, now_s: int) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    tile = tiles(cells["second"].astype(np.int64), now_s)
    # A measure is one byte.
    keys, place = np.unique((tile << 8) | cells["measure"].astype(np.int64), return_inverse=True)
    amounts = np.bincount(place, cells["amount"], len(keys)).astype(np.float64)
    needed = keys >= 0
    return keys[needed] >> 8, keys[needed] & 255, amounts[needed]
