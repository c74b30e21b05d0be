from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from feast.types import Array, Bool, FeastType, Float64, Int64, String, UnixTimestamp
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.tables import GOLD_CATEGORY_FEATURES, GOLD_SESSION_TRAINING_ROWS, Table
from data_lake.arrow_lake import ArrowLake
from feature_store.definitions import CATEGORY_FEATURES, SESSION_FEATURES
from feature_store.encoded_rows import encoded_column, encoded_rows
from feature_store.offline import latest_batches, latest_features
from feature_store.repository import repo_config
from feature_store.values import to_proto
from tests.fixtures.gold_rows import land

MIDNIGHT = datetime(2026, 11, 21, tzinfo=UTC)
TEXT = st.text(st.characters(codec="utf-8"), max_size=4)
VALUES: dict[FeastType, tuple[pa.DataType, st.SearchStrategy[Any]]] = {
    String: (pa.string(), TEXT),
    Int64: (pa.int64(), st.integers(-(2**63), 2**63 - 1) | st.integers(0, 3)),
    Float64: (pa.float64(), st.floats(allow_nan=False)),
    Bool: (pa.bool_(), st.booleans()),
    UnixTimestamp: (pa.timestamp("us", "UTC"), st.integers(0, 3).map(lambda day: MIDNIGHT + timedelta(days=day))),
    Array(String): (pa.list_(pa.string()), st.lists(TEXT, max_size=3)),
}


@pytest.mark.parametrize("dtype", VALUES, ids=str)
@settings(max_examples=30)
@given(data=st.data())
def test_a_column_is_encoded_as_each_of_its_values(dtype: FeastType, data: st.DataObject) -> None:
    arrow_type, one = VALUES[dtype]
    values = data.draw(st.lists(st.none() | one, max_size=12))
    expected = [to_proto(dtype)(value).SerializeToString() for value in values]
    assert encoded_column(pa.array(values, arrow_type), dtype) == expected


def test_rows_have_the_fields_of_feasts_format_and_a_time_to_compare(tmp_path: Path) -> None:
    config = repo_config("redis://127.0.0.1:1/0", tmp_path / "registry.db")
    columns = {feature.name: pa.array([None, None], pa.int64()) for feature in CATEGORY_FEATURES.features}
    times = pa.array([MIDNIGHT, MIDNIGHT + timedelta(microseconds=1)], pa.timestamp("us", "UTC"))
    names = {"category_id": pa.array(["a", "b"]), "as_of": times}
    rows = encoded_rows(config, CATEGORY_FEATURES, pa.RecordBatch.from_pydict(columns | names), "as_of")
    assert rows.fields[:2] == ["_us:category_features", "_ts:category_features"]
    assert len(rows.fields) == 2 + len(columns) == len(rows.values[0])
    assert [values[0] for values in rows.values] == [1_795_219_200_000_000, 1_795_219_200_000_001]
    assert rows.keys[0].endswith(b"aisle")
    assert rows.keys[0] != rows.keys[1]


def category(number: int, days: int, views: int) -> dict[str, Any]:
    price = {"min_unit_price": Decimal("0.10") * number}
    return {"category_id": f"k-{number}", "as_of": MIDNIGHT + timedelta(days=days), "views_7d": views} | price


def land_days(lake: Path, table: Table) -> None:
    """Three files: an old row of each, a newer one of some, and one with an older row of a category of its own."""
    land(lake, table, [category(number, 0, number) for number in range(10)])
    land(lake, table, [category(number, 1, 100 + number) for number in (7, 2, 5)])
    land(lake, table, [category(2, -1, 999), category(11, -5, 11)])


@pytest.mark.parametrize("most_rows", [1, 3, 100])
def test_batches_hold_the_latest_row_of_each_entity_and_nothing_else(tmp_path: Path, most_rows: int) -> None:
    land_days(tmp_path, GOLD_CATEGORY_FEATURES)
    lake = ArrowLake(str(tmp_path))
    batches = list(latest_batches(lake, CATEGORY_FEATURES, most_rows))
    assert max(batch.num_rows for batch in batches) <= most_rows
    rows = pa.Table.from_batches(batches)
    assert rows == latest_features(lake, CATEGORY_FEATURES).select(rows.column_names)
    views = dict(zip(rows["category_id"].to_pylist(), rows["views_7d"].to_pylist(), strict=True))
    old = {f"k-{number}": number for number in (0, 1, 3, 4, 6, 8, 9, 11)}
    assert views == old | {"k-7": 107, "k-2": 102, "k-5": 105}


def test_an_empty_table_has_no_batches(tmp_path: Path) -> None:
    lake = ArrowLake(str(tmp_path))
    lake.create_missing([GOLD_SESSION_TRAINING_ROWS])
    assert list(latest_batches(lake, SESSION_FEATURES, 10)) == []
