"""The benchmark compares values of the same names, whatever form an answer has."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

from benchmarks.features_ways import (
    ASKED_OF_PRODUCT,
    ASKED_OF_VISITOR,
    feast_server_values,
    feast_values,
    own_server_values,
    own_values,
)
from feature_store.live.reader import (
    PRODUCT_FEATURES,
    VISITOR_FEATURES,
    Answer,
    Features,
    Presence,
    ProductFeatures,
)

VISITOR = dict(zip(VISITOR_FEATURES, map(float, range(len(VISITOR_FEATURES))), strict=True))
KNOWN = [float(number) / 10 for number in range(len(PRODUCT_FEATURES))]
UNKNOWN = [None] * len(PRODUCT_FEATURES)
IN_FEAST = [
    {"visitor_id": ["v"], **{name: [VISITOR[name]] for name in ASKED_OF_VISITOR}},
    {"product_id": ["p", "q"], **{name: [value, None] for name, value in zip(ASKED_OF_PRODUCT, KNOWN, strict=False)}},
]


def test_all_ways_of_answering_are_compared_by_the_same_names() -> None:
    products = ProductFeatures(np.array([KNOWN, [np.nan] * len(KNOWN)]), [], np.array([1.0, np.nan]))
    here, nothing = Features(VISITOR, Presence.PRESENT, timedelta(0)), Features({}, Presence.MISSING, None)
    expected = own_values(Answer(datetime.now(UTC), here, nothing, nothing, products))
    assert len(expected) == len(ASKED_OF_VISITOR) + len(ASKED_OF_PRODUCT) == 35
    assert expected["live_product:views_1m"] == [0.0, None]
    served = [
        {"metadata": {"feature_names": list(answer)}, "results": [{"values": values} for values in answer.values()]}
        for answer in IN_FEAST
    ]
    assert own_server_values({"visitor": VISITOR, "products": [KNOWN, UNKNOWN]}) == expected
    assert feast_values(IN_FEAST) == feast_server_values(served) == expected


def test_a_visitor_alone_has_no_products() -> None:
    assert own_server_values({"visitor": VISITOR, "products": []}) == feast_values(IN_FEAST[:1])
