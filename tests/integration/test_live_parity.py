"""Live features equal what the lake computes at that moment: any order of arrival, copies, batches and folding."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.tables import GOLD_VISITOR_FEATURES, SESSION_FEATURE_NAMES
from data_lake.schemas import arrow_schema
from feature_store.definitions import VISITOR_FEATURES
from feature_store.live.offline import product_windows, visitor_windows
from feature_store.live.reader import Presence
from feature_store.offline import as_feature
from feature_store.session_features import session_features
from feature_store.visitor_features import visitor_features
from stream_processing.sessions import sessionized, sessions
from tests.fixtures.live_events import histories, silver_rows
from tests.fixtures.live_store import LiveStore, counts

NOW = datetime(2026, 11, 21, 10, 17, 31, 250_000, tzinfo=UTC)
PRODUCTS = ["p-1", "p-2", "p-3"]
NAMES = ("session_id", *SESSION_FEATURE_NAMES)
_ORDER = [("occurred_at", "ascending"), ("event_id", "ascending")]


def offline(events: list[dict[str, Any]], now: datetime, visitor_id: str) -> dict[str, dict[str, float]]:
    rows = silver_rows(events)
    found = {row.pop("id"): row for row in product_windows(rows, now).to_pylist()}
    of_visitors = {row.pop("id"): row for row in visitor_windows(rows, now).to_pylist()}
    wanted = {name: found.get(name, {}) for name in PRODUCTS} | {"visitor": of_visitors.get(visitor_id, {})}
    return {name: {key: value for key, value in row.items() if value} for name, row in wanted.items()}


@settings(max_examples=60)
@given(
    events=histories(NOW),
    cuts=st.tuples(st.integers(0, 25), st.integers(0, 25)),
    later_s=st.sampled_from([0, 1, 59, 61, 600, 3_600, 86_400, 2_592_000]),
)
def test_online_equals_offline_at_any_moment(events: list[dict[str, Any]], cuts: tuple[int, int], later_s: int) -> None:
    store = LiveStore()
    first, second = sorted(cuts)
    for batch in (events[:first], events[first:second], events[second:]):
        store.take(batch, NOW, fold=True)
    for now in (NOW, NOW + timedelta(seconds=later_s)):
        for visitor_id in ("v-1", "v-2"):
            found = counts(store.read(now, visitor_id, PRODUCTS), PRODUCTS)
            expected = offline(events, now, visitor_id)
            assert found == {name: _close(row, found[name]) for name, row in expected.items()}


def _close(row: dict[str, float], found: dict[str, float]) -> dict[str, float]:
    """The values found where they differ by less than 1e-9, so that == says the rest."""
    return {name: found[name] if abs(found.get(name, 1e99) - value) < 1e-9 else value for name, value in row.items()}


def in_lake(events: list[dict[str, Any]]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Each visitor's life and last session, by the lake's formulas."""
    rows = sessionized(silver_rows(events))
    all_sessions = sessions(rows)
    last = {row["visitor_id"]: row for row in session_features(rows, all_sessions).sort_by(_ORDER).to_pylist()}
    return [(row, last[row["visitor_id"]]) for row in visitor_features(all_sessions).to_pylist()]


@settings(max_examples=60)
@given(events=histories(NOW), at=st.integers(0, 25), fold=st.booleans())
def test_online_equals_the_lake(events: list[dict[str, Any]], at: int, fold: bool) -> None:
    store = LiveStore()
    for batch in (events[:at], events[at:]):
        store.take(batch, NOW, fold=fold and batch is not events[:at])
    for life, session in in_lake(events):
        answer = store.read(session["occurred_at"], life["visitor_id"])
        assert (answer.life.presence, answer.session.presence) == (Presence.PRESENT, Presence.PRESENT)
        assert answer.life.age == answer.session.age == timedelta(0)
        assert {name: answer.session.values[name] for name in NAMES} == {name: session[name] for name in NAMES}
        declared = {each.name: as_feature(_column(life, each.name), each.dtype) for each in VISITOR_FEATURES.features}
        assert answer.life.values == {name: column[0].as_py() for name, column in declared.items()}


def _column(row: dict[str, Any], name: str) -> pa.ChunkedArray:
    field = arrow_schema(GOLD_VISITOR_FEATURES).field(name)
    return pa.chunked_array([pa.array([row[name]], field.type)])
