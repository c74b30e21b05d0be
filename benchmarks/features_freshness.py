"""From Kafka's append to a readable value: with the whole stack at 1,000 events/s, and the path alone at 11,574/s.

11,574/s are a billion a day. Every event counts: the path's own histogram says when its batch was committed, against
the broker's time; a probe beside it reads values back until its event shows. After each, under the same load, a bare
echo from Kafka to Redis is the ceiling.
"""

from __future__ import annotations

import time
from concurrent.futures import ProcessPoolExecutor
from typing import Any

from benchmarks.features_echo import echo, percentiles, ready
from benchmarks.features_probe import probe
from benchmarks.features_stack import bench_stack
from benchmarks.features_watch import LiveWatch
from benchmarks.running import another_process, say
from benchmarks.stream_events import send
from deployment.settings import Settings

_RATE, _FULL_RATE = 1_000.0, 11_574.0
# A broker and readers that have just started work off their first full second in more than one.
_WARM_UP_S = 10.0
_ECHO_S = 20.0
# An echo listens before the first event, and after the last.
_ECHO_MARGIN_S = 3.0


def measure(seconds: float, full_seconds: float, *, only_path: bool) -> dict[str, Any]:
    """Return percentiles and counts; raises ``RuntimeError`` where an event was not counted.

    ``only_path``: the first part too without Spark, MLflow and the API.
    """
    with bench_stack() as (settings, stack), another_process() as sender:
        trade = _Trade(settings, sender)
        say("freshness: starting the stack")
        stack.up(["live"] if only_path else [])
        result = {"freshness_only_path": only_path} | trade.freshness("freshness", seconds, _RATE)
        result |= trade.echo("echo", min(seconds, _ECHO_S), _RATE)
        stack.down()
        stack.up(["live"])
        result |= trade.freshness("freshness_full_rate", full_seconds, _FULL_RATE)
        stack.down()
        stack.up(["kafka", "redis"])
        return result | trade.echo("echo_full_rate", min(full_seconds, _ECHO_S), _FULL_RATE)


class _Trade:
    """Events sent by another process, each with a number of its own."""

    def __init__(self, settings: Settings, sender: ProcessPoolExecutor) -> None:
        self._settings = settings
        self._sender = sender
        self._sent = 0

    def freshness(self, name: str, seconds: float, per_s: float) -> dict[str, Any]:
        """Send, and return percentiles of all events after a warm-up, those of the probe, and what it cost."""
        watch = LiveWatch(self._settings)
        self._send(f"{name}_warm_up", _WARM_UP_S, per_s)
        _require_all_counted(name, watch)
        watch = LiveWatch(self._settings)
        with another_process() as probing:
            probed = probing.submit(probe, self._settings, seconds)
            took = self._send(name, seconds, per_s)
            ages_ms = probed.result()
        started = time.perf_counter()
        _require_all_counted(name, watch)
        shares = (("p50", 0.5), ("p99", 0.99), ("p999", 0.999))
        found = {f"{name}_{each}_ms": round(watch.percentile_s(share) * 1000, 1) for each, share in shares}
        return found | {
            f"{name}_warm_up_s": _WARM_UP_S,
            f"{name}_events": watch.counted,
            f"{name}_sent_per_s": round(seconds * per_s / took),
            f"{name}_behind_s": round(time.perf_counter() - started, 2),
            **percentiles(f"{name}_probe", ages_ms),
            f"{name}_cpu_us_per_event": round(watch.cpu_s() / max(watch.counted, 1) * 1e6, 1),
            f"{name}_peak_mib": round(watch.memory_mib()),
        }

    def echo(self, name: str, seconds: float, per_s: float) -> dict[str, Any]:
        """Send while a bare echo listens, and return its percentiles."""
        with another_process() as listening:
            listening.submit(ready).result()
            echoed = listening.submit(echo, self._settings, seconds + 2 * _ECHO_MARGIN_S)
            time.sleep(_ECHO_MARGIN_S)
            self._send(name, seconds, per_s)
            return percentiles(name, echoed.result())

    def _send(self, name: str, seconds: float, per_s: float) -> float:
        """Return the seconds until all were acknowledged."""
        events = round(seconds * per_s)
        say(f"{name}: {events:,} events at {per_s:,.0f}/s")
        first, self._sent = self._sent, self._sent + events
        return self._sender.submit(send, self._settings.kafka.bootstrap_servers, first, events, per_s).result()


def _require_all_counted(name: str, watch: LiveWatch) -> None:
    if missing := watch.until_counted():
        msg = f"{name}: {missing} events were not counted within two minutes"
        raise RuntimeError(msg)
