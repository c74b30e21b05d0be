"""The counts of the real files, without a broker and through one."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from contracts import Rejection, parse_event
from data_sources.mapping import read_mapping
from data_sources.replay import Replayed, replay
from data_sources.source_file import SourceFile
from deployment.settings import PROJECT_ROOT, child_environment
from tests.fixtures.kafka import Kafka, read_messages

SHARED = PROJECT_ROOT.parent / "shared" / "data"
REES46 = SHARED / "rees46" / "2019-Oct.csv"
ONLINE_RETAIL = SHARED / "online_retail" / "online_retail.csv.gz"

needs_rees46 = pytest.mark.skipif(not REES46.exists(), reason="needs ../shared/data/rees46")
needs_online_retail = pytest.mark.skipif(not ONLINE_RETAIL.exists(), reason="needs ../shared/data/online_retail")


@needs_rees46
def test_rees46_has_17429_events_5_duplicates_and_1_rejected_row() -> None:
    messages = _replayed(REES46, "rees46")
    checked = [parse_event(each.message.value, "clickstream") for each in messages if not each.mapping_error]
    ids = Counter(event["event_id"] for event in checked if isinstance(event, dict))
    unmapped = [(each.line, each.message.value) for each in messages if each.mapping_error]
    assert (len(messages), len(ids), ids.total() - len(ids)) == (17_435, 17_429, 5)
    assert unmapped == [(17_436, REES46.read_bytes().splitlines()[-1])]


@needs_online_retail
def test_online_retail_has_25900_invoices_and_its_exact_sum() -> None:
    messages = _replayed(ONLINE_RETAIL, "online_retail")
    events = {event["event_id"]: event for event in (json.loads(each.message.value) for each in messages)}
    assert (len(messages), len(events), sum(each.rows for each in messages)) == (25_900, 25_900, 541_909)
    assert sum(event["event_type"] == "pos_return_completed" for event in events.values()) == 3_836
    assert sum(map(_signed_total, events.values())) == Decimal("9747747.934")
    assert max(len(event["lines"]) for event in events.values()) == 1_114
    assert not any(each.mapping_error for each in messages)
    assert _rejected_fields(messages) == {"quantity": 1_336, "unit_price": 2}
    by_invoice = {event.get("transaction_id") or event["return_id"]: event for event in events.values()}
    assert by_invoice["542806"]["occurred_at"] == "2011-02-01T11:19:00Z"
    assert len(by_invoice["542806"]["lines"]) == 39
    assert any("£" in line.get("description", "") for line in by_invoice["539492"]["lines"])


@needs_rees46
def test_the_command_sends_the_whole_file(kafka: Kafka, tmp_path: Path) -> None:
    kafka.fresh_topics()
    report = tmp_path / "report.json"
    done = _aisle(kafka, "replay", str(REES46), "--mapping", "rees46", "--speed", "max", "--report", str(report))
    assert done.returncode == 0, done.stderr
    expected = {"sent": 17_435, "rows": 17_435, "unmapped": 1, "source_file": "2019-Oct.csv", "mapping": "rees46"}
    assert json.loads(report.read_text()) == expected
    sent = [(each.message.value, list(each.message.headers)) for each in _replayed(REES46, "rees46")]
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


def _replayed(file: Path, mapping_name: str) -> list[Replayed]:
    return list(replay(SourceFile(file), read_mapping(mapping_name)))


def _rejected_fields(messages: list[Replayed]) -> Counter[str]:
    checked = (parse_event(each.message.value, each.message.topic) for each in messages)
    return Counter(each.field.split("/")[-1] for each in checked if isinstance(each, Rejection))


def _signed_total(event: dict[str, Any]) -> Decimal:
    total = sum((line["quantity"] * Decimal(line["unit_price"]) for line in event["lines"]), Decimal(0))
    return -total if event["event_type"] == "pos_return_completed" else total
