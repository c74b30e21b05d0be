"""What to show in a shop where nobody has been yet, of which no model has learned."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ml_modeling.recommending.catalogue import catalogue_if_any
from ml_modeling.recommending.first_products import FIRST_LISTED, first_products
from ml_modeling.recommending.product_facts import ProductFacts


def first_list(facts: Mapping[str, ProductFacts]) -> list[str]:
    """Return at most ``FIRST_LISTED`` of these products, all for sale, best first: of many categories and prices."""
    product_ids = list(facts)
    catalogue = catalogue_if_any(list(facts.values()))
    if catalogue is None:
        return product_ids[:FIRST_LISTED]
    chosen = first_products(catalogue, np.ones(len(product_ids), np.bool_), FIRST_LISTED)
    return [product_ids[place] for place in chosen.tolist()]
