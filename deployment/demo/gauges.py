"""Keeps the dashboard's rows per table and rates up to date, in a thread of its own."""

from __future__ import annotations

import time
from threading import Event as Flag
from threading import Thread

from contracts.tables import SILVER_REJECTED_EVENTS
from data_lake.arrow_lake import ArrowLake
from deployment.demo.landing import layer_rows
from deployment.demo.progress import Progress

_EVERY_S = 2.0


class LayerGauge:
    """Counts the rows of every table, from the Delta logs alone, every 2 s between ``start`` and ``stop``."""

    def __init__(self, lake: ArrowLake, progress: Progress) -> None:
        self._lake = lake
        self._progress = progress
        self._stopped = Flag()
        self._thread = Thread(target=self._count_until_stopped, name="layers", daemon=True)

    def start(self) -> None:
        """Begin to count."""
        self._thread.start()

    def stop(self) -> None:
        """End after the count that runs."""
        self._stopped.set()
        self._thread.join()

    def _count_until_stopped(self) -> None:
        counted_at = time.monotonic()
        while not self._stopped.wait(_EVERY_S):
            gauges, now = self._progress.gauges, time.monotonic()
            rows = layer_rows(self._lake)
            gauges.rates = {
                layer: (sum(tables.values()) - sum(gauges.layers.get(layer, {}).values())) / (now - counted_at)
                for layer, tables in rows.items()
            }
            gauges.layers, counted_at = rows, now
            silver = rows.get(SILVER_REJECTED_EVENTS.layer, {})
            gauges.rejected = silver.get(SILVER_REJECTED_EVENTS.name.partition(".")[2])
