"""What buyers meet: products, offers, stock and weather, the same for the web shop and the stores."""

from __future__ import annotations

from dataclasses import dataclass

from data_sources.catalogue import Catalogue
from data_sources.choosing import Chooser
from data_sources.offers import Offers
from data_sources.steps import Numbers
from data_sources.stock import Stock
from data_sources.weather import Weather


@dataclass(frozen=True)
class Market:
    """The parts that the web shop and the stores share."""

    catalogue: Catalogue
    chooser: Chooser
    offers: Offers
    stock: Stock
    weather: Weather
    numbers: Numbers
