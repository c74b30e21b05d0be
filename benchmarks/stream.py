"""Measure the streams: sustained events a second through bronze, silver and gold, and the latency to silver.

Starts Kafka, Redis and the streaming process on free ports, fills silver, then sends at a steady rate beside them and
counts what has landed. The ceiling is the same Spark reading the same topics to nowhere. ``make bench-stream`` runs it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import orjson
import pyarrow.compute as pc

from benchmarks.machine import load_1m, machine, versions
from benchmarks.stream_events import send
from contracts.tables import (
    BRONZE_CLICKSTREAM,
    BRONZE_POS,
    SILVER_CLICKSTREAM_EVENTS,
    SILVER_POS_EVENTS,
    SILVER_REJECTED_EVENTS,
    SILVER_SESSIONS,
)
from contracts.topics import TOPICS
from data_lake.arrow_lake import ArrowLake
from deployment.bootstrap.spark import build_spark
from deployment.local_stack.processes import pss_mib, tree_of
from deployment.local_stack.services import build_stack
from deployment.local_stack.stack import Stack
from deployment.settings import KafkaSettings, RedisSettings, Settings
from stream_processing.messages import read_topics
from tests.fixtures.kafka import free_ports

_RESULT = Path(__file__).parent / "results" / "stream.json"
_EVENT_TABLES = (SILVER_CLICKSTREAM_EVENTS, SILVER_POS_EVENTS)
_POLL_S = 0.25
_LATENCY_EVENTS_PER_S = 2000.0
_LATENCY_S = 30.0
_GIVE_UP_S = 1800.0
_SAY_EVERY_S = 10.0


@dataclass
class Watch:
    """What is seen while events land: memory, and for each new version of silver how old its events were."""

    lake: ArrowLake
    stack: Stack
    peak_mib: float = 0.0
    ages_s: list[float] = field(default_factory=list)
    _seen: datetime = field(default_factory=lambda: datetime.now(UTC))

    def look(self) -> int:
        """Take one look, and return how many events silver holds."""
        stream = self.stack.supervisor.states()["stream"].pid
        self.peak_mib = max(self.peak_mib, pss_mib(tree_of([stream])))
        now = datetime.now(UTC)
        fresh = self.lake.read(
            SILVER_CLICKSTREAM_EVENTS, ["received_at", "processed_at"], pc.field("processed_at") > self._seen
        )
        if fresh.num_rows:
            self._seen = pc.max(fresh["processed_at"]).as_py()
            self.ages_s += [(now - received).total_seconds() for received in fresh["received_at"].to_pylist()]
        return sum(self.lake.count(table) for table in _EVENT_TABLES)


def main() -> int:
    """Measure, print, write; return 1 where an event was lost or doubled."""
    options = _options()
    with ExitStack() as exits:
        directory = Path(exits.enter_context(TemporaryDirectory(prefix="aisle-bench-")))
        settings = _settings(directory)
        stack = build_stack(settings)
        exits.callback(stack.down)
        sender = exits.enter_context(ProcessPoolExecutor(1, multiprocessing.get_context("spawn")))
        result: dict[str, Any] = {"load_before_1m": load_1m()}
        stack.up(["kafka", "redis"])
        result |= _fill(settings, stack, sender, options.fill)
        result |= _sustain(settings, stack, sender, options)
        result |= _latency(settings, stack, sender, options.fill + options.total)
        result |= _books(
            ArrowLake(settings.lake), options.fill + options.total + round(_LATENCY_EVENTS_PER_S * _LATENCY_S)
        )
        stack.down()
        stack.up(["kafka"])
        _say("the ceiling: the same Spark reads the same topics to nowhere")
        result["ceiling_events_per_s"] = round(_ceiling(settings))
    result["ratio_to_ceiling"] = round(result["events_per_s"] / result["ceiling_events_per_s"], 3)
    result |= {"machine": machine(), "versions": versions("pyspark", "deltalake", "duckdb", "confluent-kafka")}
    line = orjson.dumps(result | {"load_after_1m": load_1m()}, option=orjson.OPT_SERIALIZE_NUMPY)
    _RESULT.write_bytes(line + b"\n")
    print(line.decode())
    return 1 if result["lost"] or result["duplicated"] else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fill", type=int, default=1_000_000, help="events in silver before the measurement")
    parser.add_argument("--rate", type=float, default=11_574.0, help="events a second; a billion a day is 11,574")
    parser.add_argument("--seconds", type=float, default=120.0, help="for so long")
    options = parser.parse_args()
    options.total = round(options.rate * options.seconds)
    return options


def _settings(directory: Path) -> Settings:
    kafka, controller, redis = free_ports(3)
    return Settings(
        data_dir=directory,
        kafka=KafkaSettings(port=kafka, controller_port=controller, servers=""),
        redis=RedisSettings(port=redis),
    )


def _fill(settings: Settings, stack: Stack, sender: ProcessPoolExecutor, events: int) -> dict[str, Any]:
    """Fill the topics, then let the streams take all of it: how fast they work off a backlog."""
    _say(f"{events:,} events of history")
    since = datetime.now(UTC) - timedelta(milliseconds=events) - timedelta(hours=1)
    sender.submit(send, settings.kafka.bootstrap_servers, 0, events, None, since).result()
    started = time.perf_counter()
    stack.up(["stream"])
    watch = Watch(ArrowLake(settings.lake), stack)
    _until_landed(watch, events)
    seconds = time.perf_counter() - started
    return {
        "fill_events": events,
        "backlog_events_per_s": round(events / seconds),
        "fill_peak_mib": round(watch.peak_mib),
    }


def _sustain(
    settings: Settings, stack: Stack, sender: ProcessPoolExecutor, options: argparse.Namespace
) -> dict[str, Any]:
    """Send at the rate, and see when the last event is in gold: what was sustained is all of it over that time."""
    _say(f"{options.rate:,.0f} events/s for {options.seconds:g} s")
    watch, started = Watch(ArrowLake(settings.lake), stack), time.perf_counter()
    sending = sender.submit(send, settings.kafka.bootstrap_servers, options.fill, options.total, options.rate)
    sent_s = _while_sending(watch, sending)
    _until_landed(watch, options.fill + options.total)
    seconds = time.perf_counter() - started
    return {
        "events": options.total,
        "wanted_events_per_s": options.rate,
        "events_per_s": round(options.total / seconds),
        "sending_s": round(sent_s, 1),
        "behind_s": round(seconds - sent_s, 1),
        "peak_pss_mib": round(watch.peak_mib),
    }


def _latency(settings: Settings, stack: Stack, sender: ProcessPoolExecutor, first: int) -> dict[str, Any]:
    """From the broker's time to a version of silver that holds it, at a modest rate; polled, so up to 0.25 s late."""
    _say(f"latency at {_LATENCY_EVENTS_PER_S:,.0f} events/s for {_LATENCY_S:g} s")
    watch, total = Watch(ArrowLake(settings.lake), stack), round(_LATENCY_EVENTS_PER_S * _LATENCY_S)
    sending = sender.submit(send, settings.kafka.bootstrap_servers, first, total, _LATENCY_EVENTS_PER_S)
    _while_sending(watch, sending)
    _until_landed(watch, first + total)
    p50, p99 = np.percentile(watch.ages_s, [50, 99])
    return {"silver_latency_p50_s": round(p50, 2), "silver_latency_p99_s": round(p99, 2)}


