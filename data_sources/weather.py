"""The weather at the stores: hourly, with seasons and a memory. A pure function of seed, store and hour."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, NamedTuple

from data_sources.randomness import random_of
from data_sources.steps import Step
from data_sources.times import HOUR_MS

# Store → mean temperature of the year, half the way from January's mean to July's (°C).
CLIMATES = {"s-01": (10.0, 9.5), "s-02": (9.0, 9.5), "s-03": (12.5, 8.0), "s-04": (11.0, 7.5), "s-05": (11.5, 7.0)}

# First-order autoregression x[h] = φ·x[h-1] + ε, cut after three days so that every hour can be told by itself.
_TEMPERATURE_MEMORY, _WETNESS_MEMORY = 0.95, 0.85
_HOURS_REMEMBERED = 72
_TEMPERATURE_SD_C = 3.5
_DAILY_SWING_C = 3.5
_WARMEST_HOUR, _WARMEST_DAY = 15, 200
_RAINS_ABOVE = 0.8  # standard deviations of wetness: a fifth of all hours
_MM_PER_SD = 2.5
_STORM_ABOVE_M_PER_S = 11.0


class Conditions(NamedTuple):
    """The weather of one hour at one place."""

    temperature_c: float
    precipitation_mm: float
    wind_m_per_s: float

    @property
    def is_wet(self) -> bool:
        """Whether it rains or snows."""
        return self.precipitation_mm > 0

    @property
    def condition(self) -> str:
        """The contract's word for it."""
        if self.wind_m_per_s > _STORM_ABOVE_M_PER_S:
            return "storm"
        if self.is_wet:
            return "snow" if self.temperature_c < 0.5 else "rain"
        return "clouds" if self.wind_m_per_s > 4.0 else "clear"


class Weather:
    """The weather of one seed."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._shocks = lru_cache(maxsize=256)(self._shocks_of_day)
        self._hourly = lru_cache(maxsize=1024)(self._conditions)

    def at(self, store_id: str, at_ms: int) -> Conditions:
        """Return the weather of the hour in which ``at_ms`` lies."""
        return self._hourly(store_id, at_ms // HOUR_MS)

    def observations(self, start_ms: int) -> Iterator[list[Step]]:
        """Yield every store's weather at the start and at each full hour after it, without end."""
        at_ms = start_ms
        while True:
            yield [Step(at_ms, "weather_observed", self._observed(store_id, at_ms)) for store_id in CLIMATES]
            at_ms = (at_ms // HOUR_MS + 1) * HOUR_MS

    def _observed(self, store_id: str, at_ms: int) -> dict[str, Any]:
        now = self.at(store_id, at_ms)
        return {"location_id": store_id, "location_kind": "store", **now._asdict(), "condition": now.condition}

    def _conditions(self, store_id: str, hour: int) -> Conditions:
        warm, wet = (
            self._memory(store_id, hour, 0, _TEMPERATURE_MEMORY),
            self._memory(store_id, hour, 1, _WETNESS_MEMORY),
        )
        temperature = _usual_temperature(store_id, hour) + _TEMPERATURE_SD_C * warm
        rain = max(0.0, wet - _RAINS_ABOVE) * _MM_PER_SD
        wind = abs(4.0 + 2.5 * wet + 1.5 * self._shocks(store_id, hour // 24)[2][hour % 24])
        return Conditions(round(temperature, 1), round(rain, 1), round(wind, 1))

    def _memory(self, store_id: str, hour: int, part: int, memory: float) -> float:
        """Return the autoregression's state, of variance 1."""
        state, weight = 0.0, math.sqrt(1 - memory**2)
        for each in range(hour, hour - _HOURS_REMEMBERED, -1):
            state += weight * self._shocks(store_id, each // 24)[part][each % 24]
            weight *= memory
        return state

    def _shocks_of_day(self, store_id: str, day: int) -> tuple[list[float], ...]:
        rng = random_of(self._seed, f"weather/{store_id}/{day}")
        return tuple([rng.gauss() for _ in range(24)] for _ in range(3))


def _usual_temperature(store_id: str, hour: int) -> float:
    mean, swing = CLIMATES[store_id]
    season = math.cos(2 * math.pi * (hour / 24 - _WARMEST_DAY) / 365.25)
    return mean + swing * season + _DAILY_SWING_C * math.cos(2 * math.pi * (hour - _WARMEST_HOUR) / 24)
