"""Measure how fast a collector on one core takes events, and whether all that it answered 202 are in Kafka once.

Starts a broker and the collector, lets a client in another process post batches over loopback, and reads the topics
back. The ceiling is the collector's producer alone, on the same core, in the same run. ``make bench-ingest`` runs it.
"""

from __future__ import annotations

import multiprocessing
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

import numpy as np
import psutil
from numpy.typing import NDArray

from benchmarks.ingest_ceiling import publish
from benchmarks.ingest_client import BATCH, CONNECTIONS, Posted, post
from benchmarks.ingest_events import times_seen
from benchmarks.machine import keep, load_1m, machine, pinned, versions
from contracts.topics import TOPICS
from deployment.bootstrap.access import local_headers
from tests.fixtures.collector import RunningCollector, running_collector
from tests.fixtures.kafka import Kafka, read_messages, running_broker

_WARM_UP_S = 3.0
_SECONDS = 20.0
_CEILING_S = 8.0
_COLLECTOR_CPU = (psutil.cpu_count() or 1) - 1
_T = TypeVar("_T")


def main() -> int:
    """Measure, print, write; return 1 where an event was lost or doubled."""
    with ExitStack() as stack:
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="aisle-bench-")))
        load_before = load_1m()
        kafka = stack.enter_context(running_broker(directory))
        with pinned(_COLLECTOR_CPU):
            _say(f"the ceiling: the producer alone for {_CEILING_S:g} s")
            ceiling = _elsewhere(publish, kafka.servers, _CEILING_S)
            collector = stack.enter_context(running_collector(kafka.settings, directory / "collector.log"))
        kafka.fresh_topics()
        result = _measure(kafka, collector) | {"ceiling_events_per_s": round(ceiling)}
    result["ratio_to_ceiling"] = round(result["events_per_s"] / ceiling, 3)
    result |= {
        "machine": machine(),
        "versions": versions("confluent-kafka", "fastapi", "jsonschema-rs", "orjson", "uvicorn"),
        "load": {"before_1m": load_before, "after_1m": load_1m()},
    }
    keep("ingest", result)
    return 1 if result["lost"] or result["duplicated"] else 0


def _measure(kafka: Kafka, collector: RunningCollector) -> dict[str, Any]:
    port, process = collector.settings.collector.port, psutil.Process(collector.process.pid)
    _say(f"{CONNECTIONS} connections post batches of {BATCH} for {_WARM_UP_S:g} s and then {_SECONDS:g} s")
    key = local_headers(collector.settings, collector.settings.collector.access)
    warm = _elsewhere(post, port, key, 0, _WARM_UP_S)
    before = process.cpu_times()
    posted = _elsewhere(post, port, key, warm.end, _SECONDS)
    after = process.cpu_times()
    cpu_s = after.user + after.system - before.user - before.system
    memory_mib = process.memory_full_info().pss / 2**20
    _say("reading the topics back")
    lost, duplicated = lost_and_duplicated(_times_read(kafka, posted.end * BATCH), [warm, posted])
    events = len(posted.accepted) * BATCH
    return {
        "events_per_s": round(events / posted.seconds),
        "lost": lost,
        "duplicated": duplicated,
        "p50_ms": round(float(np.percentile(posted.answered_ms, 50)), 2),
        "p99_ms": round(float(np.percentile(posted.answered_ms, 99)), 2),
        "events": events,
        "retried_batches": len(posted.retried),
        "seconds": round(posted.seconds, 2),
        "batch": BATCH,
        "connections": CONNECTIONS,
        "collector_cores": 1,
        "collector_cpu_s_per_million_events": round(1e6 * cpu_s / events, 2),
        "collector_pss_mib": round(memory_mib),
    }


def _times_read(kafka: Kafka, events: int) -> NDArray[np.int64]:
    read = [times_seen([each.value for each in read_messages(kafka.servers, topic.name)], events) for topic in TOPICS]
    times: NDArray[np.int64] = np.sum(read, axis=0)
    return times


def lost_and_duplicated(times: NDArray[np.int64], all_posted: Sequence[Posted]) -> tuple[int, int]:
    """Count events answered 202 that are not in Kafka, and those sent once that are there more than once.

    ``times``: how often each event is in Kafka, by its number.
    """
    by_batch = times.reshape(-1, BATCH)
    accepted, once = np.zeros(len(by_batch), bool), np.ones(len(by_batch), bool)
    for posted in all_posted:
        accepted[list(posted.accepted)] = True
        once[list(posted.retried)] = False
    return int((by_batch[accepted] == 0).sum()), int((by_batch[once] > 1).sum())


def _elsewhere(function: Callable[..., _T], *arguments: Any) -> _T:
    """Call ``function`` in a fresh process."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def _say(text: str) -> None:
    print(f"bench-ingest: {text}", file=sys.stderr)


if __name__ == "__main__":
    raise SystemExit(main())
