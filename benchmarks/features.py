"""Measure the live features: from Kafka's append to a readable value, and how long reads take.

Starts the whole stack on free ports and sends at 1,000 events/s; then the broker and the real-time path alone at
11,574/s, the rate of a billion a day. Every event counts: the path's own histogram says when its batch was committed,
against the broker's time; a probe beside it reads values back until its event shows. ``make bench-features``.
"""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.features_probe import probe
from benchmarks.features_reads import read_latencies
from benchmarks.features_watch import LiveWatch
from benchmarks.machine import keep, load_1m, machine, versions
from benchmarks.stream_events import send
from deployment.local_stack.services import build_stack
from deployment.settings import ApiSettings, KafkaSettings, LiveSettings, MlflowSettings, RedisSettings, Settings
from tests.fixtures.kafka import free_ports

_FULL_RATE = 11_574.0
_MUST_BE_ZERO = ("freshness_not_counted", "freshness_full_rate_not_counted")


def main() -> int:
    """Measure, print, write; return 1 where an event was not counted."""
    options = _options()
    with ExitStack() as exits:
        settings = _settings(Path(exits.enter_context(TemporaryDirectory(prefix="aisle-bench-"))))
        stack = build_stack(settings)
        exits.callback(stack.down)
        sender = exits.enter_context(ProcessPoolExecutor(1, multiprocessing.get_context("spawn")))
        result: dict[str, Any] = {"load_before_1m": load_1m(), "only_path": options.only_path}
        stack.up(["live"] if options.only_path else [])
        sent = round(options.rate * options.seconds)
        result |= _freshness("freshness", settings, sender, 0, sent, options.rate)
        stack.down()
        stack.up(["live"])
        full = round(_FULL_RATE * options.full_seconds)
        result |= _freshness("freshness_full_rate", settings, sender, sent, full, _FULL_RATE)
        _say("reads")
        result |= read_latencies(settings)
    result |= {"machine": machine(), "versions": versions("confluent-kafka", "redis", "hiredis", "numpy")}
    keep("features", result | {"load_after_1m": load_1m()})
    return 1 if any(result[name] for name in _MUST_BE_ZERO) else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=float, default=1_000.0, help="events a second with the whole stack")
    parser.add_argument("--seconds", type=float, default=600.0, help="for so long")
    parser.add_argument("--full-seconds", type=float, default=60.0, help="for so long at 11,574 events/s")
    parser.add_argument("--only-path", action="store_true", help="the first part without Spark, MLflow and the API")
    return parser.parse_args()


def _settings(directory: Path) -> Settings:
    kafka, controller, redis, mlflow, api, live = free_ports(6)
    return Settings(
        data_dir=directory,
        kafka=KafkaSettings(port=kafka, controller_port=controller, servers=""),
        redis=RedisSettings(port=redis, max_memory="2gb"),
        mlflow=MlflowSettings(port=mlflow),
        api=ApiSettings(port=api),
        live=LiveSettings(metrics_port=live),
    )


def _freshness(
    name: str, settings: Settings, sender: ProcessPoolExecutor, first: int, events: int, per_s: float
) -> dict[str, Any]:
    """Send events and return percentiles of their freshness, those of the probe, and how many were not counted."""
    _say(f"{events:,} events at {per_s:,.0f}/s")
    watch = LiveWatch(settings)
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as probing:
        probed = probing.submit(probe, settings, events / per_s)
        seconds = sender.submit(send, settings.kafka.bootstrap_servers, first, events, per_s).result()
        ages_ms = probed.result()
    started = time.perf_counter()
    missing = watch.until_counted()
    result = {
        f"{name}_{percentile}_ms": round(watch.percentile_s(share) * 1000, 1)
        for percentile, share in (("p50", 0.5), ("p99", 0.99), ("p999", 0.999))
    }
    return result | {
        f"{name}_events": watch.counted,
        f"{name}_not_counted": missing,
        f"{name}_sent_per_s": round(events / seconds),
        f"{name}_behind_s": round(time.perf_counter() - started, 2),
        f"{name}_probe_p50_ms": round(ages_ms[len(ages_ms) // 2], 1),
        f"{name}_probe_p99_ms": round(ages_ms[int(len(ages_ms) * 0.99)], 1),
        f"{name}_probes": len(ages_ms),
        f"{name}_cpu_us_per_event": round(watch.cpu_s() / max(watch.counted, 1) * 1e6, 1),
        f"{name}_peak_mib": round(watch.memory_mib()),
    }


def _say(text: str) -> None:
    print(f"bench-features: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
