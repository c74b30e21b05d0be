"""Counts as cells: a second, a measure, an amount. A value in Redis is cells one after the other, in any order.

A writer appends; what is read is a sum, so that two cells of one tile are as good as one. Folding makes few of many.
"""

from __future__ import annotations

from hashlib import blake2b
from struct import Struct

import numpy as np
from numpy.typing import NDArray

from feature_store.live.windows import WINDOWS, tiles

# A cell has the number of its measure: a new one goes to the end.
VISITOR_MEASURES = ("events", "product_views", "cart_adds", "orders", "revenue")
PRODUCT_MEASURES = ("views", "cart_adds", "orders", "units")
# What values count. Those written under another definition lack something of the past until they are filled again.
DEFINITION = blake2b(repr((VISITOR_MEASURES, PRODUCT_MEASURES, WINDOWS)).encode(), digest_size=8).hexdigest()
# Amounts of money are ten-thousandths, whole numbers: their sum is exact up to 2**53 and the same in any order.
MONEY_UNIT = 10_000

Cells = NDArray[np.void]

PRODUCT_CELL = np.dtype([("second", "<u4"), ("measure", "u1"), ("amount", "<u4")])
# ``event`` is the event's hash, by which a copy of it is known; 0 in a folded cell.
VISITOR_CELL = np.dtype([("second", "<u4"), ("measure", "u1"), ("amount", "<f8"), ("event", "<u8")])
pack_visitor_cell = Struct("<IBdQ").pack
_pack_product_cell = Struct("<IBI").pack
_MOST_OF_A_CELL = 2**32 - 1

# The measure of a mark: copies of a visitor's events up to its second are not known any more.
_FOLDED_UP_TO = 255
_MOST_VISITOR_CELLS = 2_048
_HASH_AT = VISITOR_CELL.itemsize - 8
_MEASURE_AT = 4


def pack_product_cell(second: int, measure: int, amount: float) -> bytes:
    """Return a product's cell; several, where an amount is too large for one."""
    full, rest = divmod(int(amount), _MOST_OF_A_CELL)
    return _pack_product_cell(second, measure, _MOST_OF_A_CELL) * full + _pack_product_cell(second, measure, rest)


def fold_product(value: bytes, now_s: int) -> bytes:
    """Return the same counts in one cell a tile and measure; what no window needs is dropped."""
    second, measure, amount = _fold(np.frombuffer(value, PRODUCT_CELL), now_s)
    full, rest = np.divmod(amount.astype(np.int64), _MOST_OF_A_CELL)
    folded: Cells = np.zeros(len(second) + int(full.sum()), PRODUCT_CELL)
    folded["second"], folded["measure"] = np.repeat(second, full + 1), np.repeat(measure, full + 1)
    folded["amount"] = _MOST_OF_A_CELL
    folded["amount"][np.cumsum(full + 1) - 1] = rest
    return folded.tobytes()


def fold_visitor(value: bytes, now_s: int) -> bytes:
    """Drop what no window needs; of over 2,048 cells only the newest half stay events, the others become tiles."""
    cells: Cells = np.frombuffer(value, VISITOR_CELL)
    cells = cells[cells["measure"] != _FOLDED_UP_TO]
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
