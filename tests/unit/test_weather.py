from __future__ import annotations

from itertools import islice
from statistics import correlation, fmean

import pytest

from data_sources.stores import STORES
from data_sources.times import DAY_MS, HOUR_MS
from data_sources.weather import CLIMATES, Conditions, Weather

NOVEMBER = 1_793_577_600_000  # 2026-11-02
JULY = NOVEMBER - 120 * DAY_MS


def hours(start_ms: int, count: int, store_id: str = "s-01", seed: int = 7) -> list[Conditions]:
    weather = Weather(seed)
    return [weather.at(store_id, start_ms + hour * HOUR_MS) for hour in range(count)]


def test_every_store_has_a_climate() -> None:
    assert CLIMATES.keys() == STORES.keys()


def test_an_hour_has_the_same_weather_whatever_was_asked_before() -> None:
    one_after_the_other = hours(NOVEMBER, 100)
    weather = Weather(7)
    assert [weather.at("s-01", NOVEMBER + h * HOUR_MS + 1) for h in reversed(range(100))] == one_after_the_other[::-1]
    assert hours(NOVEMBER, 100, seed=8) != one_after_the_other != hours(NOVEMBER, 100, store_id="s-02")


def test_the_weather_has_a_memory_that_fades() -> None:
    wind = [each.wind_m_per_s for each in hours(NOVEMBER, 2000)]
    noons = [each.temperature_c for each in hours(NOVEMBER, 24 * 200)][12::24]
    seasonless = [one - other for one, other in zip(noons[7:], noons, strict=False)]
    assert correlation(wind[:-1], wind[1:]) > 0.5 > correlation(wind[:-48], wind[48:]) + 0.3
    assert correlation(seasonless[:-1], seasonless[1:]) > 0.2


def test_summer_is_warmer_than_november_and_afternoons_than_nights() -> None:
    warm, cold = hours(JULY, 24 * 14), hours(NOVEMBER, 24 * 14)
    assert fmean(each.temperature_c for each in warm) > fmean(each.temperature_c for each in cold) + 8
    assert fmean(each.temperature_c for each in warm[15::24]) > fmean(each.temperature_c for each in warm[3::24]) + 4


def test_a_fifth_of_all_hours_is_wet() -> None:
    assert fmean(each.is_wet for each in hours(NOVEMBER, 24 * 300)) == pytest.approx(0.21, abs=0.04)


@pytest.mark.parametrize(
    ("conditions", "word"),
    [
        (Conditions(9.0, 1.0, 3.0), "rain"),
        (Conditions(-1.0, 1.0, 3.0), "snow"),
        (Conditions(9.0, 1.0, 15.0), "storm"),
        (Conditions(9.0, 0.0, 6.0), "clouds"),
        (Conditions(9.0, 0.0, 1.0), "clear"),
    ],
)
def test_conditions_have_the_contracts_word(conditions: Conditions, word: str) -> None:
    assert conditions.condition == word


def test_stores_are_observed_at_the_start_and_at_full_hours() -> None:
    start = NOVEMBER + 1234
    first, second, third = islice(Weather(7).observations(start), 3)
    assert [step.at_ms for step in (first[0], second[0], third[0])] == [
        start,
        NOVEMBER + HOUR_MS,
        NOVEMBER + 2 * HOUR_MS,
    ]
    assert {step.fields["location_id"] for step in first} == set(STORES)
