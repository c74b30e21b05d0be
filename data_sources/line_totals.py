"""A line's total shared among its units, for files that have no unit prices."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from contracts.events import load_schema
from data_sources.unmapped_row import UnmappedRowError

# What a mapping gives a line instead of its unit price.
TOTAL = "total"
_PLACES = 4  # as many as the contract's money has
_STEPS = 10**_PLACES


def priced(line: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the line with a unit price instead of its total.

    Where the total does not come out even at four places, these are two lines that add up to it: 10.00 for 3 units is
    2 at 3.3333 and 1 at 3.3334. Raises ``UnmappedRowError``.
    """
    total, units = line.pop(TOTAL), line["quantity"]
    if units < 1:
        msg = f"quantity is {units}: expected 1 or more units to share the total among"
        raise UnmappedRowError(msg)
    price, dearer = divmod(_steps(total), units)
    shares = ((units - dearer, price), (dearer, price + 1))
    return [line | {"quantity": count, "unit_price": _text(each)} for count, each in shares if count]


def _steps(total: str) -> int:
    pattern, expected = _money()
    if not pattern.match(total):
        msg = f"total is {total[:80]!r}: expected {expected}"
        raise UnmappedRowError(msg)
    whole, _, places = total.partition(".")
    return int(whole + places.ljust(_PLACES, "0"))


def _text(steps: int) -> str:
    return f"{steps // _STEPS}.{steps % _STEPS:0{_PLACES}}"


@cache
def _money() -> tuple[re.Pattern[str], str]:
    """Return the contract's pattern of money, and what it expects in words."""
    definition = load_schema("common.v1")["$defs"]["money"]
    return re.compile(definition["pattern"]), definition["description"]
