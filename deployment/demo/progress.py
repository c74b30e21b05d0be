"""What the demo has done so far: written by its threads, read by whatever shows it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

Listener = Callable[[str], None]


@dataclass
class Phase:
    """One phase: seconds from the demo's start to its own start, and how long it took (None while it runs)."""

    name: str
    begun_s: float
    took_s: float | None = None
    failed: bool = False


@dataclass
class Gauges:
    """The latest measurements; None where nothing was measured yet. ``layers``: layer → table → rows."""

    layers: dict[str, dict[str, int]] = field(default_factory=dict)
    rates: dict[str, float] = field(default_factory=dict)
    rejected: int | None = None
    duplicates: int | None = None
    freshness_ms: list[float] = field(default_factory=list)
    latency_ms: list[float] = field(default_factory=list)
    memory_mib: float | None = None


class Progress:
    """Phases and gauges of one run; ``say`` passes one line on to the listener."""

    def __init__(self, say: Listener) -> None:
        self.phases: list[Phase] = []
        self.gauges = Gauges()
        self._say = say
        self._started = time.perf_counter()
        self._lock = Lock()

    @property
    def elapsed_s(self) -> float:
        """Seconds since the demo began."""
        return time.perf_counter() - self._started

    def say(self, line: str) -> None:
        """Show one line, with the time since the start."""
        with self._lock:
            self._say(f"{self.elapsed_s:6.1f} s  {line}")

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time what happens inside; phases may overlap."""
        phase = Phase(name, self.elapsed_s)
        self.phases.append(phase)
        self.say(f"{name} …")
        try:
            yield
        except BaseException:
            phase.failed = True
            raise
        finally:
            phase.took_s = self.elapsed_s - phase.begun_s
            self.say(f"{name}: {'failed after' if phase.failed else 'done in'} {phase.took_s:.1f} s")

    def phases_s(self) -> dict[str, float]:
        """Return the seconds of every phase that ended; a phase that ran twice is summed."""
        taken: dict[str, float] = {}
        for phase in self.phases:
            if phase.took_s is not None:
                taken[phase.name] = round(taken.get(phase.name, 0.0) + phase.took_s, 2)
        return taken
