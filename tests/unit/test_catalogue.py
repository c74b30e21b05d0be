from __future__ import annotations

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from data_sources.affinity import COMPLEMENTS, SIMILAR, related_products
from data_sources.assortment import BRANDS, SHELVES
from data_sources.catalogue import build_catalogue, queries_for


def test_the_same_seed_gives_the_same_catalogue_and_another_seed_another() -> None:
    assert build_catalogue(7, 200) == build_catalogue(7, 200)
    assert build_catalogue(7, 200) != build_catalogue(8, 200)


def test_popularity_follows_zipf() -> None:
    weights = sorted((p.popularity for p in build_catalogue(7, 500).products), reverse=True)
    assert weights == [rank**-0.75 for rank in range(1, 501)]


@settings(max_examples=20)
@given(st.integers(), st.integers(1, 300))
def test_products_lie_in_their_categorys_range_with_at_most_4_places(seed: int, size: int) -> None:
    shelves = {shelf.category: shelf for shelf in SHELVES}
    catalogue = build_catalogue(seed, size)
    assert len({p.product_id for p in catalogue.products}) == size
    for product in catalogue.products:
        shelf, price = shelves[product.category], Decimal(product.unit_price)
        assert shelf.cheapest * 0.99 <= price <= shelf.dearest * 1.01
        assert -4 <= int(price.as_tuple().exponent) <= -2
        assert product.brand in BRANDS[shelf.department]


def test_the_search_counts_what_it_finds() -> None:
    catalogue = build_catalogue(7, 300)
    product = catalogue.products[0]
    wide, *narrow = queries_for(product)
    assert catalogue.result_counts[wide] == sum(p.noun == product.noun for p in catalogue.products)
    assert all(1 <= catalogue.result_counts[query] <= catalogue.result_counts[wide] for query in narrow)


def test_related_products_are_alternatives_and_then_what_goes_with_them() -> None:
    catalogue = build_catalogue(7, 1000)
    goes_with = {shelf.category: shelf.goes_with for shelf in SHELVES}
    assert set(goes_with.values()) <= set(goes_with)
    related = related_products(7, catalogue)
    for product in catalogue.products:
        categories = [other.category for other in related[product.product_id]]
        assert categories == [product.category] * SIMILAR + [goes_with[product.category]] * COMPLEMENTS
        assert product not in related[product.product_id]
