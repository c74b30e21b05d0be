"""The counts of the real files, without a broker and through one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from contracts import Event, Rejection, parse_event
from data_sources.replay import Replayed
from deployment.settings import PROJECT_ROOT, child_environment
from tests.fixtures.kafka import Kafka, read_messages
from tests.fixtures.real_files import ONLINE_RETAIL, REES46, ask, needs_online_retail, needs_rees46, replayed

# A sale with a negative quantity or price is rejected as a whole.
_BY_KIND = """
    with line as (
        select *, quantity::bigint as units, unitprice::decimal(18, 4) as price,
            starts_with(invoiceno, 'C') as is_return
        from file
    ), judged as (
        select *, case when is_return then 'pos_return_completed'
            when min(least(units - 1, price)) over invoice < 0 then 'rejected'
            else 'pos_transaction_completed' end as kind
        from line window invoice as (partition by invoiceno)
    )
    select kind, sum(units * price), count(distinct invoiceno), count(*), count(*) - count(customerid),
        count(*) - count(distinct (invoiceno, stockcode, description, units, price))
    from judged group by kind
"""


@pytest.fixture(scope="module")
def invoices() -> list[Replayed]:
    return replayed(ONLINE_RETAIL, "online_retail")


@needs_rees46
def test_rees46_has_17429_events_5_duplicates_and_1_rejected_row() -> None:
    messages = replayed(REES46, "rees46")
    checked = [parse_event(each.message.value, "clickstream") for each in messages if not each.mapping_error]
    ids = Counter(event["event_id"] for event in checked if isinstance(event, dict))
    unmapped = [(each.line, each.message.value) for each in messages if each.mapping_error]
    assert (len(messages), len(ids), ids.total() - len(ids)) == (17_435, 17_429, 5)
    assert unmapped == [(17_436, REES46.read_bytes().splitlines()[-1])]


@needs_rees46
def test_rees46_keeps_every_price_and_leaves_out_what_a_row_does_not_say() -> None:
    messages = replayed(REES46, "rees46")
    events = [json.loads(each.message.value) for each in messages if not each.mapping_error]
    facts = [event | event.get("lines", [{}])[0] for event in events]
    expected = ask(
        REES46,
        "select count(*) - count(category_code), count(*) - count(brand), sum(price::decimal(18, 2)) from file "
        "where user_session is not null",
    )
    without = [sum(name not in each for each in facts) for name in ("category", "brand")]
    assert [(*without, sum(Decimal(each["unit_price"]) for each in facts))] == expected
    # The README's 5,746 and 2,477 count the cut row as well.
    assert ask(REES46, "select count(*) - count(category_code), count(*) - count(brand) from file") == [(5_746, 2_477)]


@needs_online_retail
def test_online_retail_has_25900_invoices_and_its_exact_sum(invoices: list[Replayed]) -> None:
    events = {event["event_id"]: event for event in (json.loads(each.message.value) for each in invoices)}
    assert (len(invoices), len(events), sum(each.rows for each in invoices)) == (25_900, 25_900, 541_909)
    assert sum(event["event_type"] == "pos_return_completed" for event in events.values()) == 3_836
    assert sum(map(_signed_total, events.values())) == Decimal("9747747.934")
    assert max(len(event["lines"]) for event in events.values()) == 1_114
    assert not any(each.mapping_error for each in invoices)
    assert _rejected_fields(invoices) == {"quantity": 1_336, "unit_price": 2}
    by_invoice = {event.get("transaction_id") or event["return_id"]: event for event in events.values()}
    assert by_invoice["542806"]["occurred_at"] == "2011-02-01T11:19:00Z"
    assert len(by_invoice["542806"]["lines"]) == 39
    assert any("£" in line.get("description", "") for line in by_invoice["539492"]["lines"])


@needs_online_retail
def test_online_retail_keeps_every_line_and_every_penny_of_each_kind(invoices: list[Replayed]) -> None:
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    money: defaultdict[str, Decimal] = defaultdict(Decimal)
    for each in invoices:
        event = json.loads(each.message.value)
        kind = "rejected" if isinstance(parse_event(each.message.value, "pos"), Rejection) else event["event_type"]
        found[kind] += _figures(event)
        money[kind] += _signed_total(event)
    expected = {kind: figures for kind, *figures in ask(ONLINE_RETAIL, _BY_KIND)}
    names = ("events", "lines", "without_customer", "repeated")
    assert {kind: [money[kind], *(found[kind][name] for name in names)] for kind in found} == expected
    assert sorted(money.values()) == [Decimal("-896812.49"), Decimal("-22124.12"), Decimal("10666684.544")]
    # 5,268 repeated lines by the README, and one whose time is another.
    assert [sum(each[name] for each in found.values()) for name in names[2:]] == [135_080, 5_269]


@needs_rees46
def test_the_command_sends_the_whole_file(kafka: Kafka, tmp_path: Path) -> None:
    kafka.fresh_topics()
    report = tmp_path / "report.json"
    done = _aisle(kafka, "replay", str(REES46), "--mapping", "rees46", "--speed", "max", "--report", str(report))
    assert done.returncode == 0, done.stderr
    expected = {"sent": 17_435, "rows": 17_435, "unmapped": 1, "source_file": "2019-Oct.csv", "mapping": "rees46"}
    assert json.loads(report.read_text()) == expected
    sent = [(each.message.value, list(each.message.headers)) for each in replayed(REES46, "rees46")]
    read = [(each.value, each.headers) for each in read_messages(kafka.servers, "clickstream")]
    assert sorted(read) == sorted(sent)


def test_a_cut_gzip_file_is_one_clear_line(kafka: Kafka, tmp_path: Path) -> None:
    file = tmp_path / "cut.csv.gz"
    file.write_bytes(b"\x1f\x8b\x08\x00")
    done = _aisle(kafka, "replay", str(file), "--mapping", "rees46")
    assert (done.returncode, done.stderr) == (2, f"error: {file}: the gzip data is cut short: get the file again\n")


def _aisle(kafka: Kafka, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from deployment.cli import main; main()", *arguments],
        env=child_environment(kafka.settings),
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def _figures(event: Event) -> Counter[str]:
    lines = event["lines"]
    repeated = len(lines) - len({tuple(line.items()) for line in lines})
    without_customer = 0 if "customer_id" in event else len(lines)
    return Counter(events=1, lines=len(lines), without_customer=without_customer, repeated=repeated)


def _rejected_fields(messages: list[Replayed]) -> Counter[str]:
    checked = (parse_event(each.message.value, each.message.topic) for each in messages)
    return Counter(each.field.split("/")[-1] for each in checked if isinstance(each, Rejection))


def _signed_total(event: Event) -> Decimal:
    total = sum((line["quantity"] * Decimal(line["unit_price"]) for line in event["lines"]), Decimal(0))
    return -total if event["event_type"] == "pos_return_completed" else total
