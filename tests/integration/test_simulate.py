from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

from contracts import TOPICS, Rejection, parse_event
from data_sources.faults import FaultRatios
from data_sources.shop import Shop, ShopSettings
from data_sources.simulator import simulate
from deployment.settings import KafkaSettings, Settings, child_environment
from tests.fixtures.kafka import Kafka, end_offsets, free_ports, read_messages

FAULTS = (
    "--late-ratio",
    "0.05",
    "--duplicate-ratio",
    "0.05",
    "--out-of-order-ratio",
    "0.05",
    "--malformed-ratio",
    "0.05",
)
_WITHIN_S = 60


def start(settings: Settings, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", "from deployment.cli import main; main()", "simulate", *arguments],
        env=child_environment(settings),
        stderr=subprocess.PIPE,
        text=True,
    )


def sent_to(kafka: Kafka) -> int:
    return sum(sum(end_offsets(kafka.servers, topic.name)) for topic in TOPICS)


def test_history_reaches_the_topics_with_the_faults_of_the_report(kafka: Kafka, tmp_path: Path) -> None:
    kafka.fresh_topics()
    path = tmp_path / "truth.json"
    volume = ("--days", "0.1", "--events-per-day", "30000", "--start", "2026-11-02T18:00:00Z", "--products", "200")
    process = start(kafka.settings, *volume, *FAULTS, "--report", str(path))
    _, said = process.communicate(timeout=_WITHIN_S)
    assert process.returncode == 0, said
    report = json.loads(path.read_text(encoding="utf-8"))

    rejected: Counter[str] = Counter()
    accepted: Counter[str] = Counter()
    values = []
    for topic in TOPICS:
        for message in read_messages(kafka.servers, topic.name):
            values.append(message.value)
            assert message.headers == [("producer", b"simulator")]
            event = parse_event(message.value, topic.name)
            if isinstance(event, Rejection):
                rejected[event.reason] += 1
            else:
                accepted[event["event_id"]] += 1
    assert len(values) == report["sent"] > 2000
    assert rejected == report["rejected_injected"]
    assert len(accepted) == report["accepted_expected"]
    assert sum(accepted.values()) - len(accepted) == report["duplicates_injected"] > 0

    shop = Shop(ShopSettings(7, datetime(2026, 11, 2, 18, tzinfo=UTC), 30000 / 86400, products=200, rhythm=True))
    expected = simulate(shop, timedelta(days=0.1), FaultRatios(0.05, 0.05, 0.05, 0.05))
    assert Counter(values) == Counter(parcel.message.value for parcel in expected)


def test_ctrl_c_ends_live_trade_with_a_report_of_what_the_broker_has(kafka: Kafka, tmp_path: Path) -> None:
    before, path = sent_to(kafka), tmp_path / "truth.json"
    process = start(kafka.settings, "--rate", "200", "--report", str(path))
    deadline = time.monotonic() + _WITHIN_S
    while sent_to(kafka) < before + 100 and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=_WITHIN_S)
    assert process.returncode == 0, said
    report = json.loads(path.read_text(encoding="utf-8"))
    assert report["sent"] == sent_to(kafka) - before >= 100


def test_without_a_broker_there_is_one_line_and_nothing_counts_as_sent(tmp_path: Path) -> None:
    port, controller_port = free_ports(2)
    settings = Settings(data_dir=tmp_path, kafka=KafkaSettings(port=port, controller_port=controller_port))
    path = tmp_path / "truth.json"
    process = start(settings, "--duration", "5s", "--report", str(path))
    _, said = process.communicate(timeout=_WITHIN_S)
    assert process.returncode == 1
    assert said.count("\n") == 1
    assert f"127.0.0.1:{port}" in said
    assert json.loads(path.read_text(encoding="utf-8"))["sent"] == 0
