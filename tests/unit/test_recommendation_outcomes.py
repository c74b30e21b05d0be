from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from operator import itemgetter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from batch_processing.recommendation_outcomes import EVENTS_OF_OUTCOMES, days_read_for, recommendation_outcomes
from data_lake.sql import run_sql
from tests.fixtures.silver_rows import NOON, Row, event, line
from tests.fixtures.small_shop import DAYS, SmallShop, by_key, day_of, random_shop, rounded

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
Place = tuple[str, int]


def build(rows: list[Row], *days: date) -> dict[tuple[Any, ...], dict[str, Any]]:
    """What batch builds for the days, of silver's events that it reads for them."""
    shop = SmallShop(rows, [])
    activity = shop.activity
    counted = run_sql(EVENTS_OF_OUTCOMES, counts=shop.counts)
    wanted = pa.array(days or counted["date"].to_pylist(), pa.date32())
    read = pa.array(days_read_for(wanted.to_pylist()), pa.date32())
    events = shop.clickstream_events.filter(pc.field("occurred_at").cast(pa.date32()).isin(read))
    of_days = counted.filter(pc.field("date").isin(wanted))
    return by_key(recommendation_outcomes(events, activity.bot_sessions, of_days), "event_id", "position")


def shown(*products: str, at: Any = NOON, **values: Any) -> Row:
    asked = {"visitor_id": "v", "request_id": "r"} | values
    return event("recommendations_shown", at, product_ids=list(products), **asked)


def clicked(product: str, at: Any = NOON + MINUTE, **values: Any) -> Row:
    return event("recommendation_clicked", at, product_id=product, **({"visitor_id": "v", "request_id": "r"} | values))


def ordered(*lines: Row, at: Any = NOON + 2 * MINUTE, visitor: str = "v") -> Row:
    return event("order_placed", at, visitor_id=visitor, lines=list(lines))


@pytest.mark.parametrize("seed", range(3))
def test_random_shops_equal_plain_python(seed: int) -> None:
    rows = random_shop(seed).clickstream
    expected = _by_plain_python(rows)
    assert sum(row["clicks"] for row in expected.values()) > 5
    assert sum(row["orders"] for row in expected.values()) > 0
    built = build(rows)
    assert {place: {name: row[name] for name in expected[place]} for place, row in built.items()} == expected


def test_days_built_alone_equal_all_days_at_once() -> None:
    rows = random_shop(4).clickstream
    at_once = build(rows)
    assert {place: row for day in DAYS for place, row in build(rows, day).items()} == at_once


def _by_plain_python(rows: list[Row]) -> dict[Place, dict[str, Any]]:
    """O(n²): of each click its list, of each line of an order its click."""
    lists = [row for row in rows if row["event_type"] == "recommendations_shown" and row.get("product_ids")]
    places = {(row["event_id"], number): row for row in lists for number in range(1, len(row["product_ids"]) + 1)}
    clicks = defaultdict(list)
    for row in rows:
        if row["event_type"] == "recommendation_clicked" and (place := _place_of(row, lists)):
            clicks[place].append(row)
    sold: dict[Place, list[tuple[str, Row]]] = defaultdict(list)
    for row in rows:
        for item in row.get("lines") or []:
            if place := _last_clicked(row, item["product_id"], clicks):
                sold[place].append((row["event_id"], item))
    return {
        place: {
            "date": day_of(row),
            "visitor_id": row["visitor_id"],
            "product_id": row["product_ids"][place[1] - 1],
            "placement": row["placement"],
            "variant": row["variant"],
            "propensity": dict(enumerate(row["propensities"] or [], start=1)).get(place[1]),
            "clicked_at": min((each["occurred_at"] for each in clicks[place]), default=None),
            "clicks": len(clicks[place]),
            "orders": len({event_id for event_id, _ in sold[place]}),
            "units": sum(item["quantity"] for _, item in sold[place]),
            "revenue": rounded(sum(item["quantity"] * item["unit_price"] for _, item in sold[place])),
        }
        for place, row in places.items()
    }


def _place_of(click: Row, lists: list[Row]) -> Place | None:
    asked = ("visitor_id", "request_id")
    fit = [
        row
        for row in lists
        if all(row[name] == click[name] for name in asked) and click["product_id"] in row["product_ids"]
        and timedelta(0) <= click["occurred_at"] - row["occurred_at"]
    ]  # fmt: skip
    if not fit:
        return None
    last = max(row["occurred_at"] for row in fit)
    first_id, row = min(((row["event_id"], row) for row in fit if row["occurred_at"] == last), key=itemgetter(0))
    return (first_id, row["product_ids"].index(click["product_id"]) + 1) if click["occurred_at"] - last <= DAY else None


