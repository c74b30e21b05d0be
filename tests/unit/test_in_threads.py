from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from batch_processing.in_threads import in_threads


def test_results_come_in_order() -> None:
    assert list(in_threads(lambda number: number * number, range(50), 3)) == [number * number for number in range(50)]


def test_so_many_run_at_once() -> None:
    together = threading.Barrier(3, timeout=10)
    assert len(list(in_threads(lambda _: together.wait(), range(6), 3))) == 6


def test_few_are_taken_ahead() -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for number in range(1000):
            taken.append(number)
            yield number

    results = in_threads(str, items(), 2)
    assert next(results) == "0"
    assert len(taken) < 10


def test_what_the_function_raises_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        list(in_threads(lambda number: 1 / number, [1, 0], 2))
