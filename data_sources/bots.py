"""Bots: crawlers that open many product pages, fast and without taste, and never buy."""

from __future__ import annotations

from random import Random

from data_sources.catalogue import Catalogue
from data_sources.offers import ONLINE, Offers
from data_sources.steps import Step

BOTS = 12
MEAN_EVENTS = 60.0
_USER_AGENT = "Mozilla/5.0 (compatible; ShelfCrawler/2.1; +https://crawler.example/bot)"


def bot_ids() -> list[str]:
    """Return the visitor ids of all bots."""
    return [f"bot-{number:02d}" for number in range(1, BOTS + 1)]


def crawl(catalogue: Catalogue, offers: Offers, start_ms: int, rng: Random) -> list[Step]:
    """Return one crawl: consecutive product pages, from half to one and a half times the mean number."""
    who = {"visitor_id": rng.choice(bot_ids()), "device": "desktop", "country": "US", "user_agent": _USER_AGENT}
    steps, at_ms, products = [], start_ms, catalogue.products
    first = rng.randrange(len(products))
    for number in range(rng.randint(int(MEAN_EVENTS / 2), int(MEAN_EVENTS * 1.5))):
        product = products[(first + number) % len(products)]
        page = {**product.shown, "unit_price": offers.at(product, ONLINE, at_ms).unit_price}
        steps.append(Step(at_ms, "product_viewed", {**who, **page}))
        at_ms += 300 + int(rng.expovariate(1 / 900))
    return steps
