"""The real-time path as its metrics page shows it."""

from __future__ import annotations

import time
from collections.abc import Iterator

import httpx
import psutil
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from contracts import metrics as names
from contracts.topics import CLICKSTREAM
from deployment.local_stack.services import build_stack
from deployment.settings import Settings
from tests.fixtures.kafka import end_offsets

_GIVE_UP_S = 120.0
_POLL_S = 0.1


class LiveWatch:
    """What the running process has done since this was made."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._process = psutil.Process(build_stack(settings).supervisor.states()["live"].pid)
        self._cpu_before = self._cpu()
        self._before = self._buckets()
        self._ends_before = self._ends()

    @property
    def counted(self) -> int:
        """Messages whose effects are readable."""
        return int(self._since()[-1][1])

    def until_counted(self) -> int:
        """Wait until every message in the topic is readable; return how many are not within two minutes."""
        deadline = time.monotonic() + _GIVE_UP_S
        while (missing := self._ends() - self._ends_before - self.counted) > 0 and time.monotonic() < deadline:
            time.sleep(_POLL_S)
        return missing

    def percentile_s(self, share: float) -> float:
        """Return the upper bound of the histogram's bucket that holds the percentile: at most a fifth too high."""
        buckets = self._since()
        return next(upper for upper, count in buckets if count >= share * buckets[-1][1])

    def cpu_s(self) -> float:
        """Return the seconds of CPU time."""
        return self._cpu() - self._cpu_before

    def memory_mib(self) -> float:
        """Return the resident memory now."""
        return float(self._process.memory_info().rss) / 2**20

    def _since(self) -> list[tuple[float, float]]:
        before = dict(self._before)
        return [(upper, count - before[upper]) for upper, count in self._buckets()]

    def _buckets(self) -> list[tuple[float, float]]:
        wanted = f"{names.LIVE_FRESHNESS_SECONDS}_bucket"
        return [(float(each.labels["le"]), each.value) for each in self._samples() if each.name == wanted]

    def _samples(self) -> Iterator[Sample]:
        live = self._settings.live
        page = httpx.get(f"http://{live.metrics_host}:{live.metrics_port}/metrics").text
        for family in text_string_to_metric_families(page):
            yield from family.samples

    def _ends(self) -> int:
        return sum(end_offsets(self._settings.kafka.bootstrap_servers, CLICKSTREAM.name))

    def _cpu(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)
