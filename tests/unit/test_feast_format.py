"""Feast's format, read without Feast, against Feast itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from feast.infra.online_stores.helpers import _mmh3, _redis_key
from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value
from feast.types import Array, Bool, FeastType, Float64, Int64, String, UnixTimestamp
from google.protobuf.timestamp_pb2 import Timestamp  # type: ignore[import-untyped]
from hypothesis import given, settings
from hypothesis import strategies as st

from feature_store.definitions import CUSTOMER_FEATURES, PRODUCT_FEATURES
from feature_store.feast_format import PROJECT, feature_field, row_key, time_of, value_of
from feature_store.stored_views import CUSTOMER, PRODUCT
from feature_store.values import to_proto, to_python

_TIMES = st.datetimes(datetime(1900, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
_VALUES: list[tuple[FeastType, st.SearchStrategy[Any]]] = [
    (String, st.text()),
    (Int64, st.integers(-(2**63), 2**63 - 1)),
    (Float64, st.floats(allow_nan=False)),
    (Bool, st.booleans()),
    (UnixTimestamp, _TIMES),
    (Array(String), st.lists(st.text())),
]


@settings(max_examples=100)
@given(data=st.data())
def test_a_value_is_what_feast_wrote(data: st.DataObject) -> None:
    for dtype, values in _VALUES:
        message = to_proto(dtype)(data.draw(values))
        assert value_of(message.SerializeToString()) == to_python(message)


@settings(max_examples=50)
@given(moment=_TIMES)
def test_a_time_is_what_feast_wrote(moment: datetime) -> None:
    message = Timestamp()
    message.FromDatetime(moment)
    assert time_of(message.SerializeToString()) == moment


def test_nothing_is_none() -> None:
    assert value_of(None) is value_of(b"") is value_of(Value().SerializeToString()) is None


@pytest.mark.parametrize("entity_id", ["c-1", "ü", "x" * 128])
def test_a_rows_key_is_feasts(entity_id: str) -> None:
    key = EntityKey(join_keys=["customer_id"], entity_values=[Value(string_val=entity_id)])
    assert row_key("customer_id", entity_id) == _redis_key(PROJECT, key, 3)
    assert feature_field("customer_features", entity_id) == _mmh3(f"customer_features:{entity_id}")


@pytest.mark.parametrize(("stored", "view"), [(CUSTOMER, CUSTOMER_FEATURES), (PRODUCT, PRODUCT_FEATURES)])
def test_a_stored_view_is_the_defined_one(stored: Any, view: Any) -> None:
    assert (stored.name, stored.ttl) == (view.name, view.ttl)
    assert stored.features == tuple(feature.name for feature in view.features)
