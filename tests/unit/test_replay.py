from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from contracts import ManualClock, Message, Rejection, parse_event
from data_sources.mapping import Mapping, read_mapping
from data_sources.replay import Replayed, at_speed, replay
from data_sources.replay_preview import preview
from data_sources.source_file import SourceFile
from tests.unit.test_mapping import ROW, SALE

REES46_HEADER = "event_time,event_type,product_id,category_id,category_code,brand,price,user_id,user_session\n"
RETAIL_HEADER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country\n"

Run = Callable[..., list[Replayed]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Replay a text by a mapping: a shipped one by name, or one's own as a dictionary."""

    def replayed(text: str | bytes, mapping: str | dict[str, Any]) -> list[Replayed]:
        file = tmp_path / "file.csv"
        file.write_bytes(text.encode() if isinstance(text, str) else text)
        return _replayed(file, _mapping(mapping, tmp_path))

    return replayed


def test_a_row_becomes_an_event_with_its_address(run: Run) -> None:
    (replayed,) = run("ts,session,sku,price\n01.07.2026 12:30,v-1,p-1,9.90\n", ROW)
    event = event_of(replayed)
    assert event.pop("event_id")
    assert event == {
        "event_type": "product_viewed",
        "schema_version": 1,
        "occurred_at": "2026-07-01T10:30:00Z",
        "producer": "replay:my_shop",
        "visitor_id": "v-1",
        "product_id": "p-1",
        "unit_price": "9.90",
    }
    assert replayed.message.key == b"v-1"
    assert replayed.message.topic == "clickstream"
    assert replayed.message.headers == (
        ("producer", b"replay:my_shop"),
        ("source_file", b"file.csv"),
        ("source_line", b"2"),
    )


@pytest.mark.parametrize(
    ("row", "error"),
    [
        ("01.07.2026 12:30,v-1,p-1", "3 columns: expected 4"),
        ("01.07.2026 12:30,v-1,p-1,9,9", "5 columns: expected 4"),
        ("2026-07-01,v-1,p-1,9", "ts is '2026-07-01': expected a time as %d.%m.%Y %H:%M"),
        ("01.07.2026 12:30,,p-1,9", "session has no value that can be used"),
        ('01.07.2026 12:30,v-1,"p-1,9', "a quote is never closed"),
    ],
)
def test_a_row_that_cannot_be_mapped_is_sent_raw(run: Run, row: str, error: str) -> None:
    good = "01.07.2026 12:30,v-1,p-1,9\n"
    replayed = run(f"ts,session,sku,price\n{good}{row}\n{good}", ROW)[1]
    assert (replayed.mapping_error, replayed.line) == (error, 3)
    assert replayed.message == Message(
        "clickstream",
        None,
        row.encode(),
        (
            ("producer", b"replay:my_shop"),
            ("source_file", b"file.csv"),
            ("source_line", b"3"),
            ("mapping_error", error.encode()),
        ),
    )


def test_an_unknown_event_type_is_a_mapping_error(run: Run) -> None:
    (replayed,) = run(REES46_HEADER + "2019-10-01 00:00:00 UTC,wish,1,2,,,35.79,541,s\n", "rees46")
    assert replayed.mapping_error == "event_type is 'wish': expected one of view, cart, remove_from_cart, purchase"


def test_rees46_rows_of_every_kind_keep_the_contract(run: Run) -> None:
    kinds = ("view", "cart", "remove_from_cart", "purchase")
    rows = "".join(f"2019-10-01 00:00:00 UTC,{kind},44600062,2,,shiseido,0.00,541,s\n" for kind in kinds)
    events = [accepted(each) for each in run(REES46_HEADER + rows, "rees46")]
    assert [event["event_type"] for event in events] == [
        "product_viewed",
        "product_added_to_cart",
        "product_removed_from_cart",
        "order_placed",
    ]
    assert all("category" not in event for event in events)
    assert [event.get("quantity") for event in events] == [None, 1, 1, None]
    line = {"product_id": "44600062", "brand": "shiseido", "quantity": 1, "unit_price": "0.00"}
    assert events[3]["lines"] == [line]
    assert events[3]["order_id"] == events[3]["event_id"]


def test_equal_rows_are_one_event_and_other_rows_are_not(run: Run) -> None:
    row = "2019-10-01 00:00:00 UTC,view,1,2,,,35.79,541,s\n"
    same, again, other = run(REES46_HEADER + row + row + row.replace("541", "542"), "rees46")
    assert same.message.value == again.message.value
    assert event_of(same)["event_id"] != event_of(other)["event_id"]


def test_a_key_of_columns_makes_the_id(run: Run) -> None:
    mapping = {**ROW, "key": ["session", "sku"]}
    first, same, other = run(
        "ts,session,sku,price\n"
        + "".join(f"01.07.2026 12:30,v-1,{sku},{price}\n" for sku, price in (("a", 1), ("a", 2), ("b", 1))),
        mapping,
    )
    assert event_of(first)["event_id"] == event_of(same)["event_id"] != event_of(other)["event_id"]


def test_an_invoice_is_one_event_over_the_whole_file(run: Run) -> None:
    replayed = run(
        RETAIL_HEADER
        + "2,B,LATER,1,2010-12-02 08:00:00,1.0,,France\n"
        + "1,A,LAMP £5,6,2010-12-01 08:27:00,2.55,17850.0,United Kingdom\n"
        + "3,C,,1,2010-12-03 08:00:00,0.001,,Unspecified\n"
        + "1,A,LAMP £5,6,2010-12-01 08:26:00,2.55,17850.0,United Kingdom\n",
        "online_retail",
    )
    first, second, third = (accepted(each) for each in replayed)
    assert [each.line for each in replayed] == [3, 2, 4]
    assert [each.rows for each in replayed] == [2, 1, 1]
    assert first["occurred_at"] == "2010-12-01T08:26:00Z"
    assert first["lines"] == [{"product_id": "A", "description": "LAMP £5", "quantity": 6, "unit_price": "2.55"}] * 2
    assert (first["customer_id"], first["country"], first["transaction_id"]) == ("17850", "GB", "1")
    assert "customer_id" not in second
    assert "country" not in third
    assert third["lines"] == [{"product_id": "C", "quantity": 1, "unit_price": "0.001"}]


def test_a_return_has_positive_quantities_and_a_negative_sale_is_rejected(run: Run) -> None:
    row = "X,LAMP,-2,2011-07-01 09:00:00,2.55,,EIRE\n"
    returned, sale = run(RETAIL_HEADER + f"C1,{row}2,{row}", "online_retail")
    event = accepted(returned)
    assert (event["event_type"], event["return_id"]) == ("pos_return_completed", "C1")
    assert "transaction_id" not in event
    assert event["lines"][0]["quantity"] == 2
    assert event["occurred_at"] == "2011-07-01T08:00:00Z"
    rejection = parse_event(sale.message.value, "pos")
    assert isinstance(rejection, Rejection)
    assert rejection.field == "lines/0/quantity"
    assert event_of(sale)["lines"][0]["quantity"] == -2


def test_a_bad_row_of_a_group_goes_alone(run: Run) -> None:
    header, good = "receipt,sku,count,price,ts\n", "r-1,a,1,1.00,01.07.2026 12:30\n"
    for bad, error in (
        ("r-1,a,one,1.00,01.07.2026 12:30\n", "count is 'one': expected a whole number"),
        (",a,1,1.00,01.07.2026 12:30\n", "receipt is empty: it is the key"),
        ("r-1,a,1,1.00,never\n", "ts is 'never': expected a time as %d.%m.%Y %H:%M"),
    ):
        for text in (header + bad + good + good, header + good + bad + good, header + good + good + bad):
            raw, event = run(text, SALE)
            assert (raw.message.value, raw.mapping_error) == (bad.encode().rstrip(), error)
            assert len(accepted(event)["lines"]) == event.rows == 2


def test_a_line_s_total_becomes_unit_prices(run: Run) -> None:
    row, group = "r-1,{},{},{},01.07.2026 12:30\n", {**SALE, "lines": {**SALE["lines"], "total": "price"}}
    del group["lines"]["unit_price"]
    text = "receipt,sku,count,price,ts\n" + row.format("a", 3, 10) + row.format("b", 0, 2) + row.format("c", 2, "5.00")
    raw, event = run(text, group)
    assert (raw.line, raw.mapping_error) == (3, "quantity is 0: expected 1 or more units to share the total among")
    lines = [(line["product_id"], line["quantity"], line["unit_price"]) for line in accepted(event)["lines"]]
    assert lines == [("a", 2, "3.3333"), ("a", 1, "3.3334"), ("c", 2, "2.5000")]
    assert event.rows == 2
    assert accepted(run(text, {**group, "grain": "row"})[0])["lines"] == accepted(event)["lines"][:2]


def test_a_field_s_time_is_read_by_format_zone_and_days(run: Run) -> None:
    time = {"format": "%d.%m.%Y", "zone": "Europe/Berlin"}
    starts, ends = {"column": "from", **time}, {"column": "to", **time, "plus_days": 1}
    fields = {"plan_id": "plan", "campaign_channel": {"constant": "email"}, "starts_at": {"time": starts}}
    campaign = {
        **ROW,
        "time": starts,
        "event_type": "campaign_planned",
        "fields": {**fields, "ends_at": {"time": ends}},
    }
    good, bad, empty = run("plan,from,to\n1,28.03.2026,28.03.2026\n2,28.03.2026,soon\n3,28.03.2026,\n", campaign)
    assert accepted(good)["starts_at"] == accepted(good)["occurred_at"] == "2026-03-27T23:00:00Z"
    assert accepted(good)["ends_at"] == "2026-03-28T23:00:00Z"
    assert bad.mapping_error == "to is 'soon': expected a time as %d.%m.%Y"
    assert empty.mapping_error == "to has no value that can be used"


@given(order=st.permutations(range(12)))
def test_a_group_does_not_depend_on_the_order_of_rows(
    tmp_path_factory: pytest.TempPathFactory, order: list[int]
) -> None:
    directory = tmp_path_factory.mktemp("orders")
    rows = [f"r-{n % 3},p-{n},1,1.00,01.07.2026 12:{n:02}\n" for n in order]
    file = directory / "file.csv"
    file.write_text("receipt,sku,count,price,ts\n" + "".join(rows))
    events = [accepted(each) for each in _replayed(file, _mapping(SALE, directory))]
    found = {event["transaction_id"]: {line["product_id"] for line in event["lines"]} for event in events}
    assert found == {f"r-{group}": {f"p-{n}" for n in range(12) if n % 3 == group} for group in range(3)}
    assert [event["occurred_at"] for event in events] == [f"2026-07-01T10:0{group}:00Z" for group in range(3)]


@pytest.mark.parametrize(
    ("time_format", "text"),
    [
        ("iso", "2026-07-01T12:30:00+02:00"),
        ("iso", "2026-07-01 12:30"),
        ("epoch_s", "1782901800"),
        ("epoch_ms", "1782901800000"),
    ],
)
def test_times_of_other_formats(run: Run, time_format: str, text: str) -> None:
    mapping = {**ROW, "time": {"column": "ts", "format": time_format, "zone": "Europe/Berlin"}}
    replayed, bad = run(f"ts,session,sku,price\n{text},v-1,p-1,9.90\n99999999999999999999,v,p,1\n", mapping)
    assert event_of(replayed)["occurred_at"] == "2026-07-01T10:30:00Z"
    assert bad.mapping_error.startswith("ts is '99999999999999999999'")


@pytest.mark.parametrize(
    ("text", "number"), [("-3.50", -3.5), ("20", 20.0), ("1e1", 10.0), ("1e400", None), ("hot", None)]
)
def test_a_measurement_is_a_number(run: Run, text: str, number: float | None) -> None:
    fields = {"location_id": "session", "location_kind": {"constant": "store"}, "temperature_c": "price"}
    (replayed,) = run(
        f"ts,session,sku,price\n01.07.2026 12:30,s-1,,{text}\n",
        {**ROW, "event_type": "weather_observed", "fields": fields},
    )
    if number is None:
        assert replayed.mapping_error == f"price is {text!r}: expected a number"
    else:
        assert accepted(replayed)["temperature_c"] == number


def test_speed_keeps_the_file_s_own_time() -> None:
    start = datetime(2026, 11, 21, tzinfo=UTC)
    clock = ManualClock(start)
    times = [start, start + timedelta(minutes=1), None, start + timedelta(seconds=30), start + timedelta(minutes=2)]
    messages = [Replayed(Message("pos", None, b""), line, occurred_at=at) for line, at in enumerate(times)]
    came = [
        (clock.now() - start).total_seconds()
        for _ in at_speed(messages, 60, clock, lambda seconds: clock.advance(timedelta(seconds=seconds)))
    ]
    assert came == [0, 1, 1, 1, 2]


def test_a_preview_shows_first_events_and_every_rejection(run: Run) -> None:
    row = "01.07.2026 12:30,v-1,p-1,{}\n"
    messages = run("ts,session,sku,price\n" + row.format("9") * 3 + row.format("-1") + "cut\n", ROW)
    first, *rest = preview(messages, 1, "line")
    assert first.startswith('event, line 2: {"event_id":')
    assert rest[0].startswith('rejected, line 5: invalid_value: unit_price is "-1": expected a decimal text, 0 or more')
    assert rest[1:] == [
        "rejected, line 6: unmapped_row: 1 columns: expected 4",
        "5 rows: 3 events would be accepted, 2 messages rejected",
    ]


def event_of(replayed: Replayed) -> dict[str, Any]:
    event: dict[str, Any] = json.loads(replayed.message.value)
    return event


def accepted(replayed: Replayed) -> dict[str, Any]:
    event = parse_event(replayed.message.value, replayed.message.topic)
    assert isinstance(event, dict), event
    return event


def _mapping(mapping: str | dict[str, Any], directory: Path) -> Mapping:
    if isinstance(mapping, str):
        return read_mapping(mapping)
    path = directory / "mapping.yaml"
    path.write_text(yaml.safe_dump(mapping))
    return read_mapping(str(path))


def _replayed(file: Path, mapping: Mapping) -> list[Replayed]:
    return list(replay(SourceFile(file, mapping.encoding, mapping.delimiter), mapping))
