"""One place of a list for a product that nobody has touched yet, so that somebody sees it within minutes.

Sessions say nothing of it, so its text decides to whom it is shown: the nearest to what was looked at last. Each time
that one was shown counts against it as ``STEP`` of the cosine, so that all get their turn, those that suit first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

STEP = 0.2
# Once so many have seen a product, it must earn its place as others do.
SHOWN_ENOUGH = 50


class KnownTexts(NamedTuple):
    """The vectors of content (n × d) of products with the places ``place_of``; d is 0 where no text is known."""

    place_of: Mapping[str, int]
    vectors: NDArray[np.float32]


NO_TEXTS = KnownTexts({}, np.empty((0, 0), np.float32))


class Newcomers:
    """Who may be shown as a newcomer to whom, and how often each was.

    Safe to share between threads: at worst, a showing is not counted.
    """

    def __init__(self, product_ids: Sequence[str], vectors: NDArray[np.float32], known: KnownTexts = NO_TEXTS) -> None:
        """``vectors`` (k × d) are those of the newcomers' texts, ``known`` those of what visitors look at."""
        self._place_of = {product_id: place for place, product_id in enumerate(product_ids)}
        self._ids = list(product_ids)
        self._vectors = vectors
        self._known = known
        self._shown = np.zeros(len(product_ids), np.int64)

    @property
    def shown(self) -> dict[str, int]:
        """How often each was shown."""
        return dict(zip(self._ids, self._shown.tolist(), strict=True))

    def showed(self, product_id: str, times: int = 1) -> None:
        """Count that a product was shown, if it is a newcomer."""
        place = self._place_of.get(product_id)
        if place is not None:
            self._shown[place] += times

    def choose(self, recent: Sequence[str], barred: Collection[str]) -> str | None:
        """Return who is shown to somebody who looked at ``recent`` (latest first); ``None`` where nobody is left.

        ``barred`` are product ids that must not be. Where none of ``recent`` is known, the least shown one is chosen.
        """
        values = self._nearness(recent) - STEP * self._shown
        values[self._shown >= SHOWN_ENOUGH] = -np.inf
        values[[self._place_of[product_id] for product_id in barred if product_id in self._place_of]] = -np.inf
        best = int(np.argmax(values)) if len(values) else -1
        return self._ids[best] if best >= 0 and values[best] > -np.inf else None

    def _nearness(self, recent: Sequence[str]) -> NDArray[np.float64]:
        """Return the cosine of each newcomer with the latest product whose text is known, zeros without one."""
        latest = next((each for each in recent if each in self._known.place_of or each in self._place_of), None)
        if latest is None:
            return np.zeros(len(self._ids))
        place = self._known.place_of.get(latest)
        vector = self._vectors[self._place_of[latest]] if place is None else self._known.vectors[place]
        return np.asarray(self._vectors @ vector, np.float64)


NOBODY = Newcomers([], np.empty((0, 0), np.float32))