def _last_clicked(order: Row, product: str, clicks: dict[Place, list[Row]]) -> Place | None:
    fit = [
        (click["occurred_at"], place)
        for place, found in clicks.items()
        for click in found
        if (click["visitor_id"], click["product_id"]) == (order["visitor_id"], product)
        and timedelta(0) <= order["occurred_at"] - click["occurred_at"] <= DAY
    ]
    return max(fit)[1] if fit else None


def test_a_list_of_two_of_which_one_was_clicked_and_bought() -> None:
    made_by = {"placement": "home", "model": "m", "model_version": "3", "source": "model", "experiment": "e"}
    first = shown("p", "q", variant="B", propensities=[0.5, 0.25], **made_by)
    built = build([first, clicked("q"), clicked("q", NOON + 3 * MINUTE), ordered(line("q", 2, "1.5050"), line("p"))])
    assert set(built) == {(first["event_id"], 1), (first["event_id"], 2)}
    p, q = (built[first["event_id"], position] for position in (1, 2))
    assert (p["clicks"], p["clicked_at"], p["orders"], p["revenue"], p["propensity"]) == (0, None, 0, 0, 0.5)
    assert (q["clicks"], q["clicked_at"], q["orders"], q["units"]) == (2, NOON + MINUTE, 1, 2)
    assert (str(q["revenue"]), q["propensity"], q["variant"], q["product_id"]) == ("3.01", 0.25, "B", "q")
    assert {name: q[name] for name in made_by} == made_by


def test_the_second_page_of_a_list_goes_on_counting() -> None:
    page = shown("p", "q", position=11, propensities=[0.5, 0.25])
    built = build([page, clicked("q")])
    assert set(built) == {(page["event_id"], 11), (page["event_id"], 12)}
    second = built[page["event_id"], 12]
    assert (second["product_id"], second["clicks"], second["propensity"]) == ("q", 1, 0.25)


@pytest.mark.parametrize(("after", "counts"), [(timedelta(0), 1), (DAY, 1), (DAY + MINUTE, 0), (-MINUTE, 0)], ids=str)
def test_a_click_counts_for_a_day(after: timedelta, counts: int) -> None:
    [row] = build([shown("p"), clicked("p", NOON + after)]).values()
    assert row["clicks"] == counts


@pytest.mark.parametrize(("after", "counts"), [(timedelta(0), 1), (DAY, 1), (DAY + MINUTE, 0), (-MINUTE, 0)], ids=str)
def test_an_order_counts_for_a_day_after_the_click(after: timedelta, counts: int) -> None:
    bought = ordered(line("p"), at=NOON + MINUTE + after)
    [row] = build([shown("p"), clicked("p"), bought]).values()
    assert row["orders"] == counts


def test_clicks_of_other_visitors_requests_and_products_do_not_count() -> None:
    [row] = build([shown("p"), clicked("p", visitor_id="w"), clicked("p", request_id="s"), clicked("q")]).values()
    assert row["clicks"] == 0


def test_an_order_belongs_to_the_last_list_that_was_clicked_also_one_of_the_day_before() -> None:
    earlier, later = shown("p", at=NOON - DAY, request_id="s"), shown("p")
    clicks = [clicked("p"), clicked("p", NOON - MINUTE, request_id="s"), clicked("p", NOON - DAY, request_id="s")]
    before, after = ordered(line("p"), at=NOON), ordered(line("p"))
    built = build([earlier, later, *clicks, before, after])
    assert [built[row["event_id"], 1]["orders"] for row in (earlier, later)] == [1, 1]
    assert build([earlier, later, *clicks, before, after], NOON.date())[later["event_id"], 1]["orders"] == 1


def test_what_bots_are_shown_is_left_out_but_may_make_the_day_stale() -> None:
    views = [
        event("product_viewed", NOON + number * MINUTE / 60, visitor_id="bot", product_id="p") for number in range(20)
    ]
    lists = [shown("p", at=NOON + MINUTE, visitor_id="bot"), shown("p")]
    assert build([*views, lists[0]]) == {}
    [(_, row)] = build([*views, *lists]).items()
    assert (row["visitor_id"], row["source_events"]) == ("v", 3)
    assert {row["source_events"] for row in build([*views[:19], *lists]).values()} == {2}
