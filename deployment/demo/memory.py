"""Samples the memory of everything the demo runs, itself included."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread

import psutil

from deployment.demo.progress import Progress
from deployment.local_stack.processes import pss_mib, tree_of

_EVERY_S = 2.0


class MemorySampler:
    """Measures every 2 s, from ``start`` to ``stop``; ``peak_mib`` is the highest sum of PSS seen."""

    def __init__(self, supervisor_pid: Callable[[], int], progress: Progress) -> None:
        self.peak_mib = 0.0
        self._supervisor_pid = supervisor_pid
        self._progress = progress
        self._stopped = Event()
        self._thread = Thread(target=self._sample_until_stopped, name="memory", daemon=True)

    def start(self) -> None:
        """Begin to measure."""
        self._thread.start()

    def stop(self) -> None:
        """End, with a last sample."""
        self._stopped.set()
        self._thread.join()

    def _sample_until_stopped(self) -> None:
        while True:
            self._sample()
            if self._stopped.wait(_EVERY_S):
                return

    def _sample(self) -> None:
        roots = [psutil.Process().pid, self._supervisor_pid()]
        now_mib = pss_mib(tree_of(pid for pid in roots if pid))
        self._progress.gauges.memory_mib = now_mib
        self.peak_mib = max(self.peak_mib, now_mib)
