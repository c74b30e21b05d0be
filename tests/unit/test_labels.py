from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contracts.errors import InvalidLabelsError
from feature_store.labels import Needs, checked_labels, read_label_file
from feature_store.services import service_named
from feature_store.training_set import needs_of

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
NEEDS = Needs(("customer_id",), ("offered_price",))
GOOD: dict[str, Any] = {"customer_id": ["c"], "event_timestamp": [NOON], "offered_price": [1.5]}


def test_a_service_needs_its_views_keys_and_what_a_request_says() -> None:
    assert needs_of(service_named("recommender_v2")) == Needs(("customer_id", "product_id"), ("offered_price",))
    assert needs_of(service_named("demand_v1")) == Needs(("category_id", "product_id", "store_id"))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"customer_id": None}, "labels x lack the column customer_id: they have event_timestamp, offered_price"),
        ({"customer_id": [7]}, "labels x: column customer_id is int64: expected text"),
        ({"event_timestamp": None}, "labels x lack the column event_timestamp or occurred_at or as_of"),
        ({"event_timestamp": ["today"]}, "column event_timestamp is string: expected times with a zone, such as"),
        ({"event_timestamp": [NOON.replace(tzinfo=None)]}, "column event_timestamp has times without a zone"),
        ({"event_timestamp": pa.array([None], pa.timestamp("us", "UTC"))}, "event_timestamp is empty in row 1"),
        ({"offered_price": None}, "labels x lack the column offered_price"),
        ({"offered_price": ["dear"]}, "column offered_price is string: expected a number"),
    ],
)
def test_what_cannot_be_used_is_named(changes: dict[str, Any], told: str) -> None:
    columns = {name: values for name, values in (GOOD | changes).items() if values is not None}
    with pytest.raises(InvalidLabelsError, match=told):
        checked_labels(pa.table(columns), "x", NEEDS, None)


def test_times_may_have_any_name_and_zone() -> None:
    shown_at = pa.array([NOON], pa.timestamp("ns", "Europe/Berlin"))
    labels = checked_labels(pa.table(GOOD | {"shown_at": shown_at}), "x", NEEDS, "shown_at")
    assert labels.times.to_pylist() == [NOON]


def test_ids_made_of_digits_are_text_in_csv(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_text("customer_id,event_timestamp,offered_price\n007,2026-11-21T13:00:00+01:00,1.5\n")
    labels = checked_labels(read_label_file(path, NEEDS), str(path), NEEDS, None)
    assert labels.rows["customer_id"].to_pylist() == ["007"]
    assert labels.times.to_pylist() == [NOON]


@pytest.mark.parametrize("name", ["labels.xlsx", "labels.parquet", "labels.csv"])
def test_a_file_that_is_none_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_text("")
    with pytest.raises(InvalidLabelsError, match=name) as caught:
        read_label_file(path, NEEDS)
    assert "\n" not in str(caught.value)


def test_dictionary_keys_of_pandas_are_text(tmp_path: Path) -> None:
    column = pa.array(["c"]).dictionary_encode()
    pq.write_table(pa.table(GOOD | {"customer_id": column}), tmp_path / "labels.parquet")
    rows = read_label_file(tmp_path / "labels.parquet", NEEDS)
    assert checked_labels(rows, "x", NEEDS, None).rows["customer_id"].to_pylist() == ["c"]
