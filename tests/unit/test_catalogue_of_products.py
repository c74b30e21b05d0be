from __future__ import annotations

import pytest

from ml_modeling.recommending.catalogue import catalogue_of
from ml_modeling.recommending.product_facts import ProductFacts


def test_codes_and_price_levels_by_hand() -> None:
    catalogue = catalogue_of(
        [
            ProductFacts("trail shoe", "shoes", "strider", 100.0),
            ProductFacts("racing shoe", "shoes", "northway", 50.0),
            ProductFacts("iron pan", "kitchen", None, 20.0),
            ProductFacts("boot", "shoes", "strider", 50.0),
            ProductFacts("copper pan", "kitchen"),
            ProductFacts("voucher"),
        ]
    )
    assert catalogue.categories.tolist() == [1, 1, 0, 1, 0, -1]
    assert catalogue.brands.tolist() == [1, 0, -1, 1, -1, -1]
    # Of three prices the two equal ones share the places 1/6 and 3/6; alone or unknown is the middle.
    assert catalogue.price_levels == pytest.approx([5 / 6, 1 / 3, 0.5, 1 / 3, 0.5, 0.5])
    assert catalogue.vectors.shape[0] == 6
    assert catalogue.alike.neighbours[catalogue.alike.indptr[2]] == 4
