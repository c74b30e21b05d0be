"""Figures of a load, and the highest rate at which a server keeps its promise."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.running import in_own_process
from benchmarks.serving_load import CONNECTIONS, Answers, Loaded, load

# What the storefront needs.
P90_MS, P99_MS = 10.0, 25.0
# The search ends where the highest rate that was kept and the lowest that was not are so near.
_NEAR = 1.05
_LOWEST = 10.0

Figures = dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """The whole path takes ``rate`` requests a second for ``seconds``; a search starts there, ``trial_s`` a rate."""

    rate: float
    seconds: float
    trial_s: float


def drive(
    port: int,
    requests: Sequence[bytes],
    rate: float,
    seconds: float,
    answers: Answers,
    connections: int = CONNECTIONS,
) -> Loaded:
    """Send a load from a process of its own."""
    return in_own_process(load, port, requests, rate, seconds, answers, connections)


def figures(loaded: Loaded) -> Figures:
    """Return answers a second, percentiles in ms, errors, and how late the generator was."""
    took_ms = loaded.took_ms[~np.isnan(loaded.took_ms)]
    percentiles = np.percentile(took_ms, [50, 90, 99]) if len(took_ms) else [np.nan] * 3
    return {
        "req_per_s": round(len(took_ms) / loaded.seconds, 1),
        **{f"p{percent}_ms": round(float(ms), 2) for percent, ms in zip((50, 90, 99), percentiles, strict=True)},
        "errors": loaded.errors,
        "generator_late_p99_ms": round(float(np.nanpercentile(loaded.late_ms, 99)), 2),
    }


def marked_ratio(loaded: Loaded) -> float:
    """Return the share of the answers that held the marker."""
    return round(loaded.answers.marked / max(len(loaded.took_ms) - loaded.errors, 1), 4)


def highest(trial: Callable[[float], Loaded], first_rate: float) -> tuple[Loaded, Figures] | None:
    """Return the load at the highest rate without errors and with p90 and p99 as they must be; None: there is none.

    Doubles and halves from ``first_rate``, then goes between, to within 5 %.
    """
    kept_rate, broken_rate, rate = 0.0, float("inf"), first_rate
    best: tuple[Loaded, Figures] | None = None
    while rate >= _LOWEST and broken_rate > _NEAR * kept_rate:
        loaded = trial(rate)
        found = figures(loaded)
        if keeps(found):
            kept_rate, best = rate, (loaded, found)
        else:
            broken_rate = rate
        rate = 2 * kept_rate if broken_rate == float("inf") else (kept_rate + broken_rate) / 2
    return best


def keeps(found: Figures) -> bool:
    """Say whether figures are as the storefront needs them."""
    return bool(not found["errors"] and found["p90_ms"] <= P90_MS and found["p99_ms"] <= P99_MS)
