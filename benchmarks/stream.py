"""Measure the streams: sustained events a second through bronze, silver and gold, and the latency to silver.

Starts Kafka and the streaming process on free ports, fills silver with the day before, then sends at a steady rate
beside them, counts what has landed and builds the day's batch tables. The ceiling is the same Spark reading the same
topics to nowhere. ``make bench-stream`` runs it.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.machine import keep, load_1m, machine, versions
from benchmarks.stream_backfill import backfill_events_per_s
from benchmarks.stream_batch import build_day, wrong_totals
from benchmarks.stream_books import books, sizes
from benchmarks.stream_events import send
from benchmarks.stream_latency import silver_ages_s
from benchmarks.stream_watch import Watch
from contracts.topics import TOPICS
from data_lake.arrow_lake import ArrowLake
from deployment.bootstrap.spark import build_spark
from deployment.local_stack.services import build_stack
from deployment.local_stack.stack import Stack
from deployment.settings import KafkaSettings, Settings
from stream_processing.messages import read_topics
from tests.fixtures.kafka import free_ports

_MUST_BE_ZERO = (
    "lost",
    "duplicated",
    "bronze_missing",
    "wrong_sessions_in_a_sixteenth",
    "wrong_minutes",
    "wrong_totals",
)
_POLL_S = 0.5
_LATENCY_EVENTS_PER_S = 2000.0
_LATENCY_S = 60.0
_GIVE_UP_S = 7200.0
_SAY_EVERY_S = 10.0


def main() -> int:
    """Measure, print, write; return 1 where an event was lost or doubled, or gold is wrong."""
    options = _options()
    with ExitStack() as exits:
        directory = Path(exits.enter_context(TemporaryDirectory(prefix="aisle-bench-")))
        settings = _settings(directory)
        lake, stack = ArrowLake(settings.lake), build_stack(settings)
        exits.callback(stack.down)
        sender = exits.enter_context(ProcessPoolExecutor(1, multiprocessing.get_context("spawn")))
        result: dict[str, Any] = {"load_before_1m": load_1m()}
        stack.up(["kafka"])
        result |= _fill(settings, stack, sender, options.fill)
        today = datetime.now(UTC).date()
        _say("the batch tables of the day before")
        result |= {f"fill_{name}": value for name, value in build_day(settings, today - timedelta(days=1)).items()}
        result |= _sustain(settings, stack, sender, options, today)
        result["wrong_totals"] = wrong_totals(lake, today) + wrong_totals(lake, today - timedelta(days=1))
        result |= _latency(settings, stack, sender, options.fill + options.total)
        sent = options.fill + options.total + round(_LATENCY_EVENTS_PER_S * _LATENCY_S)
        stack.down()
        _say("the books")
        result |= books(lake, sent) | sizes(lake, sent)
        _say(f"the way back: {options.backfill:,} events from bronze")
        result["backfill_events_per_s"] = round(backfill_events_per_s(settings, directory / "anew", options.backfill))
        stack.up(["kafka"])
        _say("the ceiling: the same Spark reads the same topics to nowhere")
        result["ceiling_events_per_s"] = round(_ceiling(settings))
    result["ratio_to_ceiling"] = round(result["events_per_s"] / result["ceiling_events_per_s"], 3)
    result |= {"machine": machine(), "versions": versions("pyspark", "deltalake", "duckdb", "confluent-kafka")}
    keep("stream", result | {"load_after_1m": load_1m()})
    return 1 if any(result[name] for name in _MUST_BE_ZERO) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fill", type=int, default=20_000_000, help="events in silver before the measurement")
    parser.add_argument("--rate", type=float, default=13_000.0, help="events a second; a billion a day is 11,574")
    parser.add_argument("--seconds", type=float, default=600.0, help="for so long")
    parser.add_argument("--backfill", type=int, default=10_000_000, help="events to make anew from bronze")
    options = parser.parse_args()
    options.total = round(options.rate * options.seconds)
    return options


def _settings(directory: Path) -> Settings:
    kafka, controller = free_ports(2)
    kafka_settings = KafkaSettings(port=kafka, controller_port=controller, servers="")
    return Settings(data_dir=directory, kafka=kafka_settings)


def _fill(settings: Settings, stack: Stack, sender: ProcessPoolExecutor, events: int) -> dict[str, Any]:
    """Fill the topics, then let the streams take all of it: how fast they work off a backlog."""
    _say(f"{events:,} events of history")
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    since = midnight - timedelta(milliseconds=events) - timedelta(hours=1)
    sender.submit(send, settings.kafka.bootstrap_servers, 0, events, None, since).result()
    started = time.perf_counter()
    stack.up(["stream"])
    watch = Watch(ArrowLake(settings.lake), stack)
    _until_landed(watch, events)
    seconds = time.perf_counter() - started
    early, late = (watch.seconds_for(million * 1_000_000, (million + 1) * 1_000_000) for million in (1, 16))
    return {
        "fill_events": events,
        "backlog_events_per_s": round(events / seconds),
        "fill_peak_mib": round(max(watch.memory_mib)),
        "fill_s": round(seconds, 1),
        "fill_memory_growth_ratio": round(watch.memory_growth(), 2),
        "second_million_s": early and round(early, 1),
        "seventeenth_million_s": late and round(late, 1),
        "growth_ratio_16x": late and early and round(late / early, 2),
    }


def _sustain(
    settings: Settings, stack: Stack, sender: ProcessPoolExecutor, options: argparse.Namespace, day: date
) -> dict[str, Any]:
    """Send at the rate, see when the last event is in gold, then build the day's batch tables.

    What was sustained is all events over the time until then.
    """
    _say(f"{options.rate:,.0f} events/s for {options.seconds:g} s")
    watch, started = Watch(ArrowLake(settings.lake), stack), time.perf_counter()
    sending = sender.submit(send, settings.kafka.bootstrap_servers, options.fill, options.total, options.rate)
    sent_s = _while_sending(watch, sending)
    _until_landed(watch, options.fill + options.total)
    landed_s = time.perf_counter() - started
    _say("the batch tables of the day")
    batch = build_day(settings, day)
    return batch | {
        "events": options.total,
        "wanted_events_per_s": options.rate,
        "events_per_s": round(options.total / (time.perf_counter() - started)),
        "streamed_events_per_s": round(options.total / landed_s),
        "sending_s": round(sent_s, 1),
        "behind_s": round(landed_s - sent_s, 1),
        "peak_rss_mib": round(max(watch.memory_mib)),
        "memory_growth_ratio": round(watch.memory_growth(), 2),
    }


def _latency(settings: Settings, stack: Stack, sender: ProcessPoolExecutor, first: int) -> dict[str, Any]:
    """At a modest rate, with what was sent before still in silver."""
    _say(f"latency at {_LATENCY_EVENTS_PER_S:,.0f} events/s for {_LATENCY_S:g} s")
    lake, total, since = ArrowLake(settings.lake), round(_LATENCY_EVENTS_PER_S * _LATENCY_S), datetime.now(UTC)
    watch = Watch(lake, stack)
    sending = sender.submit(send, settings.kafka.bootstrap_servers, first, total, _LATENCY_EVENTS_PER_S)
    _while_sending(watch, sending)
    _until_landed(watch, first + total)
    p50, p99 = np.percentile(silver_ages_s(lake, since), [50, 99])
    return {"silver_latency_p50_s": round(p50, 2), "silver_latency_p99_s": round(p99, 2)}


def _while_sending(watch: Watch, sending: Future[float]) -> float:
    while not sending.done():
        watch.look()
        time.sleep(_POLL_S)
    return sending.result()


def _until_landed(watch: Watch, events: int) -> None:
    """Wait until gold has seen so many events."""
    deadline, said = time.monotonic() + _GIVE_UP_S, 0.0
    while (landed := watch.look()) < events:
        if time.monotonic() > deadline:
            msg = f"{landed:,} of {events:,} events were in gold within {_GIVE_UP_S:g} s"
            raise TimeoutError(msg)
        if time.monotonic() - said > _SAY_EVERY_S:
            _say(f"{landed:,} of {events:,} events in gold")
            said = time.monotonic()
        time.sleep(_POLL_S)


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
