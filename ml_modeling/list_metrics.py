"""What lists are like, right or wrong: how much of the catalogue they show, how varied and how unexpected they are.

Definitions after Castells, Hurley and Vargas (2022, "Novelty and Diversity in Recommender Systems"); popularity bias
is the average recommendation popularity of Yin et al. (2012) over that of the products people chose.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import log2

Lists = Sequence[Sequence[str]]


def coverage(lists: Lists, catalogue_size: int) -> float:
    """Return the share of the catalogue's products that are in any list."""
    return len({product for products in lists for product in products}) / catalogue_size


def diversity(lists: Lists, categories: Mapping[str, str]) -> float:
    """Return the share of pairs within a list whose categories differ, the mean over lists of two or more.

    0 where there is no such list. A product without a category differs from every other.
    """
    shares = [_differing(products, categories) for products in lists if len(products) > 1]
    return sum(shares) / len(shares) if shares else 0.0


def novelty(lists: Lists, sightings: Mapping[str, int]) -> float:
    """Return the mean of -log2 of a shown product's share of all sightings, in bits; never seen counts as once."""
    total = sum(sightings.values())
    bits = [-log2(max(sightings.get(product, 0), 1) / total) for products in lists for product in products]
    return sum(bits) / len(bits) if bits else 0.0


def popularity_bias(lists: Lists, chosen: Sequence[str], sightings: Mapping[str, int]) -> float:
    """Return the mean sightings of a shown product over those of a chosen one: 1 is as popular as people choose."""
    shown = [sightings.get(product, 0) for products in lists for product in products]
    taken = [sightings.get(product, 0) for product in chosen]
    if not shown or not sum(taken):
        return 0.0
    return (sum(shown) / len(shown)) / (sum(taken) / len(taken))


def _differing(products: Sequence[str], categories: Mapping[str, str]) -> float:
    pairs = list(combinations(products, 2))
    differ = [
        first not in categories or second not in categories or categories[first] != categories[second]
        for first, second in pairs
    ]
    return sum(differ) / len(pairs)
