from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_sources.line_totals import priced
from data_sources.unmapped_row import UnmappedRowError


def lines_of(total: str, quantity: int) -> list[tuple[int, str]]:
    lines = priced({"product_id": "p-1", "quantity": quantity, "total": total})
    assert all(line.keys() == {"product_id", "quantity", "unit_price"} for line in lines)
    return [(line["quantity"], line["unit_price"]) for line in lines]


@pytest.mark.parametrize(
    ("total", "quantity", "lines"),
    [
        ("3.86", 1, [(1, "3.8600")]),
        ("11.87", 2, [(2, "5.9350")]),
        ("10", 3, [(2, "3.3333"), (1, "3.3334")]),
        ("25.0", 10_005, [(125, "0.0024"), (9_880, "0.0025")]),
        ("0.0", 2, [(2, "0.0000")]),
        ("0.0001", 3, [(2, "0.0000"), (1, "0.0001")]),
    ],
)
def test_a_total_is_shared_to_four_places(total: str, quantity: int, lines: list[tuple[int, str]]) -> None:
    assert lines_of(total, quantity) == lines


@given(
    total=st.decimals(0, 10**14 - 1, places=4, allow_nan=False, allow_infinity=False), quantity=st.integers(1, 10**6)
)
def test_no_unit_and_no_money_is_lost(total: Decimal, quantity: int) -> None:
    lines = lines_of(str(total), quantity)
    assert sum(count for count, _ in lines) == quantity
    assert sum(count * Decimal(price) for count, price in lines) == total
    assert len({Decimal(price) for _, price in lines}) == len(lines) <= 2


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"quantity": 0, "total": "1.4"}, "quantity is 0: expected 1 or more units"),
        ({"quantity": -2, "total": "1.4"}, "quantity is -2: expected 1 or more units"),
        (
            {"quantity": 1, "total": "-1.4"},
            "total is '-1.4': expected a decimal text, 0 or more, with at most 4 places",
        ),
        ({"quantity": 1, "total": "4.440892e-16"}, "total is '4.440892e-16': expected a decimal text"),
        ({"quantity": 1, "total": "1.23456"}, "total is '1.23456': expected a decimal text"),
    ],
)
def test_what_cannot_be_shared_is_no_line(line: dict[str, Any], message: str) -> None:
    with pytest.raises(UnmappedRowError, match=message):
        priced(line)
