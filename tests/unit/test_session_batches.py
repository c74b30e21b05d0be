"""The by-day tables of sessions: the same formula as the stream's, cut by the day a session began."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from batch_processing.funnel_daily import EVENTS_OF_PEOPLE, EVENTS_UP_TO_DAYS
from batch_processing.session_training_rows import session_training_rows
from batch_processing.visitor_features import visitor_features
from contracts.tables import GOLD_SESSION_TRAINING_ROWS, GOLD_VISITOR_FEATURES, SILVER_CLICKSTREAM_EVENTS
from data_lake.sql import run_sql
from feature_store import visitor_features as formula
from feature_store.session_features import session_features
from stream_processing.sessions import sessionized, sessions
from tests.fixtures.counts import counts_of
from tests.fixtures.event_rows import START, event, line
from tests.fixtures.rows import rows_of

# Minutes after 10:00 of the 21st: two sessions, one over midnight, and two days later one that begins at midnight.
_EVENTS = [
    event("page_viewed", "e-1", 0),
    event("product_viewed", "e-2", 10, product_id="p-1", customer_id="c-1"),
    event("recommendations_shown", "e-3", 11, product_ids=["p-2"]),
    event("product_viewed", "e-4", 14 * 60 - 5, product_id="p-2"),
    event("order_placed", "e-5", 14 * 60 + 5, lines=[line("p-2", 1, "3.5")]),
    event("product_viewed", "e-6", 38 * 60, product_id="p-3"),
    event("page_viewed", "e-7", 20, visitor_id="v-2"),
]
_FIRST, _NEXT, _LAST = (START.date() + timedelta(days=number) for number in (0, 1, 2))


@pytest.fixture(scope="module")
def silver() -> tuple[pa.Table, pa.Table]:
    events = rows_of(SILVER_CLICKSTREAM_EVENTS, _EVENTS)
    return events, sessions(sessionized(events))


def _days(of: pa.Table, *wanted: date) -> pa.Table:
    counted = run_sql(EVENTS_UP_TO_DAYS, counts=counts_of(sessions=of))
    return counted.filter(pc.field("date").isin(list(wanted)))


def test_training_rows_of_a_day_are_those_of_the_sessions_that_began_on_it(silver: tuple[pa.Table, pa.Table]) -> None:
    events, of = silver
    everything = {row["event_id"]: row for row in session_features(sessionized(events), of).to_pylist()}
    built: dict[str, dict[str, Any]] = {}
    for day, ids, counted in ((_FIRST, {"e-1", "e-2", "e-4", "e-5", "e-7"}, 5), (_LAST, {"e-6"}, 6)):
        rows = session_training_rows(of, events, _days(of, day))
        assert tuple(rows.column_names) == GOLD_SESSION_TRAINING_ROWS.column_names
        assert set(rows["event_id"].to_pylist()) == ids
        built |= {
            row["event_id"]: everything[row["event_id"]] | {"date": day, "source_events": counted}
            for row in rows.to_pylist()
        }
        assert {row["event_id"]: row for row in rows.to_pylist()}.items() <= built.items()
    assert session_training_rows(of, events, _days(of, _NEXT)).num_rows == 0
    assert session_training_rows(of, events, _days(of, _FIRST, _LAST)).num_rows == 6
    assert (everything["e-6"]["prior_session_count"], everything["e-6"]["prior_order_count"]) == (2, 1)
    assert everything["e-6"]["is_known_customer"] == 1


def test_visitor_features_of_a_day_look_at_no_later_session(silver: tuple[pa.Table, pa.Table]) -> None:
    _, of = silver
    rows = visitor_features(of, _days(of, _FIRST, _LAST))
    assert tuple(rows.column_names) == GOLD_VISITOR_FEATURES.column_names
    found = {(row["visitor_id"], row["date"]): row for row in rows.to_pylist()}
    assert set(found) == {("v-1", _FIRST), ("v-2", _FIRST), ("v-1", _LAST)}
    up_to_first = of.filter(pc.less(of["started_at"], pa.scalar(START + timedelta(hours=14))))
    for upto, day, counted in ((up_to_first, _FIRST, 5), (of, _LAST, 6)):
        [expected] = [row for row in formula.visitor_features(upto).to_pylist() if row["visitor_id"] == "v-1"]
        assert found["v-1", day] == expected | {"date": day, "source_events": counted}
    assert found["v-1", _LAST]["recent_product_ids"] == ["p-3", "p-2", "p-1"]
    assert visitor_features(of, _days(of, _NEXT)).num_rows == 0


def test_a_day_of_bots_alone_has_training_rows_and_features_but_no_funnel() -> None:
    views = [event("product_viewed", f"e-{number:02d}", number / 60, product_id="p") for number in range(20)]
    events = rows_of(SILVER_CLICKSTREAM_EVENTS, views)
    of = sessions(sessionized(events))
    assert session_training_rows(of, events, _days(of, _FIRST)).num_rows == 20
    assert visitor_features(of, _days(of, _FIRST)).num_rows == 1
    assert run_sql(EVENTS_OF_PEOPLE, counts=counts_of(sessions=of)).num_rows == 0
