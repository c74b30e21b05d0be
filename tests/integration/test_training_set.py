"""Training sets over real Delta tables: what was known at the label's time, the same bytes again, or a refusal."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.clock import SystemClock
from contracts.errors import ErasedError, InvalidLabelsError, InvalidManifestError, NotReadyError, UnknownNameError
from contracts.tables import GOLD_CUSTOMER_FEATURES, GOLD_PRODUCT_FEATURES, GOLD_SESSION_TRAINING_ROWS
from data_lake.arrow_lake import ArrowLake
from data_lake.care.erasing import TableErasure
from data_lake.care.naming import Subject
from data_lake.care.pins import pins
from deployment.cli import features_training
from deployment.settings import Settings
from feature_store.definitions import CUSTOMER_FEATURES, PRODUCT_FEATURES
from feature_store.manifest import Sample, read_manifest
from feature_store.training_set_files import Request, make_training_set, repeat_training_set
from tests.fixtures.rows import rows_of

START = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)
SERVICE = "recommender_v2"


def customer(customer_id: str, day: int, orders: int) -> dict[str, Any]:
    as_of = START + day * DAY
    known = {"order_count": orders, "revenue_90d": Decimal(orders), "last_order_at": as_of - DAY}
    return {"customer_id": customer_id, "as_of": as_of} | known


def product(product_id: str, day: int, views: int) -> dict[str, Any]:
    prices = {"unit_price": Decimal("9.99"), "category_mean_price": 20.0, "list_price": Decimal(10)}
    return {"product_id": product_id, "as_of": START + day * DAY, "views_7d": views} | prices


def fill(folder: Path, customers: list[dict[str, Any]], products: list[dict[str, Any]]) -> ArrowLake:
    lake = ArrowLake(str(folder))
    lake.create_missing([GOLD_CUSTOMER_FEATURES, GOLD_PRODUCT_FEATURES])
    lake.append(GOLD_CUSTOMER_FEATURES, rows_of(GOLD_CUSTOMER_FEATURES, customers))
    lake.append(GOLD_PRODUCT_FEATURES, rows_of(GOLD_PRODUCT_FEATURES, products))
    return lake


def label_file(folder: Path, labels: list[tuple[str | None, str | None, datetime]]) -> str:
    rows = pa.table(
        {
            "customer_id": pa.array([each[0] for each in labels], pa.string()),
            "product_id": pa.array([each[1] for each in labels], pa.string()),
            "event_timestamp": pa.array([each[2] for each in labels], pa.timestamp("us", "UTC")),
            "offered_price": pa.array([8.0] * len(labels), pa.float64()),
            "label": pa.array(range(len(labels))),
        }
    )
    path = folder / "labels.parquet"
    pq.write_table(rows, path)
    return str(path)


def made(lake: ArrowLake, labels: str, out: Path, **request: Any) -> list[dict[str, Any]]:
    manifest = make_training_set(lake, Request(SERVICE, labels, **request), out, SystemClock())
    manifest.write(out.with_name("manifest.json"))
    rows: list[dict[str, Any]] = pq.read_table(out).to_pylist()
    return rows


HISTORY = st.dictionaries(st.tuples(st.sampled_from("abc"), st.integers(0, 400)), st.integers(0, 99), max_size=12)
ASKED = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "z", None]),
        st.sampled_from(["a", "c", None]),
        st.one_of(st.integers(-1, 900).map(float), st.floats(-1, 900, width=16)),
    ),
    max_size=10,
)


def brute_force(history: dict[tuple[str, int], int], key: str | None, at: datetime, ttl: timedelta) -> int | None:
    known = [(START + day * DAY, value) for (name, day), value in history.items() if name == key]
    latest = max((each for each in known if each[0] <= at), default=None)
    return latest[1] if latest and at - latest[0] <= ttl else None


@settings(max_examples=15)
@given(HISTORY, HISTORY, ASKED)
def test_every_row_equals_a_brute_force_join(
    orders: dict[tuple[str, int], int],
    views: dict[tuple[str, int], int],
    asked: list[tuple[str | None, str | None, float]],
) -> None:
    assert CUSTOMER_FEATURES.ttl
    assert PRODUCT_FEATURES.ttl
    with TemporaryDirectory() as name:
        folder = Path(name)
        customers = [customer(key, day, value) for (key, day), value in orders.items()]
        lake = fill(folder / "lake", customers, [product(key, day, value) for (key, day), value in views.items()])
        labels = [(who, what, START + days * DAY) for who, what, days in asked]
        rows = made(lake, label_file(folder, labels), folder / "rows.parquet")
    assert [row["label"] for row in rows] == list(range(len(asked)))
    for row, (who, what, at) in zip(rows, labels, strict=True):
        assert row["customer_features__order_count"] == brute_force(orders, who, at, CUSTOMER_FEATURES.ttl)
        assert row["product_features__views_7d"] == brute_force(views, what, at, PRODUCT_FEATURES.ttl)


@pytest.fixture
def lake(tmp_path: Path) -> ArrowLake:
    customers = [customer("c-1", 1, 1), customer("c-1", 2, 2), customer("c-2", 1, 5)]
    return fill(tmp_path / "lake", customers, [product("p", 1, 7)])


@pytest.fixture
def labels(tmp_path: Path) -> str:
    return label_file(tmp_path, [("c-1", "p", START + DAY), ("c-2", "p", START), ("c-1", None, START + 3 * DAY)])


def test_features_of_the_request_are_those_of_the_labels_moment(lake: ArrowLake, labels: str, tmp_path: Path) -> None:
    rows = made(lake, labels, tmp_path / "rows.parquet")
    assert [row["customer_recency__days_since_order"] for row in rows] == [1.0, None, 2.0]
    assert [row["offer_position__offer_category_price_ratio"] for row in rows] == [0.4, None, None]
    assert rows[0]["offer_position__offer_discount_ratio"] == pytest.approx(0.2)
    assert len([name for name in rows[0] if "__" in name]) == 40


def test_the_manifest_gives_the_same_bytes_after_the_tables_changed(
    lake: ArrowLake, labels: str, tmp_path: Path
) -> None:
    made(lake, labels, tmp_path / "rows.parquet", sample=Sample(2, seed=3))
    lake.overwrite(GOLD_CUSTOMER_FEATURES, rows_of(GOLD_CUSTOMER_FEATURES, [customer("c-1", 1, 99)]), "true")
    manifest = read_manifest(tmp_path / "manifest.json")
    again = repeat_training_set(lake, manifest, tmp_path / "again.parquet")
    assert (tmp_path / "again.parquet").read_bytes() == (tmp_path / "rows.parquet").read_bytes()
    assert again == manifest
    assert manifest.rows == 2


def test_a_table_of_the_lake_may_hold_the_labels(lake: ArrowLake, tmp_path: Path) -> None:
    rows = [
        {"session_id": f"s-{n % 2}", "event_number": n, "visitor_id": f"v-{n % 2}", "occurred_at": START + n * DAY / 9}
        for n in range(6)
    ]
    lake.create_missing([GOLD_SESSION_TRAINING_ROWS])
    counted = [row | {"event_count": row["event_number"], "ordered_later": False} for row in rows]
    lake.append(GOLD_SESSION_TRAINING_ROWS, rows_of(GOLD_SESSION_TRAINING_ROWS, counted))
    out, again = tmp_path / "rows.parquet", tmp_path / "again.parquet"
    manifest = make_training_set(lake, Request("purchase_v1", "gold.session_training_rows"), out, SystemClock())
    found = pq.read_table(out, columns=["session_id", "event_number", "session_features__event_count"]).to_pylist()
    assert [tuple(row.values()) for row in found] == [(f"s-{n % 2}", n, n) for n in (0, 2, 4, 1, 3, 5)]
    repeat_training_set(lake, manifest, again)
    assert again.read_bytes() == out.read_bytes()


def test_labels_that_do_not_fit_are_refused_before_anything_is_pinned(lake: ArrowLake, tmp_path: Path) -> None:
    with pytest.raises(InvalidLabelsError, match=r"labels gold\.customer_features lack the column product_id"):
        made(lake, "gold.customer_features", tmp_path / "rows.parquet")
    request = Request("recommender_v1", "gold.visitor_features")
    with pytest.raises(NotReadyError, match="gold"):
        make_training_set(lake, request, tmp_path / "rows.parquet", SystemClock())
    assert pins(lake) == []


def test_after_an_erasure_it_refuses_and_names_it(lake: ArrowLake, labels: str, tmp_path: Path) -> None:
    made(lake, labels, tmp_path / "rows.parquet")
    erasure, subject = TableErasure(lake, GOLD_CUSTOMER_FEATURES), Subject(frozenset({"c-2"}), frozenset())
    erasure.delete_rows(subject)
    erasure.delete_files(subject, SystemClock())
    with pytest.raises(ErasedError, match=r"gold\.customer_features.*was erased at 20.*aisle lake forget"):
        repeat_training_set(lake, read_manifest(tmp_path / "manifest.json"), tmp_path / "again.parquet")
    rows = made(lake, labels, tmp_path / "after.parquet")
    assert [row["customer_features__order_count"] for row in rows] == [1, None, 2]


def test_what_changed_since_the_manifest_is_named(lake: ArrowLake, labels: str, tmp_path: Path) -> None:
    made(lake, labels, tmp_path / "rows.parquet")
    path = tmp_path / "manifest.json"
    described = json.loads(path.read_text())
    path.write_text(json.dumps(described | {"definitions": "other"}))
    with pytest.raises(InvalidManifestError, match="recommender_v2 are defined otherwise now"):
        repeat_training_set(lake, read_manifest(path), tmp_path / "again.parquet")
    path.write_text(json.dumps(described))
    label_file(tmp_path, [])
    with pytest.raises(InvalidManifestError, match="changed since the manifest was made"):
        repeat_training_set(lake, read_manifest(path), tmp_path / "again.parquet")
    Path(labels).unlink()
    with pytest.raises(InvalidManifestError, match="are gone"):
        repeat_training_set(lake, read_manifest(path), tmp_path / "again.parquet")
    path.write_text("[]")
    with pytest.raises(InvalidManifestError, match=r"manifest .*manifest\.json cannot be read"):
        read_manifest(path)


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(features_training.command, arguments)


@pytest.mark.usefixtures("lake")
def test_the_command_makes_and_repeats(labels: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features_training, "load_settings", lambda: Settings(data_dir=tmp_path))
    result = _run("--service", SERVICE, "--labels", labels, "--out", str(tmp_path / "rows.csv"))
    assert result.exit_code == 0, result.exception
    assert (
        "3 rows of recommender_v2 from gold.customer_features version 1, gold.product_features version 1"
        in result.stdout
    )
    again = tmp_path / "again.csv"
    repeated = _run("--manifest", str(tmp_path / "rows.csv.manifest.json"), "--out", str(again))
    assert repeated.exit_code == 0, repeated.exception
    assert again.read_bytes() == (tmp_path / "rows.csv").read_bytes()
    assert isinstance(_run("--service", "ranker", "--labels", labels).exception, UnknownNameError)
    assert isinstance(_run("--service", SERVICE, "--labels", "nothing.csv").exception, InvalidLabelsError)
    assert _run("--service", SERVICE).exit_code == 2
