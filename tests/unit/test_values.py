from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pyarrow as pa
import pytest
from feast.types import Array, Bool, FeastType, Float64, Int64, String, UnixTimestamp
from hypothesis import given
from hypothesis import strategies as st

from feature_store.offline import as_feature
from feature_store.values import to_proto, to_python

TOTALS = st.decimals(min_value=0, max_value=Decimal(10) ** 30, places=2, allow_nan=False)
TIMES = st.datetimes(datetime(1900, 1, 1), datetime(2199, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


def both_ways(value: object, arrow_type: pa.DataType, dtype: FeastType) -> tuple[object, object]:
    """Return the value as it is read online and as it is computed offline."""
    column = pa.chunked_array([pa.array([value], arrow_type)])
    return to_python(to_proto(dtype)(value)), as_feature(column, dtype)[0].as_py()


@given(TOTALS)
def test_a_total_is_the_same_double_online_and_offline(value: Decimal) -> None:
    online, offline = both_ways(value, pa.decimal128(38, 2), Float64)
    assert online == offline == float(value)


@given(TIMES)
def test_a_time_is_the_same_online_and_offline(value: datetime) -> None:
    online, offline = both_ways(value, pa.timestamp("us", "UTC"), UnixTimestamp)
    assert online == offline == value.replace(microsecond=0)


@pytest.mark.parametrize(
    ("value", "arrow_type", "dtype"),
    [
        ("é", pa.string(), String),
        ("", pa.string(), String),
        (7, pa.int32(), Int64),
        (True, pa.bool_(), Bool),
        (0.1, pa.float64(), Float64),
        (["b", "a", "b"], pa.list_(pa.string()), Array(String)),
        ([], pa.list_(pa.string()), Array(String)),
        (None, pa.decimal128(38, 2), Float64),
        (None, pa.list_(pa.string()), Array(String)),
    ],
)
def test_other_values_stay_as_they_are(value: object, arrow_type: pa.DataType, dtype: FeastType) -> None:
    assert both_ways(value, arrow_type, dtype) == (value, value)


def test_a_time_of_another_zone_is_the_same_instant() -> None:
    local = datetime(2026, 11, 21, 1, 0, tzinfo=timezone(timedelta(hours=1)))
    assert to_python(to_proto(UnixTimestamp)(local)) == datetime(2026, 11, 21, tzinfo=UTC)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no zone"):
        to_proto(UnixTimestamp)(datetime(2026, 11, 21))  # noqa: DTZ001 - that is the point
