"""The simulated shop: visitors, bots, tills and other systems merged into one stream of events in order of time."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from random import Random
from typing import NamedTuple

from contracts import Event
from contracts.experiments import Experiment
from data_sources import bots, browsing, feeds
from data_sources.browsing import Browsing
from data_sources.catalogue import build_catalogue
from data_sources.choosing import Chooser
from data_sources.competitors import Competitors
from data_sources.market import Market
from data_sources.offers import Offers
from data_sources.personas import build_personas
from data_sources.prices import Prices
from data_sources.promotions import Promotions
from data_sources.randomness import random_of, short_digest
from data_sources.reviews import Reviews
from data_sources.rhythm import Rhythm, arrivals, flat, store_rhythm, web_rhythm
from data_sources.shown_lists import ShownLists
from data_sources.steps import Numbers, Step
from data_sources.stock import WAREHOUSE, Stock
from data_sources.stores import STORES, Stores
from data_sources.times import DAY_MS, HOUR_MS, ms_of, time_text
from data_sources.visitors import Door, Society
from data_sources.weather import Weather

# Shares of all events.
BOT_SHARE = 0.04
STORE_SHARE = 0.1
# What other systems say round and round; beside it they say at once what happens, which is about as much again.
STOCK_REPORT_SHARE = 0.02
MASTER_DATA_SHARE = 0.015
COMPETITOR_SHARE = 0.015
STRANGERS_REVIEW_SHARE = 0.0015
FEEDS_SHARE = 0.1
WEB_SHARE = 1 - BOT_SHARE - STORE_SHARE - FEEDS_SHARE

# Means, from which the stock is planned and the stores' arrivals derived.
_UNITS_PER_WEB_EVENT = 0.021
_UNITS_PER_STORE_EVENT = 2.3
_STORE_EVENTS_PER_ARRIVAL = 0.92  # the others stay at home

_PRODUCERS: Mapping[str, str] = {
    "pos_transaction_completed": "till",
    "pos_return_completed": "till",
    "product_updated": "master_data",
    "stock_level_changed": "warehouse",
    "price_changed": "pricing",
    "competitor_price_observed": "crawler",
    "promotion_planned": "marketing",
    "campaign_planned": "marketing",
    "weather_observed": "weather_service",
}


@dataclass(frozen=True)
class ShopSettings:
    """What a run of the shop depends on, beside nothing: the same settings give the same events.

    ``events_per_s`` is the average of simulated trade; with ``rhythm`` it swings by hour and weekday. The treatments of
    ``experiment`` show better lists.
    """

    seed: int
    start: datetime
    events_per_s: float
    products: int = 1000
    known_visitors: int = 5000
    rhythm: bool = False
    experiment: Experiment | None = None

    @property
    def start_ms(self) -> int:
        """The start in whole milliseconds since the epoch."""
        return ms_of(self.start)

    @cached_property
    def run(self) -> str:
        """A short name of this run, in every id that must not occur in another run."""
        settings = (self.seed, self.start_ms, self.events_per_s, self.products, self.known_visitors, self.rhythm)
        experiment = self.experiment.model_dump_json() if self.experiment else ""
        return short_digest(repr(settings) + experiment)


class Trade(NamedTuple):
    """One event of the shop, and when it happens (ms since the epoch)."""

    at_ms: int
    event: Event


class Shop:
    """One run of the shop. ``trade`` may be called once."""

    def __init__(self, settings: ShopSettings) -> None:
        self.settings = settings
        seed = settings.seed
        self.catalogue = build_catalogue(seed, settings.products)
        self.personas = build_personas(seed)
        self.prices, self.promotions = Prices(seed, self.catalogue), Promotions(seed, self.catalogue)
        chooser = Chooser(seed, self.catalogue, self.personas)
        self.market = Market(
            catalogue=self.catalogue,
            chooser=chooser,
            offers=Offers(self.prices, self.promotions),
            stock=Stock(_units_per_day(settings.events_per_s), chooser.shares(), self._rng("stock")),
            weather=Weather(seed),
            numbers=Numbers(settings.run),
        )
        self.reviews = Reviews(seed, self.catalogue, self.market.numbers, self._rng("reviews"))
        society = Society(seed, self.personas)
        self.door = Door(society, settings.run, settings.known_visitors)
        self._web_rng, self._bot_rng, self._store_rng = (self._rng(part) for part in ("web", "bots", "stores"))
        self._browsing = Browsing(self.market, self._web_rng, ShownLists(chooser, settings.experiment))
        self._stores = Stores(self.market, society, settings.known_visitors, self._store_rng)

    def trade(self, length: timedelta | None) -> Iterator[Trade]:
        """Yield the events of ``length`` (None: without end) in order of ``occurred_at``."""
        end_ms = None if length is None else self.settings.start_ms + length // timedelta(milliseconds=1)
        activities = heapq.merge(
            self._visits(), self._crawls(), self._sales(), *self._feeds(), key=lambda steps: steps[0].at_ms
        )
        stocked = self.market.stock.follow(_in_order(activities), self._times("stock_reports", STOCK_REPORT_SHARE))
        steps = self.reviews.follow(stocked, self._times("strangers", STRANGERS_REVIEW_SHARE))
        for number, step in enumerate(steps, start=1):
            if end_ms is not None and step.at_ms >= end_ms:
                return
            yield Trade(step.at_ms, self._event(number, step))

    def _visits(self) -> Iterator[list[Step]]:
        rhythm: Rhythm = web_rhythm if self.settings.rhythm else flat
        per_s = self.settings.events_per_s * WEB_SHARE / browsing.MEAN_EVENTS
        start_ms, rng = self.settings.start_ms, self._web_rng
        # A chain with a constant chance to leave has no memory: as many fresh sessions as would be under way,
        # each at the usual gap before its next event, bring the shop to its rate from the first second on.
        mean_gap_ms = 1000 * browsing.MEAN_DURATION_S / (browsing.MEAN_EVENTS - 1)
        under_way = round(per_s * rhythm(start_ms // HOUR_MS) * browsing.MEAN_DURATION_S)
        opening = sorted(start_ms + int(rng.expovariate(1 / mean_gap_ms)) for _ in range(under_way))
        for at_ms in heapq.merge(opening, arrivals(rng, per_s * 3600, rhythm, start_ms)):
            yield self._visit(at_ms)

    def _visit(self, at_ms: int) -> list[Step]:
        visitor, number = self.door.arrive(at_ms, self._web_rng)
        steps = self._browsing.session(visitor, at_ms)
        if number is not None:
            self.door.leave(number, steps[-1].at_ms)
        return steps

    def _crawls(self) -> Iterator[list[Step]]:
        per_hour = 3600 * self.settings.events_per_s * BOT_SHARE / bots.MEAN_EVENTS
        for at_ms in arrivals(self._bot_rng, per_hour, flat, self.settings.start_ms):
            yield bots.crawl(self.catalogue, self.market.offers, at_ms, self._bot_rng)

    def _sales(self) -> Iterator[list[Step]]:
        rhythm: Rhythm = store_rhythm if self.settings.rhythm else flat
        per_hour = 3600 * self.settings.events_per_s * STORE_SHARE / _STORE_EVENTS_PER_ARRIVAL
        for at_ms in arrivals(self._store_rng, per_hour, rhythm, self.settings.start_ms):
            if steps := self._stores.serve(at_ms):
                yield steps

    def _feeds(self) -> Iterator[Iterator[list[Step]]]:
        """Yield the streams of other systems."""
        start_ms, catalogue = self.settings.start_ms, self.catalogue
        yield self.market.weather.observations(start_ms)
        yield self.promotions.plans(start_ms)
        yield self.prices.changes(start_ms)
        yield feeds.master_data(catalogue, self._times("master_data", MASTER_DATA_SHARE))
        competitors, rng = Competitors(self.settings.seed), self._rng("observations")
        times = self._times("competitors", COMPETITOR_SHARE)
        yield feeds.competitor_prices(catalogue, competitors, times, rng)

    def _times(self, part: str, share: float) -> Iterator[int]:
        """Yield even times that give a part its share of all events."""
        return arrivals(self._rng(part), 3600 * self.settings.events_per_s * share, flat, self.settings.start_ms)

    def _event(self, number: int, step: Step) -> Event:
        return {
            "event_id": f"{self.settings.run}-{number:010d}",
            "event_type": step.event_type,
            "schema_version": 1,
            "occurred_at": time_text(step.at_ms),
            "producer": _PRODUCERS.get(step.event_type, "web"),
            **step.fields,
        }

    def _rng(self, part: str) -> Random:
        return random_of(self.settings.seed, f"{part}/{self.settings.run}")


def _units_per_day(events_per_s: float) -> dict[str, float]:
    """Return what the warehouse and each store expect to sell on a day."""
    events_per_day = events_per_s * DAY_MS / 1000
    store = events_per_day * STORE_SHARE * _UNITS_PER_STORE_EVENT / len(STORES)
    return {WAREHOUSE: events_per_day * WEB_SHARE * _UNITS_PER_WEB_EVENT} | dict.fromkeys(STORES, store)


def _in_order(activities: Iterable[list[Step]]) -> Iterator[Step]:
    """Merge activities, which come by start time, into steps by time; holds only those that are under way."""
    running: list[tuple[int, int, int, list[Step]]] = []
    for number, steps in enumerate(activities):
        while running and running[0][0] <= steps[0].at_ms:
            yield _advance(running)
        heapq.heappush(running, (steps[0].at_ms, number, 0, steps))
    while running:
        yield _advance(running)


def _advance(running: list[tuple[int, int, int, list[Step]]]) -> Step:
    """Take the next step of the activity at the top of the heap."""
    _, number, place, steps = running[0]
    if place + 1 < len(steps):
        heapq.heapreplace(running, (steps[place + 1].at_ms, number, place + 1, steps))
    else:
        heapq.heappop(running)
    return steps[place]