def _while_sending(watch: Watch, sending: Future[float]) -> float:
    while not sending.done():
        watch.look()
        time.sleep(_POLL_S)
    return sending.result()


def _until_landed(watch: Watch, events: int) -> None:
    """Wait until silver holds so many events, and the sessions what silver holds."""
    deadline, said = time.monotonic() + _GIVE_UP_S, 0.0
    while (landed := watch.look()) < events or not _is_in_gold(watch.lake):
        if time.monotonic() > deadline:
            msg = f"{landed:,} of {events:,} events landed within {_GIVE_UP_S:g} s"
            raise TimeoutError(msg)
        if time.monotonic() - said > _SAY_EVERY_S:
            _say(f"{landed:,} of {events:,} events in silver")
            said = time.monotonic()
        time.sleep(_POLL_S)


def _is_in_gold(lake: ArrowLake) -> bool:
    events = lake.read(SILVER_CLICKSTREAM_EVENTS, ["event_type"])["event_type"]
    in_sessions = pc.sum(lake.read(SILVER_SESSIONS, ["event_count"])["event_count"]).as_py() or 0
    return bool(in_sessions == pc.sum(pc.not_equal(events, "recommendations_shown")).as_py())


def _books(lake: ArrowLake, sent: int) -> dict[str, Any]:
    ids = [each for table in _EVENT_TABLES for each in lake.read(table, ["event_id"])["event_id"].to_pylist()]
    bronze = sum(lake.count(table) for table in (BRONZE_CLICKSTREAM, BRONZE_POS))
    rejected = lake.count(SILVER_REJECTED_EVENTS)
    distinct = len(set(ids))
    return {
        "lost": sent - distinct,
        "duplicated": len(ids) - distinct,
        "bronze_missing": sent - bronze,
        "rejected": rejected,
    }


def _ceiling(settings: Settings) -> float:
    spark = build_spark(settings, "aisle-bench", memory="2g")
    rows = read_topics(spark, settings.kafka.bootstrap_servers, TOPICS)
    started = time.perf_counter()
    writer = rows.writeStream.format("noop").option("checkpointLocation", str(settings.data_dir / "ceiling"))
    query = writer.trigger(availableNow=True).start()
    query.awaitTermination()
    seconds = time.perf_counter() - started
    events: int = sum(progress["numInputRows"] for progress in query.recentProgress)
    spark.stop()
    return events / seconds


def _say(text: str) -> None:
    print(f"bench-stream: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
