"""Metrics of a ranked list with one right answer per case.

Positions count from 1; ``None`` stands for a right answer that is not in the list.
"""

from __future__ import annotations

from collections.abc import Sequence


def recall_at(positions: Sequence[int | None], k: int) -> float:
    """Return the share of cases whose right answer is among the first ``k`` (with one right answer: the hit rate)."""
    return sum(position is not None and position <= k for position in positions) / len(positions)


def mrr_at(positions: Sequence[int | None], k: int) -> float:
    """Return the mean of 1 / position, 0 beyond ``k`` (Voorhees 1999, mean reciprocal rank)."""
    return sum(1 / position for position in positions if position is not None and position <= k) / len(positions)
