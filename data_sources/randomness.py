"""Seeded randomness: one independent generator per component, so that a change in one does not stir the others."""

from __future__ import annotations

import hashlib
from bisect import bisect
from collections.abc import Iterable, Sequence
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar

T = TypeVar("T")


def random_of(seed: int, component: str) -> Random:
    """Return the generator of one component; ``Random`` seeds from a text by SHA-512, never by ``hash``."""
    return Random(f"{seed}/{component}")  # noqa: S311 - simulated trade, nothing secret


def short_digest(text: str) -> str:
    """Return 10 hex digits of the SHA-256 of ``text``: the part of an id that tells runs apart."""
    return hashlib.sha256(text.encode()).hexdigest()[:10]


class Sampler(Generic[T]):
    """Draws one of ``choices`` with probability proportional to its weight, in logarithmic time."""

    def __init__(self, choices: Sequence[T], weights: Iterable[float]) -> None:
        self._choices = choices
        self._cumulative = list(accumulate(weights))
        self._total = self._cumulative[-1]

    def draw(self, rng: Random) -> T:
        """Return one choice."""
        place = bisect(self._cumulative, rng.random() * self._total)
        return self._choices[min(place, len(self._choices) - 1)]
