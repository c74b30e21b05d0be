"""Features computed at the moment of a request, from stored ones and from what the request says.

One pure function each, on pandas columns of equal length: for one request, and for a training set of millions. An
unknown input gives an unknown feature. Feast keeps a function's source in its registry and runs that: a function uses
nothing outside of itself but ``pd``.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from types import FunctionType
from typing import cast

import pandas as pd
from feast import Field, OnDemandFeatureView, RequestSource
from feast.types import Float64, UnixTimestamp

from feature_store.definitions import CUSTOMER_FEATURES, OWNER, PRODUCT_FEATURES

Transformation = Callable[[pd.DataFrame], pd.DataFrame]
REQUESTED_AT = "requested_at"

_REQUEST_TIME = RequestSource(
    name="request_time",
    schema=[Field(name=REQUESTED_AT, dtype=UnixTimestamp, description="the moment of the request")],
    description="When the features are asked for; in a training set the label's time.",
)
_OFFER = RequestSource(
    name="offer",
    schema=[Field(name="offered_price", dtype=Float64, description="what a unit would cost now")],
    description="The price that is shown to the visitor.",
)


def customer_recency(inputs: pd.DataFrame) -> pd.DataFrame:
    """Return ``days_since_order``: ``requested_at`` less ``last_order_at``, never below 0.

    ``recency_days`` of ``customer_features`` is as of the end of a day; this one is exact.
    """
    requested = pd.to_datetime(inputs["requested_at"], utc=True)
    ordered = pd.to_datetime(inputs["last_order_at"], utc=True)
    return pd.DataFrame({"days_since_order": ((requested - ordered) / pd.Timedelta(days=1)).clip(lower=0)})


def offer_position(inputs: pd.DataFrame) -> pd.DataFrame:
    """Return the offered price over the category's mean price, and 1 - offered over the list price."""
    offered, mean, listed = (
        inputs[name].astype("float64") for name in ("offered_price", "category_mean_price", "list_price")
    )
    return pd.DataFrame(
        {
            "offer_category_price_ratio": offered / mean.where(mean > 0),
            "offer_discount_ratio": 1 - offered / listed.where(listed > 0),
        }
    )


def _feasts(function: Transformation) -> FunctionType:
    """Return the function as Feast types it."""
    return cast("FunctionType", function)


# Feast keeps no description or tag of a field here: the view has them.
CUSTOMER_RECENCY = OnDemandFeatureView(
    name="customer_recency",
    sources=[_REQUEST_TIME, CUSTOMER_FEATURES[["last_order_at"]]],
    schema=[Field(name="days_since_order", dtype=Float64)],
    udf=_feasts(customer_recency),
    udf_string=inspect.getsource(customer_recency),
    description="From the customer's last order or sale to the request.",
    tags={"unit": "days"},
    owner=OWNER,
)
OFFER_POSITION = OnDemandFeatureView(
    name="offer_position",
    sources=[_OFFER, PRODUCT_FEATURES[["category_mean_price", "list_price"]]],
    schema=[
        Field(name="offer_category_price_ratio", dtype=Float64),
        Field(name="offer_discount_ratio", dtype=Float64),
    ],
    udf=_feasts(offer_position),
    udf_string=inspect.getsource(offer_position),
    description="The offered price over the mean of its category's products, and 1 - offered over the list price.",
    tags={"unit": "ratio"},
    owner=OWNER,
)
ON_DEMAND_VIEWS = (CUSTOMER_RECENCY, OFFER_POSITION)


def compute(view: OnDemandFeatureView, inputs: pd.DataFrame) -> pd.DataFrame:
    """Return the features of one of ``ON_DEMAND_VIEWS`` for each row of its inputs."""
    function = cast("Transformation", view.udf)
    return function(inputs)
