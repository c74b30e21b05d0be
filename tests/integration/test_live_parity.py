"""Live features equal what the lake computes at that moment: any order of arrival, copies, batches and folding."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.tables import SESSION_FEATURE_NAMES
from feature_store.live.offline import product_windows, visitor_windows
from feature_store.live.reader import Presence
from feature_store.session_features import latest_session_features, session_features
from stream_processing.sessions import sessionized, sessions
from tests.fixtures.live_events import histories, silver_rows
from tests.fixtures.live_store import LiveStore, counts

NOW = datetime(2026, 11, 21, 10, 17, 31, 250_000, tzinfo=UTC)
PRODUCTS = ["p-1", "p-2", "p-3"]
NAMES = ("session_id", *SESSION_FEATURE_NAMES)


def offline(events: list[dict[str, Any]], now: datetime, visitor_id: str) -> dict[str, dict[str, float]]:
    rows = silver_rows(events)
    found = {row.pop("id"): row for row in product_windows(rows, now).to_pylist()}
    of_visitors = {row.pop("id"): row for row in visitor_windows(rows, now).to_pylist()}
    wanted = {name: found.get(name, {}) for name in PRODUCTS} | {"visitor": of_visitors.get(visitor_id, {})}
    return {name: {key: value for key, value in row.items() if value} for name, row in wanted.items()}


@settings(max_examples=60, deadline=None)
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


def in_lake(events: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Each visitor's last session, by the lake's formulas."""
    rows = sessionized(silver_rows(events))
    latest = latest_session_features(session_features(rows, sessions(rows))).to_pylist()
    return {row["visitor_id"]: row for row in latest}


@settings(max_examples=60, deadline=None)
@given(events=histories(NOW), at=st.integers(0, 25), fold=st.booleans())
def test_online_equals_the_lake(events: list[dict[str, Any]], at: int, fold: bool) -> None:
    """But for what is over 30 days old when it arrives, which no live feature counts."""
    oldest = (NOW - timedelta(days=30)).isoformat()
    events = [event for event in events if event["occurred_at"][:19] >= oldest[:19]]
    store = LiveStore()
    for batch in (events[:at], events[at:]):
        store.take(batch, NOW, fold=fold and batch is not events[:at])
    for visitor_id, row in in_lake(events).items():
        online = store.read(max(row["event_timestamp"], NOW - timedelta(days=31)), visitor_id).session
        assert online.presence == Presence.PRESENT
        assert {name: online.values[name] for name in NAMES} == {name: row[name] for name in NAMES}
