"""When people come: the day's and the week's rhythm, and arrivals that follow it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

from data_sources.times import HOUR_MS

_DAY_OF_EPOCH = 3  # 1970-01-01 was a Thursday; Monday is 0

# Hour number since the epoch → how busy it is, with mean 1 over a week.
Rhythm = Callable[[int], float]

_WEB_HOURS = (4, 3, 2, 2, 2, 3, 5, 8, 11, 13, 14, 14, 15, 14, 13, 13, 14, 16, 19, 23, 24, 20, 13, 7)
_WEB_DAYS = (11, 10, 10, 10, 9, 11, 13)
_STORE_HOURS = (0, 0, 0, 0, 0, 0, 0, 0, 5, 9, 12, 13, 14, 12, 11, 12, 14, 16, 13, 7, 0, 0, 0, 0)
_STORE_DAYS = (10, 9, 9, 10, 13, 18, 0)


def flat(hour: int) -> float:  # noqa: ARG001 - a rhythm takes the hour
    """Be as busy in every hour."""
    return 1.0


def web_rhythm(hour: int) -> float:
    """Be busy in the evening and on Sundays."""
    return _factor(hour, _WEB_HOURS, _WEB_DAYS)


def store_rhythm(hour: int) -> float:
    """Be open from 8 to 20 on working days, busiest on Saturdays."""
    return _factor(hour, _STORE_HOURS, _STORE_DAYS)


def arrivals(rng: Random, per_hour: float, rhythm: Rhythm, start_ms: int) -> Iterator[int]:
    """Yield arrival times (ms since the epoch) of a Poisson process, without end.

    ``per_hour`` times the rhythm is constant within each hour, so a unit-exponential gap is spent hour by hour.
    Source: time change of a Poisson process (Cinlar, Introduction to Stochastic Processes, 1975).
    """
    at = float(start_ms)
    while True:
        left = rng.expovariate(1.0)
        while True:
            hour = int(at // HOUR_MS)
            rate = per_hour * rhythm(hour) / HOUR_MS
            capacity = rate * ((hour + 1) * HOUR_MS - at)
            if left < capacity:
                at += left / rate
                break
            left -= capacity
            at = float((hour + 1) * HOUR_MS)
        yield int(at)


def _factor(hour: int, hours: tuple[int, ...], days: tuple[int, ...]) -> float:
    busy = hours[hour % 24] * days[(hour // 24 + _DAY_OF_EPOCH) % 7]
    return busy * 168 / (sum(hours) * sum(days))
