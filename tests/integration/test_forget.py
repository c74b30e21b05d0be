"""``aisle lake forget`` on real tables, Redis and Kafka: all of one customer, nothing of another, with a proof."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from kafka import KafkaProducer
from redis import Redis

from contracts.errors import BrokerUnavailableError, NotReadyError, UnfinishedErasureError
from contracts.tables import (
    BRONZE_CLICKSTREAM,
    GOLD_RECOMMENDATIONS,
    GOLD_VISITOR_FEATURES,
    SILVER_CLICKSTREAM_EVENTS,
)
from contracts.topics import CLICKSTREAM
from data_lake.arrow_lake import ArrowLake
from data_lake.care.forgetting import Finding
from data_lake.care.naming import Subject
from deployment.bootstrap import forgetting
from deployment.bootstrap.features import build_online_features
from deployment.bootstrap.live import build_live_features
from deployment.cli import lake_forget
from deployment.settings import KafkaSettings, MlflowSettings, RedisSettings, Settings
from feature_store.customer_lists import CustomerList, OnlineCustomerLists
from feature_store.definitions import view_named
from feature_store.live.reader import Presence
from feature_store.online import OnlineFeatures
from tests.fixtures.kafka import Kafka, read_messages
from tests.fixtures.live_events import click
from tests.fixtures.live_store import fill_live
from tests.fixtures.personal_lake import NOON, SEEN, append, fill, viewed


@pytest.fixture
def settings(tmp_path: Path, kafka: Kafka, redis_url: str) -> Settings:
    return Settings(
        data_dir=tmp_path,
        kafka=KafkaSettings(servers=kafka.servers),
        redis=RedisSettings(server_url=redis_url),
        mlflow=MlflowSettings(server_uri="http://127.0.0.1:1"),
    )


@pytest.fixture
def lake(settings: Settings, kafka: Kafka, monkeypatch: pytest.MonkeyPatch) -> ArrowLake:
    """The personal lake, its events in Kafka (partition 0), four of the six taken by both queries."""
    monkeypatch.setattr(lake_forget, "load_settings", lambda: settings)
    monkeypatch.setattr(lake_forget, "_SETTLE", timedelta(0))
    lake = ArrowLake(settings.lake)
    fill(lake)
    kafka.fresh_topics()
    with KafkaProducer(bootstrap_servers=kafka.servers) as producer:
        for number, seen in enumerate(SEEN):
            producer.send(CLICKSTREAM.name, json.dumps(viewed(number, *seen)).encode(), partition=0)
    return lake


def _taken(lake: ArrowLake, query: str, offset: int) -> None:
    checkpoint = Path(lake.checkpoint(query))
    for name in ("commits", "offsets"):
        (checkpoint / name).mkdir(parents=True, exist_ok=True)
    (checkpoint / "commits" / "7").write_text("v1\n{}")
    ends = json.dumps({CLICKSTREAM.name: {"0": offset, "1": 0}})
    (checkpoint / "offsets" / "7").write_text(f"v1\n{{}}\n{ends}")
    (checkpoint / "offsets" / "8").write_text("v1\n{}\n{}")


def _online(settings: Settings) -> OnlineFeatures:
    """Fill Redis: live features of three visitors, of whom v-both was c-1 once, and a row of each customer."""
    online, moment = build_online_features(settings), datetime.now(UTC)
    seen = [("v-1", "c-1"), ("v-2", "c-2"), ("v-both", "c-1"), ("v-both", "c-2")]
    events = [
        click("page_viewed", f"e-{n}", moment, who, customer_id=customer) for n, (who, customer) in enumerate(seen)
    ]
    for customer in ("c-1", "c-2"):
        row = _empty("customer_features") | {"customer_id": customer, "order_count": 1}
        online.write("customer_features", [row | {"event_timestamp": NOON}])
    with Redis.from_url(settings.redis.url) as client:
        fill_live(client, events, moment)
        listed = CustomerList(["p-1"], [1.0], ["model"], "recommender", "1", NOON)
        OnlineCustomerLists(client).write((customer, listed) for customer in ("c-1", "c-2"))
    return online


def _known_live(settings: Settings) -> list[Presence]:
    answers = build_live_features(settings).read_each(["v-1", "v-both", "v-2"])
    return [answer.life.presence for answer in answers]


def _empty(view: str) -> dict[str, object]:
    return dict.fromkeys(field.name for field in view_named(view).features)


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(lake_forget.forget_command, arguments)


def test_a_customer_is_gone_from_everywhere_and_a_second_run_says_so(
    settings: Settings, lake: ArrowLake, kafka: Kafka
) -> None:
    online = _online(settings)
    for query in ("bronze", "silver"):
        _taken(lake, query, 6)

    dry = _run("c-1", "--dry-run")
    assert dry.exit_code == 0, dry.exception
    lines = [line.split() for line in dry.stdout.splitlines()]
    assert ["with", "the", "browsers", "v-1"] in lines
    assert ["silver.clickstream_events", "rows", "3"] in lines
    assert ["Redis", "keys", "6"] in lines
    assert ["Kafka", "clickstream", "partition", "0", "messages", "3"] in lines
    assert "warning: trained from these tables, and not changed: not known: MLflow at" in dry.stdout
    assert lake.count(SILVER_CLICKSTREAM_EVENTS) == 6

    done = _run("c-1", "--yes")
    assert done.exit_code == 0, done.exception
    assert "erased c-1; proof: nothing is found any more; searched Kafka, Redis, bronze.clickstream" in done.stdout
    assert lake.count(SILVER_CLICKSTREAM_EVENTS) == 3
    assert _known_live(settings) == [Presence.MISSING, Presence.MISSING, Presence.PRESENT]
    assert [row is None for row in online.read("customer_features", ["c-1", "c-2"])] == [True, False]
    with Redis.from_url(settings.redis.url) as client:
        assert [OnlineCustomerLists(client).read(each) is None for each in ("c-1", "c-2")] == [True, False]
    assert lake.read(GOLD_RECOMMENDATIONS, ["customer_id"])["customer_id"].to_pylist() == ["c-2"]
    # The last of c-1 was the fourth of six: what came after it stays.
    left = [json.loads(message.value)["event_id"] for message in read_messages(kafka.servers, CLICKSTREAM.name)]
    assert left == ["e-4", "e-5"]

    assert _run("c-1", "--yes").stdout.startswith("nothing is left of c-1: searched Kafka, Redis, bronze.clickstream")


def test_what_the_streams_have_not_landed_stays_in_kafka_and_is_said(lake: ArrowLake, kafka: Kafka) -> None:
    _taken(lake, "bronze", 6)
    _taken(lake, "silver", 2)
    error = _run("c-1", "--yes").exception
    assert isinstance(error, UnfinishedErasureError)
    told = (
        "not all of c-1 could be erased: Kafka clickstream partition 0: 1 messages, some not landed yet: run this again"
    )
    assert str(error) == told
    assert len(read_messages(kafka.servers, CLICKSTREAM.name)) == 4
    _taken(lake, "silver", 6)
    assert "proof" in _run("c-1", "--yes").stdout


class _Stream:
    """Writes a row of v-1 once after the erasure of the lake, as a micro-batch would that had read silver before."""

    def __init__(self, lake: ArrowLake) -> None:
        self._lake = lake
        self._wrote = False

    def find(self, _: Subject) -> Sequence[Finding]:
        return []

    def erase(self, _: Subject) -> None:
        if not self._wrote:
            append(self._lake, GOLD_VISITOR_FEATURES, {"visitor_id": "v-1", "customer_id": "c-1", "date": NOON.date()})
        self._wrote = True


def test_rows_that_a_stream_writes_again_meanwhile_are_erased_too(settings: Settings, lake: ArrowLake) -> None:
    for query in ("bronze", "silver"):
        _taken(lake, query, 6)
    rounds: list[str] = []
    erasure = forgetting.build_forgetting(settings, lake, "c-1", rounds.append, timedelta(0))
    erasure = replace(erasure, places=(*erasure.places, _Stream(lake)))
    proof = erasure.erase(Subject(frozenset({"c-1", "v-1"}), frozenset({"v-both"})))
    assert rounds == ["erasing, round 1", "erasing, round 2"]
    assert proof
    assert not any(finding.count for finding in proof)


def test_a_visitor_goes_without_the_customer(lake: ArrowLake) -> None:
    for query in ("bronze", "silver"):
        _taken(lake, query, 6)
    assert "seen in this browser, and not erased with it: c-1\n" in _run("v-1", "--yes").stdout
    rows = lake.read(SILVER_CLICKSTREAM_EVENTS, ["visitor_id"])["visitor_id"].to_pylist()
    assert sorted(rows) == ["v-11", "v-2", "v-both", "v-both"]


def test_nothing_is_erased_where_a_place_does_not_answer(
    settings: Settings, lake: ArrowLake, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = settings.model_copy(update={"kafka": KafkaSettings(servers="127.0.0.1:1")})
    monkeypatch.setattr(lake_forget, "load_settings", lambda: away)
    assert isinstance(_run("c-1", "--yes").exception, BrokerUnavailableError)
    assert lake.count(BRONZE_CLICKSTREAM) == 9


def test_without_a_lake_there_is_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lake_forget, "load_settings", lambda: Settings(data_dir=tmp_path))
    assert isinstance(_run("c-1").exception, NotReadyError)
