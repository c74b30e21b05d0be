"""The windows of live features, and the tiles of time that they are sums of.

A window of span W over tiles of length g, read at t, is the sum over the W / g tiles that start after
``floor(t / g) * g - W``, the running one included: at least the last W - g and at most the last W seconds. Every tile
is a whole number of the next shorter window's tiles, so that what has left a window may be folded into longer ones.
A second is the smallest tile.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Window:
    """One window: ``span_s`` seconds in tiles of ``tile_s``."""

    name: str
    span_s: int
    tile_s: int

    def first_second(self, now_s: int) -> int:
        """Return when the window's first tile starts; times are seconds since 1970."""
        return now_s - now_s % self.tile_s - self.span_s + self.tile_s


# 48 to 60 tiles each: a count of the last hour is exact to a minute, that of a month to half a day.
WINDOWS = (
    Window("1m", 60, 1),
    Window("10m", 600, 10),
    Window("1h", 3_600, 60),
    Window("24h", 86_400, 1_800),
    Window("30d", 2_592_000, 43_200),
)
LONGEST = WINDOWS[-1]

# A reader's clock may be so far behind the writer's without missing a tile that was folded already.
CLOCKS_DIFFER_S = 60


def first_seconds(now_s: int) -> list[int]:
    """Return when each window starts."""
    return [window.first_second(now_s) for window in WINDOWS]


def tiles(seconds: NDArray[np.int64], now_s: int) -> NDArray[np.int64]:
    """Return the start of the longest tile that each second may be folded into now; -1 where no window needs it."""
    age, found = now_s - seconds, np.full(len(seconds), -1, np.int64)
    for window in reversed(WINDOWS):
        needed = age <= window.span_s + CLOCKS_DIFFER_S
        found[needed] = seconds[needed] - seconds[needed] % window.tile_s
    return found
